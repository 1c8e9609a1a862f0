"""The staff's view of what is made: the catalogue to edit, generations to act on, files to see."""

from generator.admin.catalogue import ModelAdmin, RouteAdmin, StyleAdmin
from generator.admin.generations import AttemptAdmin, GenerationAdmin, OutputAdmin
from generator.admin.intake import IdempotencyRecordAdmin, StoredBytesAdmin, UploadAdmin

__all__ = [
    "AttemptAdmin",
    "GenerationAdmin",
    "IdempotencyRecordAdmin",
    "ModelAdmin",
    "OutputAdmin",
    "RouteAdmin",
    "StoredBytesAdmin",
    "StyleAdmin",
    "UploadAdmin",
]
