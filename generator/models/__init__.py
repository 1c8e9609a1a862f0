"""What you make: the catalogue's rows and a generation's rows."""

from generator.models.catalogue import Model, Route, Style
from generator.models.generation import Attempt, Generation, Output, StoredBytes
from generator.models.intake import IdempotencyRecord, TrialDay, Upload, UploadSlot

__all__ = [
    "Attempt",
    "Generation",
    "IdempotencyRecord",
    "Model",
    "Output",
    "Route",
    "StoredBytes",
    "Style",
    "TrialDay",
    "Upload",
    "UploadSlot",
]
