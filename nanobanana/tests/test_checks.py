"""What a start says about its settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.checks import run_checks

from generator import upstreams


@pytest.fixture(autouse=True)
def _fresh_upstreams() -> Iterator[None]:
    upstreams.reset()
    yield
    upstreams.reset()


def ids() -> list[str]:
    return [str(message.id) for message in run_checks()]


def test_a_site_that_nobody_serves_does_not_pass_its_check(settings) -> None:
    assert "nanobanana.E001" not in ids()
    settings.DEMO = False
    upstreams.reset()
    assert "nanobanana.E001" in ids()


def test_a_provider_with_a_key_is_enough(settings, monkeypatch) -> None:
    settings.DEMO = False
    monkeypatch.setenv("NANO_BANANA_API_KEY", "a-key")
    upstreams.reset()
    assert "nanobanana.E001" not in ids()


def test_a_setting_of_the_forerunners_gets_a_hint(monkeypatch) -> None:
    assert "nanobanana.I001" not in ids()
    monkeypatch.setenv("MONGO_URL", "mongodb://x")
    assert "nanobanana.I001" in ids()
