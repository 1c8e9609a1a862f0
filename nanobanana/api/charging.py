"""What every route that charges and waits shares: how it ends, its failure's error, its headers."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from generator import presentation
from generator.models import Generation
from nanobanana.api import waiting
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError
from nanobanana.api.idempotency import Accepted

_FAILURES = {
    "content_policy_violation": "content_policy_violation",
    "invalid_image": "invalid_image",
    "invalid_parameter": "invalid_parameter",
    "invalid_input": "invalid_parameter",
    "timeout": "timeout",
}


def failure(generation: Generation) -> ApiError:
    """The error a waiting request gets for a generation that ended without a file."""
    code = _FAILURES.get(generation.error_code, "upstream_error")
    if generation.status == Generation.Status.CANCELED:
        code = "conflict"
    credits = {"generation_id": generation.public_id, "refunded": generation.refunded}
    return ApiError(code, generation.error_message, extra=credits)


def remaining(generation: Generation, accepted: Accepted) -> int | None:
    """The balance right after this generation, the same in every replay."""
    return None if accepted.remaining is None else accepted.remaining + generation.refunded


def headers(generation: Generation, accepted: Accepted) -> dict[str, str]:
    """What a charging route's reply says in its headers: credits, and whether it is a replay."""
    found = {"X-Credits-Used": str(generation.price - generation.refunded)}
    left = remaining(generation, accepted)
    if left is not None:
        found["X-Credits-Remaining"] = str(left)
    return found | ({"Idempotency-Replayed": "true"} if accepted.replayed else {})


class ChargingView(ApiView):
    """A route that accepts a generation, waits for it, and answers in its contract's shape.

    `how` is what the reply depends on beside the generation: a few short words that fit an address,
    because a request that the front held is answered by a GET of its own path.
    """

    @property
    def allowed_methods(self) -> list[str]:
        """What `Allow` names: GET is the front's own."""
        return ["POST", "OPTIONS"]

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The reply for a generation that delivered something."""
        raise NotImplementedError

    def running(self, generation: Generation, how: Mapping[str, str]) -> HttpResponse:
        """The reply when patience is over and it runs on: 202, or an ApiError."""
        response = Response(presentation.summary(generation), status=202)
        response["Location"] = f"/v1/generations/{generation.public_id}"
        response["Retry-After"] = "2"
        return response

    def failed(self, generation: Generation) -> ApiError:
        """The error for a generation that ended without a file."""
        return failure(generation)

    def wait(self, request: Request, accepted: Accepted, how: Mapping[str, str]) -> HttpResponse:
        """The reply, once the generation has ended or patience is over."""
        left = "" if accepted.remaining is None else str(accepted.remaining)
        query = {**how, "generation": accepted.generation.pk.hex, "left": left}
        if accepted.replayed:
            query["replayed"] = "1"

        def render(generation: Generation) -> HttpResponse:
            return self._finish(Accepted(generation, accepted.remaining, accepted.replayed), how)

        path = f"{quote(request.path, safe='/:')}?{urlencode(query)}"
        return waiting.answer(request, accepted.generation, path, render)

    @extend_schema(exclude=True)
    def get(self, request: Request, **_: str) -> HttpResponse:
        """The reply to a request that the front held; nobody else may ask."""
        facts = waiting.internal(request)
        generation = Generation.objects.of(self.owner()).find(facts["generation"])
        if generation is None:
            raise ApiError("gone")
        left = request.query_params.get("left", "")
        balance = int(left) if left.lstrip("-").isdecimal() else None
        accepted = Accepted(generation, balance, "replayed" in request.query_params)
        return self._finish(accepted, request.query_params.dict())

    def _finish(self, accepted: Accepted, how: Mapping[str, str]) -> HttpResponse:
        generation = Generation.objects.with_outputs().get(pk=accepted.generation.pk)
        try:
            response = self._reply(generation, accepted, how)
        except ApiError as error:
            error.headers = {**error.headers, **headers(generation, accepted), **self.rate()}
            raise
        for name, value in headers(generation, accepted).items():
            response[name] = value
        self.rate_headers(response)
        return response

    def _reply(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        if not generation.is_ended:
            return self.running(generation, how)
        if generation.status != Generation.Status.COMPLETED:
            raise self.failed(generation)
        return self.completed(generation, accepted, how)
