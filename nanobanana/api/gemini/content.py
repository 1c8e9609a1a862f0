"""Gemini's generateContent body in the catalogue's words: the last turn's text, and its pictures.

Names are read in camelCase and in snake_case, as Google's API does; its own SDK mixes the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generator import images
from generator.models import Model
from generator.validation import Invalid, is_absent
from nanobanana.api.compatible import Asked

_SHAPES = {
    "1:1": (1024, 1024), "2:3": (848, 1264), "3:2": (1264, 848), "3:4": (896, 1200),
    "4:3": (1200, 896), "4:5": (928, 1152), "5:4": (1152, 928), "9:16": (768, 1376),
    "16:9": (1376, 768), "21:9": (1584, 672),
}  # fmt: skip
"""Google's sizes at 1K, for shapes that a model of ours does not list (ai.google.dev, images)."""
_NAMES = {
    "prompt": "contents",
    "images": "contents",
    "n": "generationConfig.candidateCount",
    "seed": "generationConfig.seed",
    "aspect_ratio": "generationConfig.imageConfig.aspectRatio",
    "resolution": "generationConfig.imageConfig.imageSize",
    "max_credits": "maxCredits",
}
_SCALES = {"1k": 1, "2k": 2, "4k": 4}
_CAPITAL = re.compile(r"([A-Z])")


def asked(body: Mapping[str, Any], model: Model) -> tuple[Asked, list[bytes]]:
    """The order, and its pictures. Raises Invalid, images.BadImage and images.TooLarge."""
    turns = _objects(body, "contents")
    if not turns:
        raise Invalid({"contents": ["Send contents: a list of turns with parts."]})
    told = [part for turn in turns[-1:] for part in _parts(turn)]
    system = _get(body, "systemInstruction")
    words = [*(_texts(_parts(system)) if isinstance(system, dict) else ()), *_texts(told)]
    order: dict[str, Any] = {"prompt": "\n".join(words), "max_credits": _get(body, "maxCredits")}
    config = _object(body, "generationConfig")
    _require_images(config)
    order["n"], order["seed"] = _get(config, "candidateCount"), _get(config, "seed")
    size = _shape(order, _image_config(config), model)
    return Asked(model, order, size, names=_NAMES), _latest_pictures(turns)


def _shape(
    order: dict[str, Any], config: Mapping[str, Any], model: Model
) -> tuple[int, int] | None:
    """Puts shape and resolution into the order; the exact size for a shape that is not listed."""
    ratio, resolution = _get(config, "aspectRatio"), _get(config, "imageSize")
    if isinstance(resolution, str):
        resolution = resolution.lower()
    order["resolution"] = resolution
    listed = model.parameters.get("aspect_ratio", {}).get("values", ())
    if is_absent(ratio) or ratio in listed or not isinstance(ratio, str) or ratio not in _SHAPES:
        order["aspect_ratio"] = ratio
        return None
    takes = "resolution" in model.parameters
    scale = _SCALES.get(resolution or "1k", 1) if takes else 1
    width, height = _SHAPES[ratio]
    return width * scale, height * scale


def _image_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """`imageConfig`, or the newer `responseFormat.image`."""
    newer = _object(config, "responseFormat")
    return _object(config, "imageConfig") or _object(newer, "image")


def _require_images(config: Mapping[str, Any]) -> None:
    wanted = _get(config, "responseModalities")
    if is_absent(wanted) or wanted == []:
        return
    if not isinstance(wanted, list) or "IMAGE" not in [str(one).upper() for one in wanted]:
        words = "This model answers with images: responseModalities must hold IMAGE."
        raise Invalid({"responseModalities": [words]})


def _latest_pictures(turns: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """The last turn's pictures; without any, those of the latest turn that has some."""
    for turn in reversed(turns):
        found = [_picture(blob) for part in _parts(turn) if (blob := _blob(part)) is not None]
        if found:
            return found
    return []


def _blob(part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if _get(part, "fileData") is not None:
        raise Invalid({"contents": ["fileData is not taken: send pictures as inlineData."]})
    blob = _get(part, "inlineData")
    if blob is not None and not isinstance(blob, dict):
        raise Invalid({"contents": ["inlineData must be an object of mimeType and data."]})
    return blob


def _picture(blob: Mapping[str, Any]) -> bytes:
    """The bytes of standard or URL-safe base64, which Google's SDK sends."""
    data = _get(blob, "data")
    if not isinstance(data, str) or not data:
        raise Invalid({"contents": ["inlineData needs data in base64."]}, "invalid_image")
    text = data.replace("-", "+").replace("_", "/").rstrip("=")
    return images.decode_base64(text + "=" * (-len(text) % 4))


def _texts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        text = _get(part, "text")
        if text is not None and not isinstance(text, str):
            raise Invalid({"contents": ["A part's text must be text."]}, "invalid_prompt")
        if text:
            yield text


def _parts(turn: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _objects(turn, "parts")


def _objects(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects; Google takes a single one for a list of one."""
    value = _get(holder, name)
    value = [value] if isinstance(value, dict) else value
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Invalid({name: [f"{name} must be a list of objects."]})
    return value


def _object(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = _get(holder, name)
    if is_absent(value):
        return {}
    if not isinstance(value, dict):
        raise Invalid({name: [f"{name} must be an object."]})
    return value


def _get(holder: Mapping[str, Any], name: str) -> Any:
    snake = _CAPITAL.sub(lambda capital: f"_{capital[1].lower()}", name)
    return holder.get(name, holder.get(snake))
