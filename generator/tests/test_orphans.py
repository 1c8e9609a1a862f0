"""Files that no row knows do not stay, and files that one knows do."""

from __future__ import annotations

import os
import time

import pytest

from accounts.owner import Owner
from generator import files, orphans, storage
from generator.tests.pictures import encoded, picture


def age(key: str, seconds: float) -> None:
    """Make the stored file look that old."""
    moment = time.time() - seconds
    os.utime(str(files.local_path(key)), (moment, moment))


@pytest.fixture
def upload(ann):
    return storage.save_upload(Owner(user=ann), encoded(picture(), "PNG"))


def test_a_file_without_a_row_goes_after_a_day(db) -> None:
    key = files.new_key("u", "png")
    files.save(key, b"left behind")
    age(key, 3600)
    orphans.sweep()
    assert files.exists(key)
    age(key, 25 * 3600)
    assert orphans.sweep() == 1
    assert not files.exists(key)


def test_a_file_with_a_row_stays_with_its_thumbnails(upload) -> None:
    kept = [storage.variant_key(upload.file_key, variant) for variant in storage.VARIANTS]
    for key in kept:
        age(key, 48 * 3600)
    orphans.sweep()
    assert all(files.exists(key) for key in kept)
    upload.delete()
    assert orphans.sweep() == len(kept)
