"""OpenAI's image parameters, from JSON or a form, in the catalogue's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import QueryDict

from generator import catalogue, shelf, sizes, validation
from generator.models import Model
from generator.validation import Invalid, is_absent
from nanobanana.api.compatible import Asked, model_named

THEIR_MODELS = re.compile(r"(?:gpt-image|chatgpt-image|dall-e)-[\w.-]{1,50}", re.ASCII)
FORMATS = ("png", "jpeg", "webp")
_REPLIES = ("b64_json", "url")
_OURS = (
    "prompt", "n", "negative_prompt", "guidance", "steps", "seed", "aspect_ratio", "resolution",
    "watermark", "public", "max_credits",
)  # fmt: skip
_UNUSED = ("user", "moderation", "input_fidelity", "safety_identifier")
_QUALITIES = {"standard": "medium", "hd": "high", "xhigh": "high", "max": "high"}
_NUMBERS = ("n", "output_compression", "partial_images", "seed", "steps", "max_credits")
_SWITCHES = {"true": True, "false": False}


def of_form(form: QueryDict) -> dict[str, Any]:
    """A form's text fields, numbers and switches read as JSON would have them."""
    fields: dict[str, Any] = {}
    for name, value in form.items():
        if not isinstance(value, str):
            continue
        if name in _NUMBERS and value.isascii() and value.isdecimal() and len(value) < 13:
            fields[name] = int(value)
        elif name in {"stream", "public"}:
            fields[name] = _SWITCHES.get(value.lower(), value)
        else:
            fields[name] = value
    return fields


def asked(fields: Mapping[str, Any]) -> Asked:
    """The request in the catalogue's words. Raises Invalid and ApiError (`model_not_found`)."""
    name = fields.get("model")
    named = catalogue.DEFAULT_MODEL if is_absent(name) else name
    model = model_named(named, {THEIR_MODELS: settings.OPENAI_DEFAULT_MODEL})
    extras, warnings = _file(fields)
    body = {name: fields[name] for name in _OURS if name in fields}
    body |= _looks(fields, warnings)
    warnings += [f"{name} was ignored." for name in _UNUSED if not is_absent(fields.get(name))]
    size = None if _open(fields.get("size")) else sizes.read(fields["size"], model)
    if extras["output_format"] == "jpeg" and body.get("background") == "transparent":
        _refuse_transparency(model)
    return Asked(model, body, size, extras, warnings, names={"images": "image"})


def reply_words(fields: Mapping[str, Any]) -> dict[str, str]:
    """How the reply is to look: base64 or addresses, whole or as events. Raises Invalid."""
    stream = _optional(fields, "stream", validation.switch)
    _optional(fields, "partial_images", validation.whole, 0, 3)
    form = _optional(fields, "response_format", _one_of, _REPLIES) or "b64_json"
    return {"as": form} | ({"stream": "1"} if stream else {})


def _open(value: Any) -> bool:
    """Whether the choice is left to us."""
    return is_absent(value) or value == "auto"


def _looks(fields: Mapping[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Quality, background and style: any value is accepted where the model takes none."""
    found: dict[str, Any] = {}
    for name in ("quality", "background"):
        value = fields.get(name)
        if not _open(value):
            found[name] = _QUALITIES.get(value, value) if isinstance(value, str) else value
    style = fields.get("style")
    if isinstance(style, str) and style and style not in shelf.styles():
        warnings.append("style was ignored.")
    elif not is_absent(style):
        found["style"] = style
    return found


def _file(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The file's format and compression, and a warning where a format takes no compression."""
    form = _optional(fields, "output_format", _one_of, FORMATS) or "png"
    compression = _optional(fields, "output_compression", validation.whole, 0, 100)
    if compression is None:
        return {"output_format": form}, []
    if form == "png":
        return {"output_format": form}, ["png takes no output_compression; it was ignored."]
    return {"output_format": form, "output_compression": compression}, []


def _optional(fields: Mapping[str, Any], name: str, checker: Any, *arguments: Any) -> Any:
    """The checked value, None for an absent one. Raises Invalid that names the field."""
    value = fields.get(name)
    if is_absent(value):
        return None
    try:
        return checker(value, *arguments)
    except ValueError as error:
        raise Invalid({name: [str(error)]}) from error


def _one_of(value: Any, values: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in values:
        raise ValueError(f"Must be one of {', '.join(values)}.")
    return value


def _refuse_transparency(model: Model) -> None:
    if "background" in model.parameters:
        raise Invalid({"background": ["transparent needs output_format png or webp."]})
