"""The one place that knows how each of KIE's models wants its input."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_RATIOS = ("1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9")
_LONG_RATIOS = (*_RATIOS, "1:4", "4:1", "1:8", "8:1")


@dataclass(frozen=True)
class Shape:
    """One model's input: the names of its fields, its ratios, the most images it takes."""

    images: str = "image_input"
    ratio: str = "aspect_ratio"
    ratios: tuple[str, ...] = _RATIOS
    most: int = 14
    resolution: bool = True


_FIRST = Shape("image_urls", "image_size", _RATIOS, most=10, resolution=False)
_NEWEST = Shape(ratios=_LONG_RATIOS)
"""Also for ids not listed: new models have kept this shape, and unknown fields are ignored."""

SHAPES: Mapping[str, Shape] = {
    "google/nano-banana": _FIRST,
    "google/nano-banana-edit": _FIRST,
    "nano-banana-pro": Shape(most=8),
    "nano-banana-2": _NEWEST,
    "nano-banana-2-lite": Shape("image_urls", most=10, resolution=False),
    "nano-banana-2-1": _NEWEST,
}

EDITS: Mapping[str, str] = {"google/nano-banana": "google/nano-banana-edit"}
"""Models of two ids, one for text and one with images; other models take both under one id."""
_TEXTS = {edit: text for text, edit in EDITS.items()}


def paired(model: str, *, images: bool) -> str:
    """The id to send: with images the edit one, without the text one, where the model has two."""
    return (EDITS if images else _TEXTS).get(model, model)


def shape_of(model: str) -> Shape:
    """The shape of a model's input."""
    return SHAPES.get(model, _NEWEST)


def nearest(ratio: str, ratios: tuple[str, ...]) -> str:
    """`ratio` where the model has it, else its nearest in shape; 1:1 for what is no ratio."""
    if ratio in ratios:
        return ratio
    if not re.fullmatch(r"[1-9][0-9]{0,4}:[1-9][0-9]{0,4}", ratio):
        return "1:1"
    return min(ratios, key=lambda other: abs(math.log(_quotient(other) / _quotient(ratio))))


def _quotient(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return int(width) / int(height)
