"""A generation as programs see it, in one shape for replies, events and webhooks."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from django.conf import settings

from generator import storage
from generator.engine.admission import place_in_line
from generator.models import Generation, Output


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC with Z."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if value else None


def link(output: Output, variant: str = "") -> str:
    """An address that opens the file; a data URL while the store has not taken it."""
    if not variant and storage.is_kept(output):
        data = base64.b64encode(storage.read(output)).decode()
        return f"data:{output.content_type};base64,{data}"
    return settings.SITE_URL + storage.url(output, variant)


def image(output: Output, *, as_base64: bool = False) -> dict[str, Any]:
    """One delivered output."""
    shown: dict[str, Any] = {
        "id": str(output.pk),
        "url": link(output),
        "width": output.width,
        "height": output.height,
        "thumbnail_url": settings.SITE_URL + storage.url(output, "640"),
    }
    if as_base64:
        shown["b64_json"] = base64.b64encode(storage.read(output)).decode()
    return shown


def delivered(generation: Generation) -> list[Output]:
    """The outputs with a file that still exists, in order."""
    return [
        output
        for output in generation.outputs.all()
        if output.state == Output.State.DELIVERED and output.deleted_at is None
    ]


def progress(generation: Generation) -> int:
    """0 to 100 over all slots; 100 only once it has ended."""
    outputs = list(generation.outputs.all())
    if generation.status == Generation.Status.COMPLETED:
        return 100
    return min(sum(output.progress for output in outputs) // max(len(outputs), 1), 99)


def summary(generation: Generation, *, as_base64: bool = False) -> dict[str, Any]:
    """The generation as `GET /v1/generations/{id}` shows it."""
    outputs = delivered(generation)
    images = [image(output, as_base64=as_base64) for output in outputs]
    shown: dict[str, Any] = {
        "id": generation.public_id,
        "status": generation.status,
        "progress": progress(generation),
        "url": images[0]["url"] if images else None,
        "prompt": generation.prompt,
        "created_at": moment(generation.created_at),
        "completed_at": moment(generation.completed_at),
        "mode": generation.mode,
        "model": generation.model,
        "provider": generation.provider or None,
        "size": f"{generation.width}x{generation.height}",
        "n": generation.n,
        "style": generation.style,
        "images": images,
        "cost": generation.cost_dollars,
        "duration_ms": generation.duration_ms,
        "seed": generation.seed,
        "warnings": generation.warnings,
        "receipt": generation.receipt,
        "cancel_requested": generation.cancel_requested,
        "error": None,
    }
    if generation.error_code and generation.status != Generation.Status.COMPLETED:
        shown["error"] = {"code": generation.error_code, "message": generation.error_message}
    place = place_in_line(generation)
    return shown | ({"queue_position": place} if place is not None else {})
