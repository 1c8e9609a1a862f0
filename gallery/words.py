"""The site's first words: features and questions that a new site starts with, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import models, transaction

from gallery.models import Feature, FirstStart, Question

WORDS = Path(__file__).parent / "data" / "words.json"
_ROWS: tuple[tuple[str, type[models.Model]], ...] = (("features", Feature), ("questions", Question))


def sync_words() -> int:
    """Load what was never loaded before; returns how many rows that made.

    Each kind is loaded once in a site's life, so that what staff change or delete stays so. There
    are no first reviews: those come from people.
    """
    words = json.loads(WORDS.read_text(encoding="utf-8"))
    return sum(_load(name, model, words[name]) for name, model in _ROWS)


@transaction.atomic
def _load(name: str, model: type[models.Model], rows: list[dict[str, Any]]) -> int:
    _, first = FirstStart.objects.get_or_create(step=name)
    if not first or model._default_manager.exists():
        return 0
    model._default_manager.bulk_create(model(**row, order=order) for order, row in enumerate(rows))
    return len(rows)
