"""OpenAI's image replies: one JSON object, or server-sent events that end with the pictures."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.response import Response

from generator import presentation, storage
from generator.models import Generation, Output
from nanobanana.api import compatible


def whole(generation: Generation, form: str) -> HttpResponse:
    """`{created, data, usage}` with what is known beside it."""
    outputs = presentation.delivered(generation)
    parameters = generation.parameters
    shown: dict[str, Any] = {
        "created": int(generation.created_at.timestamp()),
        "data": [_picture(output, form) for output in outputs],
        "size": f"{generation.width}x{generation.height}",
        "output_format": parameters.get("output_format", "png"),
        "usage": usage(generation, len(outputs)),
    }
    for name in ("quality", "background"):
        if parameters.get(name) not in (None, "auto"):
            shown[name] = parameters[name]
    return Response(shown)


def events(generation: Generation, name: str) -> HttpResponse:
    """An event for each finished picture. None is partial: no provider of ours shows drafts."""
    outputs = presentation.delivered(generation)
    facts = {
        "type": f"{name}.completed",
        "created_at": int(generation.created_at.timestamp()),
        "size": f"{generation.width}x{generation.height}",
        "quality": generation.parameters.get("quality") or "auto",
        "background": generation.parameters.get("background") or "auto",
        "output_format": generation.parameters.get("output_format", "png"),
        "usage": usage(generation, len(outputs)),
    }
    stream = b"".join(_event({**facts, "b64_json": _base64(output)}) for output in outputs)
    response = HttpResponse(stream, content_type="text/event-stream; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def usage(generation: Generation, delivered: int) -> dict[str, Any]:
    """Estimated tokens in OpenAI's shape, and the credits that were really taken."""
    count = compatible.tokens(generation, delivered)
    return {
        "total_tokens": count.given + count.images_out,
        "input_tokens": count.given,
        "output_tokens": count.images_out,
        "input_tokens_details": {"text_tokens": count.words, "image_tokens": count.images_in},
        "output_tokens_details": {"image_tokens": count.images_out, "text_tokens": 0},
        "credits": generation.price - generation.refunded,
    }


def _picture(output: Output, form: str) -> dict[str, str]:
    return {"url": presentation.link(output)} if form == "url" else {"b64_json": _base64(output)}


def _base64(output: Output) -> str:
    return base64.b64encode(storage.read(output)).decode()


def _event(facts: Mapping[str, Any]) -> bytes:
    return f"event: {facts['type']}\ndata: {json.dumps(facts)}\n\n".encode()
