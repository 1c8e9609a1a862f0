"""What comes in and what waits, to read: uploads, repeats, files the store refused."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.staff import ShowOnlyAdmin, thumbnail
from generator import storage
from generator.models import (
    IdempotencyRecord,
    ResumableUpload,
    StoredBytes,
    TrialDay,
    Upload,
    UploadSlot,
)


@admin.register(Upload)
class UploadAdmin(ShowOnlyAdmin):
    """Reference images."""

    list_display = ("created_at", "image", "owner", "width", "height", "size", "deleted_at")
    list_filter = ("created_at",)
    id_field, email_field = "id", "user__email"
    search_help_text = "An id, or the beginning of an e-mail address"
    list_select_related = ("user",)
    readonly_fields = ("image", "owner")
    exclude = ("user", "visitor")

    @admin.display(description="")
    def image(self, upload: Upload) -> str:
        """Its thumbnail."""
        return "–" if upload.deleted_at else thumbnail(storage.url(upload, "320"))

    @admin.display(description="owner")
    def owner(self, upload: Upload) -> str:
        """The user's address, or that it is a visitor's."""
        return upload.user.email if upload.user else "a visitor"


@admin.register(UploadSlot)
class UploadSlotAdmin(ShowOnlyAdmin):
    """Addresses that wait for a file, or whose file waits for its check."""

    list_display = ("created_at", "user", "state", "reason", "lease_until")
    list_filter = ("state", "created_at")
    id_field, email_field = "id", "user__email"
    search_help_text = "An id, or the beginning of an e-mail address"
    list_select_related = ("user",)


@admin.register(ResumableUpload)
class ResumableUploadAdmin(ShowOnlyAdmin):
    """Files that come in pieces and are not whole yet."""

    list_display = ("created_at", "user", "offset", "length", "done", "expires_at")
    list_filter = ("created_at",)
    id_field, email_field = "id", "user__email"
    search_help_text = "An id, or the beginning of an e-mail address"
    list_select_related = ("user",)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ShowOnlyAdmin):
    """Which request became which generation, for a week."""

    list_display = ("created_at", "user", "key", "generation", "delivered_at")
    id_field, email_field = "generation", "user__email"
    search_help_text = "A generation's id, or the beginning of an e-mail address"
    ordering = ("-id",)
    list_select_related = ("user", "generation")


@admin.register(StoredBytes)
class StoredBytesAdmin(ShowOnlyAdmin):
    """Finished files that wait for the store to come back."""

    list_display = ("created_at", "output")
    list_select_related = ("output",)
    ordering = ("-id",)
    exclude = ("data",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredBytes]:
        """Without the bytes themselves."""
        return super().get_queryset(request).defer("data")


@admin.register(TrialDay)
class TrialDayAdmin(ShowOnlyAdmin):
    """How many images visitors made on each day."""

    list_display = ("day", "images")
    ordering = ("-day",)
