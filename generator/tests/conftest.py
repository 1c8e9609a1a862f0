"""The stage of engine tests: two scripted upstreams behind a model of their own, and the cast's
orders.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

UPSTREAMS = str(Path(__file__).parent / "harness" / "upstreams")


@pytest.fixture(scope="session")
def scripted_module() -> Iterator[ModuleType]:
    """The scripted upstreams, put where providers are found."""
    from generator import providers

    providers.__path__.append(UPSTREAMS)
    name = "generator.providers.scripted"
    yield importlib.import_module(name)
    providers.__path__.remove(UPSTREAMS)
    sys.modules.pop(name, None)


@pytest.fixture
def stage(scripted_module: ModuleType, settings: Any, tmp_path: Path, db: None) -> Iterator[Any]:
    """A stage with the route `first` on; see `Stage`."""
    from generator.tests.harness.stage import Stage

    yield from Stage.open(scripted_module, settings, tmp_path)
