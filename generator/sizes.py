"""Sizes that no list has: which listed size to order for a picture delivered at any other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from generator.dimensions import SCALES
from generator.models import Model
from generator.validation import SIZE, Invalid

SMALLEST = 64
STANDARD_PIXELS = 1024 * 1024


def read(value: Any, model: Model) -> tuple[int, int]:
    """Width and height of `WxH`, within the model's limit. Raises Invalid."""
    match = SIZE.match(value) if isinstance(value, str) else None
    most = limit(model)
    if match is None or not all(SMALLEST <= int(side) <= most for side in match.groups()):
        words = f"{model.slug} takes auto, or WIDTHxHEIGHT with sides from {SMALLEST} to {most}."
        raise Invalid({"size": [words]}, "invalid_size")
    return int(match[1]), int(match[2])


def limit(model: Model) -> int:
    """The longest side that may be asked for, in pixels."""
    spec = model.parameters.get("size", {})
    listed = max((max(width, height) for width, height, _ in _listed(model)), default=1024)
    return max(listed, spec.get("any_size", 0), spec.get("max_side", 0))


def nearest(model: Model, width: int, height: int) -> dict[str, str]:
    """`size` and, where the model has it, `resolution`: the nearest shape, the smallest to cover.

    Ordering it and cropping what comes to width x height loses least of the picture.
    """

    def loss(listed: tuple[int, int, dict[str, str]]) -> tuple[float, bool, int]:
        wide, high, _ = listed
        covers = wide >= width and high >= height
        shape = abs(math.log(wide / high) - math.log(width / height))
        return round(shape, 3), not covers, wide * high if covers else -wide * high

    return min(_listed(model), key=loss)[2]


def like(model: Model, width: int, height: int) -> str:
    """The listed size of the nearest shape, of several the one nearest to a standard picture."""
    shape = math.log(width / height)

    def loss(size: str) -> tuple[float, float]:
        wide, high = map(int, size.split("x"))
        area = abs(math.log(wide * high / STANDARD_PIXELS))
        return round(abs(math.log(wide / high) - shape), 3), area

    return min(model.parameters["size"]["values"], key=loss)


def _listed(model: Model) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Every size that can be ordered, in pixels, with the parameters that order it."""
    resolutions = model.parameters.get("resolution", {}).get("values")
    for size in model.parameters.get("size", {}).get("values", ()):
        width, height = map(int, size.split("x"))
        if not resolutions:
            yield width, height, {"size": size}
        for resolution in resolutions or ():
            scale = SCALES[resolution]
            yield width * scale, height * scale, {"size": size, "resolution": resolution}
