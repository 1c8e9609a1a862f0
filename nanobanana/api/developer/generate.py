"""`POST /v1/generate` and `/v1/quote`: words in, pictures out, at most once and at the price quoted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope
from generator import catalogue, presentation
from generator.catalogue import Draft
from generator.models import Generation
from generator.validation import Invalid
from nanobanana.api import waiting
from nanobanana.api.base import ApiView
from nanobanana.api.developer.serializers import GenerateRequest, GenerationReply, QuoteReply
from nanobanana.api.errors import ApiError
from nanobanana.api.idempotency import Accepted, accept

_FORMATS = ("url", "b64_json")
_FAILURES = {
    "content_policy_violation": "content_policy_violation",
    "invalid_image": "invalid_image",
    "invalid_parameter": "invalid_parameter",
    "timeout": "timeout",
}


def response_format(fields: Mapping[str, Any]) -> str:
    """`url` or `b64_json`; 400 for anything else."""
    value = fields.get("response_format") or "url"
    if value not in _FORMATS or not isinstance(value, str):
        raise ApiError(
            "invalid_parameter", "response_format takes url, b64_json.", param="response_format"
        )
    return value


def failure(generation: Generation) -> ApiError:
    """The error a waiting request gets for a generation that ended without a file."""
    code = _FAILURES.get(generation.error_code, "upstream_error")
    if generation.status == Generation.Status.CANCELED:
        code = "conflict"
    credits = {"generation_id": generation.public_id, "refunded": generation.refunded}
    return ApiError(code, generation.error_message, extra=credits)


def reply(accepted: Accepted, fmt: str) -> Response:
    """200 with the pictures, 202 while it runs, the failure's status else."""
    generation = Generation.objects.with_outputs().get(pk=accepted.generation.pk)
    if not generation.is_ended:
        return _headers(_running(generation), generation, accepted)
    if generation.status != Generation.Status.COMPLETED:
        error = failure(generation)
        error.headers = {"X-Credits-Used": "0", **_replayed(accepted)}
        raise error
    shown = presentation.summary(generation, as_base64=fmt == "b64_json")
    used = generation.price - generation.refunded
    shown["credits"] = {"used": used, "remaining": _remaining(generation, accepted)}
    return _headers(Response(shown), generation, accepted)


def _running(generation: Generation) -> Response:
    response = Response(presentation.summary(generation), status=202)
    response["Location"] = f"/v1/generations/{generation.public_id}"
    response["Retry-After"] = "2"
    return response


def _remaining(generation: Generation, accepted: Accepted) -> int | None:
    """The balance right after this generation, the same in every replay."""
    return None if accepted.remaining is None else accepted.remaining + generation.refunded


def _replayed(accepted: Accepted) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if accepted.replayed else {}


def _headers(response: Response, generation: Generation, accepted: Accepted) -> Response:
    response["X-Credits-Used"] = str(generation.price - generation.refunded)
    remaining = _remaining(generation, accepted)
    if remaining is not None:
        response["X-Credits-Remaining"] = str(remaining)
    for name, value in _replayed(accepted).items():
        response[name] = value
    return response


class Generate(ApiView):
    """Generates pictures and answers when they are there."""

    permission_classes = (Scope("generate"),)

    def draft(self, fields: Mapping[str, Any]) -> Draft:
        """The checked and priced order. Group A takes up to 4 pictures."""
        n = fields.get("n")
        if isinstance(n, int) and not isinstance(n, bool) and n > 4:
            raise Invalid({"n": ["Must be from 1 to 4."]})
        warned = ["webhook_url is not delivered yet."] if fields.get("webhook_url") else []
        draft = catalogue.validate(fields, owner=self.owner())
        draft = catalogue.with_warnings(draft, warned)
        if draft.model.kind == "video":
            raise Invalid({"model": ["Video models are served by other routes."]})
        return draft

    @extend_schema(
        operation_id="generate",
        request=GenerateRequest,
        responses={
            200: GenerationReply,
            202: OpenApiResponse(GenerationReply, "It runs on; poll Location."),
        },
    )
    def post(self, request: Request) -> Response:
        """Generate pictures from a prompt; waits until they are there."""
        fields = self.body()
        fmt = response_format(fields)
        accepted = accept(request, self.owner(), "A", fields, lambda: self.draft(fields))
        query = {"generation": accepted.generation.pk.hex, "as": fmt, "left": accepted.remaining}
        if accepted.replayed:
            query["replayed"] = "1"

        def render(generation: Generation) -> Response:
            return reply(Accepted(generation, accepted.remaining, accepted.replayed), fmt)

        path = f"{request.path}?{urlencode(query)}"
        response = waiting.answer(request, accepted.generation, path, render)
        self.rate_headers(response)
        return response

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The reply to a request that the front held; nobody else may ask."""
        facts = waiting.internal(request)
        generation = Generation.objects.of(self.owner()).find(facts["generation"])
        if generation is None:
            raise ApiError("gone")
        left = request.query_params.get("left", "")
        remaining = int(left) if left.lstrip("-").isdecimal() else None
        accepted = Accepted(generation, remaining, "replayed" in request.query_params)
        response = reply(accepted, request.query_params.get("as", "url"))
        self.rate_headers(response)
        return response


class Quote(Generate):
    """Says what a generation would cost."""

    permission_classes = (Scope("read"),)

    @extend_schema(operation_id="quote", request=GenerateRequest, responses=QuoteReply)
    def post(self, request: Request) -> Response:
        """The price of a generate body, without charging anything."""
        return Response(catalogue.quote(self.draft({**self.body(), "max_credits": None})))

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """Not offered."""
        raise ApiError("method_not_allowed")
