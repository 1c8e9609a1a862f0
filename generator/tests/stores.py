"""Stores for tests: one on a disk of its own, one in memory, and the file that lies in them."""

import pytest
from django.core.files.storage import InMemoryStorage
from django.test import override_settings

from generator import files
from generator.files import DurableFileSystemStorage

DATA = bytes(range(256)) * 700
KEY = "g/ab/0123456789abcdef.png"


@pytest.fixture
def disk(tmp_path):
    with override_settings(MEDIA_ROOT=str(tmp_path), STORAGES=stores(DurableFileSystemStorage)):
        yield tmp_path


@pytest.fixture
def memory():
    with override_settings(STORAGES=stores(InMemoryStorage)):
        yield


def stores(kind: type) -> dict[str, dict[str, str]]:
    return {"default": {"BACKEND": f"{kind.__module__}.{kind.__qualname__}"}}


@pytest.fixture
def stored(disk):
    files.save(KEY, DATA)
    return disk
