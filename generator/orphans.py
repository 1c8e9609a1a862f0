"""Removes files that no row knows: left by workers that died or were overtaken while storing.

Only where the store is a disk of this machine, and only files older than a day (invariant G4).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from itertools import islice

from django.core.files.storage import storages

from generator import files
from generator.models import Output, Upload

log = logging.getLogger(__name__)
DAY = 24 * 3600.0
FOLDERS = {"g": Output, "u": Upload}
BATCH = 500


def sweep(older_than_seconds: float = DAY) -> int:
    """Delete old files without an owner, and what killed writes left; returns how many."""
    store = storages["default"]
    if isinstance(store, files.DurableFileSystemStorage):
        removed = store.sweep_parts()
    else:
        return 0
    for folder in FOLDERS:
        old = _old_files(store.path(folder), time.time() - older_than_seconds)
        while batch := dict(islice(old, BATCH)):
            removed += _remove_unknown(folder, batch)
    return removed


def _old_files(root: str, before: float) -> Iterator[tuple[str, str]]:
    """Stem of the key (its thumbnails share it) and path, of each file last written before then."""
    for place, _, names in os.walk(root):
        for name in names:
            path = os.path.join(place, name)
            if os.path.getmtime(path) < before:
                stem = name.split(".")[0].split("-")[0]
                yield f"{stem}/{name}", path


def _remove_unknown(folder: str, batch: dict[str, str]) -> int:
    """Delete those of the batch whose stem is in no row's key."""
    stems = {name.split("/")[0] for name in batch}
    keys = [f"{folder}/{stem[:2]}/{stem}" for stem in stems]
    rows = FOLDERS[folder]._default_manager.all()
    known = {
        os.path.basename(key).split(".")[0]
        for extension in ("png", "jpg", "webp", "mp4")
        for key in rows.filter(file_key__in=[f"{key}.{extension}" for key in keys]).values_list(
            "file_key", flat=True
        )
    }
    gone = [path for name, path in batch.items() if name.split("/")[0] not in known]
    for path in gone:
        os.remove(path)
    if gone:
        log.warning("removed files that no row knows", extra={"count": len(gone)})
    return len(gone)
