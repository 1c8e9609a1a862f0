"""Fills the catalogue's rows from the one data file, without overwriting what staff changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import models, transaction

from generator.models import Model, Route, Style

DATA = Path(__file__).parent / "data" / "catalogue.json"


@transaction.atomic
def sync() -> dict[str, int]:
    """Create and update models, routes and styles; returns how many rows of each were touched.

    A field is updated only where it still holds what an earlier sync wrote there.
    """
    data = json.loads(DATA.read_text())
    touched = {"styles": 0, "models": 0, "routes": 0}
    known = set(Style.objects.values_list("slug", flat=True))
    for row in data["styles"]:
        if row["slug"] not in known:
            Style.objects.create(**row)
            touched["styles"] += 1
    present = {model.slug: model for model in Model.objects.prefetch_related("routes")}
    for order, row in enumerate(data["models"]):
        fields = {"order": order} | {name: value for name, value in row.items() if name != "routes"}
        model = present.get(row["slug"]) or Model(slug=row["slug"])
        touched["models"] += _apply(model, fields, is_new=row["slug"] not in present)
        routes = (
            {route.provider: route for route in model.routes.all()}
            if row["slug"] in present
            else {}
        )
        for place, wanted in enumerate(row["routes"]):
            route = routes.get(wanted["provider"]) or Route(
                model=model, provider=wanted["provider"]
            )
            touched["routes"] += _apply(route, {"order": place} | wanted, is_new=route.pk is None)
    return touched


def _apply(row: models.Model, fields: dict[str, Any], *, is_new: bool) -> int:
    """Write the fields that staff left alone; 1 where something was written."""
    synced: dict[str, Any] = row.synced  # type: ignore[attr-defined]
    changed = [
        name
        for name, value in fields.items()
        if is_new or (synced.get(name) == getattr(row, name) and getattr(row, name) != value)
    ]
    if not changed and synced == fields:
        return 0
    for name in changed:
        setattr(row, name, fields[name])
    row.synced = fields  # type: ignore[attr-defined]
    row.save()
    return 1
