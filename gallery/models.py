"""What you show: published items, likes, reports; the features, reviews and questions staff write.

Items and like counts are written by `gallery.showcase` alone.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from gallery.querysets import ItemQuerySet
from generator.models import Output


class Item(models.Model):
    """A published image. The counter stands on `ItemCount`, away from this wide row.

    A withdrawn item stays as a row that is not public: publishing it again finds its likes, and
    what staff hid stays hidden.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    output = models.OneToOneField(Output, on_delete=models.CASCADE, related_name="item")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gallery_items"
    )
    title = models.CharField(max_length=120, blank=True)
    description = models.CharField(max_length=500, blank=True)
    prompt = models.TextField(blank=True, help_text="Empty unless the author shows it")
    model = models.CharField(max_length=60)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    is_public = models.BooleanField(default=True)
    hidden_by_staff = models.BooleanField(default=False)
    by_demo = models.BooleanField(default=False, help_text="Painted by the stand-in, not by AI")
    created_at = models.DateTimeField(default=timezone.now)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(
                fields=("-created_at", "-id"),
                name="item_newest",
                condition=Q(is_public=True, hidden_by_staff=False),
            ),
            models.Index(fields=("author", "-created_at"), name="item_author"),
        )

    def __str__(self) -> str:
        return self.title or f"item {self.id}"


class ItemCount(models.Model):
    """How many likes an item has: hot, so it stands on a narrow row of its own."""

    item = models.OneToOneField(
        Item, primary_key=True, on_delete=models.CASCADE, related_name="count"
    )
    likes = models.PositiveIntegerField(default=0)
    visible = models.BooleanField(default=True)

    class Meta:
        indexes = (
            models.Index(fields=("-likes", "-item"), name="item_top", condition=Q(visible=True)),
        )

    def __str__(self) -> str:
        return f"{self.likes} likes"


class Like(models.Model):
    """One person likes one item, once.

    A user who likes something is not deleted as a row: likes would go without their counter.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="likes")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="likes"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("item", "user"), name="one_like_a_person"),)

    def __str__(self) -> str:
        return f"{self.user_id} likes {self.item_id}"


class Report(models.Model):
    """Somebody tells the staff about an item; one open report a person and item."""

    class Reason(models.TextChoices):
        PERSON = "person", "It shows a real person without consent"
        UNSAFE = "unsafe", "It is sexual or violent"
        COPY = "copy", "It copies my work"
        OTHER = "other", "Something else"

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="reports")
    reporter = models.CharField(max_length=40, help_text="The user's or visitor's id")
    reason = models.CharField(max_length=10, choices=Reason.choices)
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("item", "reporter"), condition=Q(closed_at=None), name="one_open_report"
            ),
        )

        indexes = (models.Index(fields=("item",), name="report_open", condition=Q(closed_at=None)),)

    def __str__(self) -> str:
        return f"report on {self.item_id}"


class Feature(models.Model):
    """A card of the landing page."""

    title = models.CharField(max_length=80)
    text = models.CharField(max_length=300)
    icon = models.SlugField(default="wand")
    order = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.title


class Review(models.Model):
    """What a user said; shown once staff approved it."""

    name = models.CharField(max_length=80)
    role = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=500)
    rating = models.PositiveSmallIntegerField(default=5)
    approved = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name}: {self.text[:40]}"


class Question(models.Model):
    """A question of the landing page with its answer."""

    question = models.CharField(max_length=200)
    answer = models.TextField()
    order = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("order", "pk")

    def __str__(self) -> str:
        return self.question


class FirstStart(models.Model):
    """A step of the very first start that is done, so that no later start repeats it."""

    step = models.SlugField(primary_key=True)
    done_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.step
