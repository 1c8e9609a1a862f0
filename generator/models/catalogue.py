"""The catalogue as rows: models that users pick, their routes to providers, and styles."""

from __future__ import annotations

from django.db import models


class Model(models.Model):
    """What users pick. `spec` says which parameters it takes with which values and prices.

    `synced` keeps what `sync_catalogue` last wrote, so that what staff changed is never
    overwritten.
    """

    slug = models.CharField(primary_key=True, max_length=60)
    aliases = models.JSONField(default=list, blank=True)
    title = models.CharField(max_length=80)
    maker = models.CharField(max_length=80, blank=True)
    summary = models.CharField(max_length=200, blank=True)
    enabled = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=8, choices=(("image", "image"), ("video", "video")))
    modes = models.JSONField(default=list, help_text="text-to-image, image-to-image, …")
    parameters = models.JSONField(
        default=dict, help_text="Each parameter the model takes: its values, range or default"
    )
    prices = models.JSONField(
        default=dict, help_text="Credits of one output: base, by and factors; see docs/catalogue.md"
    )
    max_images = models.PositiveSmallIntegerField(default=0, help_text="Input images it takes")
    deadline_seconds = models.PositiveIntegerField(default=300)
    usual_seconds = models.PositiveIntegerField(default=10)
    synced = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ("order", "slug")

    def __str__(self) -> str:
        return self.slug


class Route(models.Model):
    """One way to serve a model: the provider, the upstream's own model id, and what it costs us."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="routes")
    provider = models.SlugField()
    upstream_model = models.CharField(max_length=120, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    costs = models.JSONField(
        default=dict, blank=True, help_text="Micro-dollars of one output, in the shape of prices"
    )
    sunset = models.DateField(null=True, blank=True)
    synced = models.JSONField(default=dict, editable=False)

    class Meta:
        ordering = ("order",)
        constraints = (
            models.UniqueConstraint(fields=("model", "provider"), name="one_route_a_provider"),
        )

    def __str__(self) -> str:
        return f"{self.model_id} by {self.provider}"


class Style(models.Model):
    """A visible prompt template that users pick by name."""

    slug = models.SlugField(primary_key=True)
    title = models.CharField(max_length=40)
    template = models.CharField(max_length=300, help_text="{prompt} stands for the user's words")
    order = models.PositiveSmallIntegerField(default=0)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ("order",)

    def __str__(self) -> str:
        return self.title
