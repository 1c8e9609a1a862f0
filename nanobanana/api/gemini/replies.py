"""Gemini's replies: candidates with inline pictures, whole or as a stream of chunks."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.response import Response

from generator import presentation, storage
from generator.models import Generation, Output
from nanobanana.api import compatible


def whole(generation: Generation) -> HttpResponse:
    """One GenerateContentResponse with every picture."""
    return Response(_chunk(generation, presentation.delivered(generation)))


def events(generation: Generation) -> HttpResponse:
    """A server-sent event for each picture, as `alt=sse` asks."""
    chunks = [f"data: {json.dumps(chunk)}\r\n\r\n".encode() for chunk in _chunks(generation)]
    return _stream(chunks, "text/event-stream; charset=utf-8")


def array(generation: Generation) -> HttpResponse:
    """The same chunks as a JSON array, which a stream without `alt=sse` is."""
    return _stream([json.dumps(_chunks(generation)).encode()], "application/json")


def _stream(chunks: Sequence[bytes], media: str) -> HttpResponse:
    response = HttpResponse(b"".join(chunks), content_type=media)
    response["Cache-Control"] = "no-store"
    return response


def _chunks(generation: Generation) -> list[dict[str, Any]]:
    outputs = presentation.delivered(generation)
    return [_chunk(generation, outputs, only=output) for output in outputs]


def _chunk(
    generation: Generation, outputs: Sequence[Output], only: Output | None = None
) -> dict[str, Any]:
    shown = outputs if only is None else [only]
    return {
        "candidates": [_candidate(output) for output in shown],
        "usageMetadata": usage(generation, len(outputs)),
        "modelVersion": generation.model,
        "responseId": generation.public_id,
    }


def _candidate(output: Output) -> dict[str, Any]:
    data = base64.b64encode(storage.read(output)).decode()
    picture = {"inlineData": {"mimeType": output.content_type, "data": data}}
    return {
        "content": {"role": "model", "parts": [picture]},
        "finishReason": "STOP",
        "index": output.index,
    }


def usage(generation: Generation, delivered: int) -> dict[str, Any]:
    """Estimated tokens in Google's shape."""
    count = compatible.tokens(generation, delivered)
    given = [{"modality": "TEXT", "tokenCount": count.words}]
    if count.images_in:
        given.append({"modality": "IMAGE", "tokenCount": count.images_in})
    return {
        "promptTokenCount": count.given,
        "candidatesTokenCount": count.images_out,
        "totalTokenCount": count.given + count.images_out,
        "promptTokensDetails": given,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": count.images_out}],
    }
