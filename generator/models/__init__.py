"""What you make: the catalogue's rows and a generation's rows."""

from generator.models.catalogue import Model, Route, Style
from generator.models.generation import Attempt, Generation, Output, StoredBytes
from generator.models.intake import IdempotencyRecord, TrialDay, Upload, UploadSlot
from generator.models.resumable import ResumableUpload

__all__ = [
    "Attempt",
    "Generation",
    "IdempotencyRecord",
    "Model",
    "Output",
    "ResumableUpload",
    "Route",
    "StoredBytes",
    "Style",
    "TrialDay",
    "Upload",
    "UploadSlot",
]
