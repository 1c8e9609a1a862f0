"""What comes in with a generation: uploaded reference images and idempotency records."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Visitor
from generator.models.generation import Generation


class Upload(models.Model):
    """A checked reference image. Files are written by `generator.storage` alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="uploads",
    )
    visitor = models.ForeignKey(
        Visitor, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    file_key = models.CharField(max_length=80)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"upload {self.id}"


class UploadSlot(models.Model):
    """An address that takes one file of its owner's; what came waits in quarantine for its check.

    Written by `generator.slots` alone. An accepted file becomes the Upload of the same id.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        RECEIVING = "receiving"
        ARRIVED = "arrived"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="upload_slots"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=300, blank=True, help_text="Why the file was refused")
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Somebody checks the file until then"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)
        indexes = (models.Index(fields=("created_at",), name="slot_age"),)

    def __str__(self) -> str:
        return f"slot {self.id}"


class IdempotencyRecord(models.Model):
    """Which generation a request became, so that a repeat joins or replays it. Lasts 7 days.

    Without a key it is kept for ten minutes, for stock clients that retry without one.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    visitor = models.ForeignKey(
        Visitor, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    owner = models.CharField(max_length=40, help_text="The user's or visitor's id")
    key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 (NULL never collides)
    body = models.CharField(
        max_length=64, help_text="Hash of route, parsed fields and file digests"
    )
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="records")
    credits_remaining = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(
        null=True, blank=True, help_text="A connection is still waiting on it until then"
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("owner", "key"), name="one_record_a_key"),)
        indexes = (
            models.Index(fields=("owner", "body", "-created_at"), name="record_body"),
            models.Index(fields=("created_at",), name="record_age"),
        )

    def __str__(self) -> str:
        return f"record of {self.generation_id}"


class TrialDay(models.Model):
    """How many images visitors made on one UTC day; its row is the lock of the count."""

    day = models.DateField(primary_key=True)
    images = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.images} on {self.day}"
