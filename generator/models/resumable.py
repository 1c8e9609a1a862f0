"""A large file on its way in pieces. Written by `generator.resumable` alone."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class ResumableUpload(models.Model):
    """What has come so far of a file; once whole it becomes the Upload of the same id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="resumable_uploads"
    )
    length = models.PositiveIntegerField(help_text="Bytes of the whole")
    offset = models.PositiveIntegerField(default=0, help_text="Bytes that have come")
    pieces = models.JSONField(default=list, help_text="Where the pieces are kept, in order")
    metadata = models.CharField(max_length=1000, blank=True, help_text="As the client sent it")
    done = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.offset} of {self.length} bytes of {self.id}"
