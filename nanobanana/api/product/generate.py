"""`POST /api/v1/images/generate`: contract B's order, in the words of its first clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope
from generator import presentation, storage
from generator.catalogue import Draft
from generator.models import Generation, Output
from generator.validation import Invalid
from nanobanana.api import waiting
from nanobanana.api.base import absolute
from nanobanana.api.charging import ChargingView, remaining
from nanobanana.api.errors import ApiError
from nanobanana.api.idempotency import Accepted, accept
from nanobanana.api.wording import is_absent, order

DEFAULT_MODEL = "sd3-medium"
SIZES = ("512x512", "768x768", "1024x1024", "1536x1536")
MOST = 4
"""Pictures of one order."""
TITLE_LENGTH = 20
NAMES = {
    "size": "imageSize",
    "n": "count",
    "negative_prompt": "negativePrompt",
    "guidance": "guidanceScale",
    "images": "image",
}
"""The catalogue's names of fields → this contract's; the others are the same in both."""
_SAME = ("prompt", "model", "watermark", "steps", "seed", "max_credits", "public")


class ProductRequest(serializers.Serializer[dict[str, object]]):
    """A body of `POST /api/v1/images/generate`."""

    prompt = serializers.CharField(max_length=5000)
    imageSize = serializers.ChoiceField(SIZES, default="1024x1024", required=False)
    watermark = serializers.CharField(max_length=64, required=False)
    model = serializers.CharField(default=DEFAULT_MODEL, required=False)
    count = serializers.IntegerField(min_value=1, max_value=MOST, default=1, required=False)
    negativePrompt = serializers.CharField(max_length=2000, required=False)
    guidanceScale = serializers.FloatField(required=False)
    steps = serializers.IntegerField(required=False)
    seed = serializers.IntegerField(required=False)
    image = serializers.CharField(
        required=False, help_text="An upload's id, a data URL, base64, or an https address"
    )
    max_credits = serializers.IntegerField(min_value=1, required=False)


_EXAMPLE = {
    "success": True,
    "promptId": "2f1c8a52-6d0f-4f5e-9a43-6a7b8c9d0e1f",
    "images": [
        {
            "id": "7a0e5b1c-33aa-4b7e-8a52-0c9d8e7f6a5b",
            "url": "https://nanobanana.example/f/7a0e5b1c-33aa-4b7e-8a52-0c9d8e7f6a5b?t=…",
            "title": "Generated: a beautiful sunset…",
            "prompt": "a beautiful sunset over mountains",
        }
    ],
    "cost": 0.0125,
    "duration": 45000,
}


class Generate(ChargingView):
    """Generates pictures and answers when they are there."""

    permission_classes = (Scope("generate"),)
    body_limit = 15 * 1024 * 1024

    @extend_schema(
        operation_id="product_generate",
        request=ProductRequest,
        responses={200: OpenApiTypes.OBJECT, 202: OpenApiTypes.OBJECT},
        examples=[OpenApiExample("Finished", _EXAMPLE, response_only=True, status_codes=["200"])],
    )
    def post(self, request: Request) -> HttpResponse:
        """Generate pictures from a prompt; waits until they are there."""
        fields = self.body()
        accepted = accept(request, self.owner(), "B", fields, lambda: self._draft(fields))
        return self.wait(request, accepted, {})

    def _draft(self, fields: Mapping[str, Any]) -> Draft:
        data = {name: fields.get(name) for name in _SAME}
        data |= {name: fields.get(ours) for name, ours in NAMES.items() if name != "images"}
        data["model"] = DEFAULT_MODEL if is_absent(data["model"]) else data["model"]
        wrong = _wrong(data)
        for name in ("size", "n"):
            if wrong is not None and NAMES[name] in wrong.fields:
                data[name] = None
        images = [] if is_absent(fields.get("image")) else [fields["image"]]
        return order(data, NAMES, owner=self.owner(), images=images, also=wrong)

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The pictures with what they cost us and how long they took."""
        used = generation.price - generation.refunded
        return Response(
            _head(generation)
            | {
                "images": [_picture(generation, one) for one in presentation.delivered(generation)],
                "cost": generation.cost_dollars,
                "duration": generation.duration_ms,
                "credits": {"used": used, "remaining": remaining(generation, accepted)},
                "warnings": generation.warnings,
            }
        )

    def running(self, generation: Generation, how: Mapping[str, str]) -> HttpResponse:
        """202 for who said how long to wait; 504 for everybody else. It runs on."""
        if not waiting.is_bounded(self.request):
            told = (
                f"Still running after {settings.WAIT_LIMIT} s. It runs on; send it again to join."
            )
            raise ApiError("timeout", told, beside={"promptId": str(generation.pk)})
        response = Response(
            _head(generation) | {"status": generation.status.upper(), "images": []}, status=202
        )
        response["Location"] = f"/v1/generations/{generation.public_id}"
        response["Retry-After"] = "2"
        return response

    def failed(self, generation: Generation) -> ApiError:
        """The error, with the id that `/api/v1/prompts` shows it under."""
        return replace(super().failed(generation), beside={"promptId": str(generation.pk)})


def _wrong(data: Mapping[str, Any]) -> Invalid | None:
    """What this contract refuses and the catalogue would not."""
    fields = {}
    size, count = data["size"], data["n"]
    if not is_absent(size) and size not in SIZES:
        fields["imageSize"] = [f"Invalid image size. Supported: {', '.join(SIZES)}"]
    if type(count) is int and count > MOST:
        fields["count"] = [f"Must be from 1 to {MOST}."]
    code = "invalid_size" if "imageSize" in fields else "invalid_parameter"
    return Invalid(fields, code) if fields else None


def _head(generation: Generation) -> dict[str, Any]:
    return {"success": True, "promptId": str(generation.pk)}


def _picture(generation: Generation, output: Output) -> dict[str, Any]:
    return {
        "id": str(output.pk),
        "url": presentation.link(output),
        "thumbnailUrl": absolute(storage.url(output, "640")),
        "title": f"Generated: {_beginning(generation.prompt)}",
        "prompt": generation.prompt,
    }


def _beginning(prompt: str) -> str:
    """The first words of a prompt, at most 20 characters, with … where more follows."""
    words = " ".join(prompt.split())
    if len(words) <= TITLE_LENGTH:
        return words
    whole = words[: TITLE_LENGTH + 1].rpartition(" ")[0]
    return f"{whole or words[:TITLE_LENGTH]}…"
