"""Turns a generation's row into the order a provider gets: words, pixels, reference images."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from generator import shelf, storage
from generator.models import Attempt, Generation, Output, Upload
from generator.providers.base import InputImage, Order
from generator.validation import SIZE

_ADAPTER_FIELDS = ("resolution", "quality", "duration", "negative_prompt", "guidance", "steps")


def build(
    generation: Generation, output: Output, attempt: Attempt, callback_url: str | None
) -> Order:
    """The order of one attempt. Raises files.StoreDown or files.NoSuchFile for reference images."""
    parameters = generation.parameters
    width, height = _ordered(generation)
    return Order(
        attempt_id=str(attempt.pk),
        model=generation.model,
        upstream_model=attempt.upstream_model,
        mode=generation.mode,
        prompt=_styled(generation),
        width=width,
        height=height,
        aspect_ratio=parameters.get("aspect_ratio") or _ratio(width, height),
        images=_pictures(generation.uploads),
        mask=next(iter(_pictures([parameters["mask"]])), None) if "mask" in parameters else None,
        audio=bool(parameters.get("audio")),
        seed=None if generation.seed is None else (generation.seed + output.index) % 2**32,
        style=generation.style,
        index=output.index,
        callback_url=callback_url,
        **{name: parameters.get(name) for name in _ADAPTER_FIELDS},
    )


def _styled(generation: Generation) -> str:
    style = shelf.styles().get(generation.style)
    return style.template.replace("{prompt}", generation.prompt) if style else generation.prompt


def _ordered(generation: Generation) -> tuple[int, int]:
    """The pixels to ask for: a size of the model's, even where another one is delivered."""
    listed = SIZE.match(generation.parameters.get("size") or "")
    return (int(listed[1]), int(listed[2])) if listed else (generation.width, generation.height)


def _ratio(width: int, height: int) -> str:
    """The named ratio nearest to the size."""
    known = {
        "1:1": 1.0,
        "4:3": 4 / 3,
        "3:4": 3 / 4,
        "16:9": 16 / 9,
        "9:16": 9 / 16,
        "3:2": 1.5,
        "2:3": 2 / 3,
    }
    return min(known, key=lambda name: abs(known[name] - width / height))


def _pictures(ids: Sequence[str]) -> tuple[InputImage, ...]:
    """The uploads of these ids that are still there, in their order."""
    rows = {str(row.pk): row for row in Upload.objects.filter(pk__in=ids)}
    public = settings.SITE_URL.startswith("https://")
    return tuple(
        InputImage(
            data=storage.read(row),
            content_type=row.content_type,
            url=settings.SITE_URL + storage.url(row) if public else None,
        )
        for row in (rows[pk] for pk in ids if pk in rows)
    )
