"""The one place for what the stand-in for KIE takes as a create's input, model by model."""

from __future__ import annotations

from typing import Any

_RATIOS = frozenset(
    ["1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9", "auto"]
)
_LONG = _RATIOS | {"1:4", "4:1", "1:8", "8:1"}

# Field of the images, most images, field of the ratio, ratios, word for JPEG, takes a resolution.
_MODELS: dict[str, tuple[str, int, str, frozenset[str], str, bool]] = {
    "google/nano-banana": ("", 0, "image_size", _RATIOS, "jpeg", False),
    "google/nano-banana-edit": ("image_urls", 10, "image_size", _RATIOS, "jpeg", False),
    "nano-banana-pro": ("image_input", 8, "aspect_ratio", _RATIOS, "jpg", True),
    "nano-banana-2": ("image_input", 14, "aspect_ratio", _LONG, "jpg", True),
    "nano-banana-2-lite": ("image_urls", 10, "aspect_ratio", _RATIOS, "jpg", False),
    "nano-banana-2-1": ("image_input", 14, "aspect_ratio", _LONG, "jpg", True),
}


def problem(body: dict[str, Any]) -> tuple[int, str] | None:
    """The code and words with which KIE would turn this create down; None when it is fine."""
    fields = body.get("input")
    if not isinstance(fields, dict) or not isinstance(fields.get("prompt"), str):
        return 422, "input.prompt is required"
    model = _MODELS.get(str(body.get("model")))
    if model is None:
        return 422, "this model does not exist"
    images, most, ratio, ratios, jpeg, resolution = model
    if not 0 < len(fields["prompt"]) <= 20_000:
        return 422, "the prompt is empty or too long"
    if fields.get(ratio, "1:1") not in ratios:
        return 422, f"{ratio} is not within the range of allowed options"
    if fields.get("output_format", "png") not in ("png", jpeg):
        return 422, "output_format is not within the range of allowed options"
    if resolution and fields.get("resolution", "1K") not in ("1K", "2K", "4K"):
        return 500, "resolution is not within the range of allowed options"
    return _image_problem(str(body["model"]), fields.get(images) or [], most)


def _image_problem(model: str, given: object, most: int) -> tuple[int, str] | None:
    if not isinstance(given, list) or len(given) > most:
        return 422, "wrong number of images"
    if any(not str(url).startswith(("http://", "https://")) for url in given):
        return 422, "images must be addresses"
    if model == "google/nano-banana-edit" and not given:
        return 422, "image_urls is required"
    return None
