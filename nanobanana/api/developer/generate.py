"""`POST /v1/generate` and `/v1/quote`: words in, pictures out, once and at the price quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope
from generator import catalogue, events, presentation
from generator.catalogue import Draft
from generator.models import Generation
from generator.validation import Invalid, is_absent
from nanobanana.api import webhooks
from nanobanana.api.charging import ChargingView, remaining
from nanobanana.api.developer.serializers import GenerationReply, GenerationRequest, QuoteReply
from nanobanana.api.errors import ApiError
from nanobanana.api.idempotency import Accepted, accept

_PREFER = [OpenApiExample("At once", "respond-async"), OpenApiExample("In 20 s", "wait=20")]
_FORMATS = ("url", "b64_json")


def response_format(fields: Mapping[str, Any]) -> str:
    """`url` or `b64_json`; 400 for anything else."""
    value = fields.get("response_format")
    value = "url" if is_absent(value) else value
    if not isinstance(value, str) or value not in _FORMATS:
        raise ApiError(
            "invalid_parameter", "response_format takes url, b64_json.", param="response_format"
        )
    return value


class Generate(ChargingView):
    """Generates pictures and answers when they are there."""

    permission_classes = (Scope("generate"),)

    def draft(self, fields: Mapping[str, Any]) -> Draft:
        """The checked and priced order. Group A takes up to 4 pictures."""
        n = fields.get("n")
        if isinstance(n, int) and not isinstance(n, bool) and (n > 4 or n < 1):
            raise Invalid({"n": ["Must be from 1 to 4."]})
        url = webhooks.target(fields)
        draft = catalogue.validate(fields, owner=self.owner())
        if url:
            draft = replace(draft, parameters={**draft.parameters, events.URL: url})
        if draft.model.kind == "video":
            raise Invalid({"model": ["Video models are served by other routes."]})
        return draft

    @extend_schema(
        operation_id="generate",
        request=GenerationRequest,
        parameters=[
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER),
            OpenApiParameter("Prefer", str, OpenApiParameter.HEADER, examples=_PREFER),
        ],
        responses={
            200: GenerationReply,
            202: OpenApiResponse(GenerationReply, "It runs on; poll Location."),
        },
    )
    def post(self, request: Request) -> HttpResponse:
        """Generate pictures from a prompt; waits until they are there."""
        fields = self.body()
        fmt = response_format(fields)
        accepted = accept(request, self.owner(), "A", fields, lambda: self.draft(fields))
        return self.wait(request, accepted, {"as": fmt})

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The pictures, with the credits they took."""
        shown = presentation.summary(generation, as_base64=how.get("as") == "b64_json")
        used = generation.price - generation.refunded
        shown["credits"] = {"used": used, "remaining": remaining(generation, accepted)}
        return Response(shown)


class Quote(Generate):
    """Says what a generation would cost."""

    permission_classes = (Scope("read"),)

    @extend_schema(operation_id="quote", request=GenerationRequest, responses=QuoteReply)
    def post(self, request: Request) -> HttpResponse:
        """The price of a generate body, without charging anything."""
        fields = {**self.body(), "max_credits": None}
        return Response(catalogue.quote(catalogue.validate(fields, owner=self.owner())))

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> HttpResponse:
        """Not offered."""
        raise ApiError("method_not_allowed")
