"""The catalogue's rows as this process last read them: at most `CATALOGUE_SECONDS` old.

A change in the admin is seen by every process within that time; acceptance reads no such table.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from django.conf import settings

from generator.models import Model, Style

Rows = TypeVar("Rows")


class _Kept(Generic[Rows]):
    """Rows with the time they were read."""

    def __init__(self, read: Callable[[], Rows]) -> None:
        self._read = read
        self._rows: Rows | None = None
        self._until = 0.0

    def rows(self) -> Rows:
        """The rows, read again once they are too old; two threads that both read do no harm."""
        if self._rows is None or time.monotonic() >= self._until:
            self._rows = self._read()
            self._until = time.monotonic() + settings.CATALOGUE_SECONDS
        return self._rows


def _read_models() -> Mapping[str, Model]:
    return {model.slug: model for model in Model.objects.prefetch_related("routes")}


def _read_styles() -> Mapping[str, Style]:
    return {style.slug: style for style in Style.objects.all()}


_models = _Kept(_read_models)
_styles = _Kept(_read_styles)


def models() -> Mapping[str, Model]:
    """Every model by slug, with its routes, in the catalogue's order. Not to be changed."""
    return _models.rows()


def styles() -> Mapping[str, Style]:
    """Every style by slug, in order. Not to be changed."""
    return _styles.rows()
