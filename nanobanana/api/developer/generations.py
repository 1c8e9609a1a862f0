"""Generations of the caller: one, its events, the history, cancel and delete."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope, require
from generator import engine, presentation
from generator.models import Generation
from nanobanana.api import waiting
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.developer.serializers import GenerationPage, GenerationReply
from nanobanana.api.errors import ApiError

_FILTERS = ("status", "model", "mode", "q")
_TEXT_LIMIT = 200


def page_size(request: Request, default: int = 20) -> int:
    """`limit` from 1 to 100; what is no such number is 400."""
    text = request.query_params.get("limit", "") or str(default)
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < 1:
        raise ApiError(
            "invalid_parameter", "limit must be a whole number from 1 to 100.", param="limit"
        )
    return min(int(text), 100)


def encode_cursor(*parts: object) -> str:
    """A place in a list as opaque text."""
    return base64.urlsafe_b64encode(json.dumps(parts, default=str).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> list[Any]:
    """The parts of a cursor; 400 for anything that is none of ours."""
    try:
        padded = text + "=" * (-len(text) % 4)
        parts = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise ApiError(
            "invalid_parameter", "This cursor is not one of ours.", param="cursor"
        ) from error
    if not isinstance(parts, list):
        raise ApiError("invalid_parameter", "This cursor is not one of ours.", param="cursor")
    return parts


def _time(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        moment = parse_datetime(text)
        day = None if moment else parse_date(text)
    except ValueError:
        moment = day = None
    if day is not None:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    if moment is None:
        raise ApiError("invalid_parameter", f"{name} must be an ISO 8601 time.", param=name)
    try:
        return moment.astimezone(UTC) if timezone.is_aware(moment) else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ApiError("invalid_parameter", f"{name} is out of range.", param=name) from error


def _filters(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _FILTERS:
        text = request.query_params.get(name, "")
        if len(text) > _TEXT_LIMIT or "\x00" in text:
            raise ApiError("invalid_parameter", f"{name} is too long or no text.", param=name)
        found[name] = text
    if found["status"] and found["status"] not in Generation.Status.values:
        values = ", ".join(Generation.Status.values)
        raise ApiError("invalid_parameter", f"status takes {values}.", param="status")
    return found | {"since": _time(request, "since"), "until": _time(request, "until")}


class Generations(ApiView):
    """The history."""

    permission_classes = (Scope("read"),)

    @extend_schema(
        operation_id="list_generations",
        parameters=[
            OpenApiParameter(n, str) for n in (*_FILTERS, "since", "until", "limit", "cursor")
        ],
        responses=GenerationPage,
    )
    def get(self, request: Request) -> Response:
        """The caller's generations, newest first."""
        limit = page_size(request)
        rows = Generation.objects.of(self.owner()).matching(_filters(request)).with_outputs()
        if request.query_params.get("cursor"):
            rows = rows.before(*self._place(request.query_params["cursor"]))
        found = list(rows.order_by("-created_at", "-id")[: limit + 1])
        following = None
        if len(found) > limit:
            last = found[limit - 1]
            query = request.query_params.copy()
            query["cursor"] = encode_cursor(last.created_at.isoformat(), last.pk.hex)
            following = absolute(f"{request.path}?{query.urlencode()}")
        return Response(self.listed(found[:limit], following))

    def listed(self, rows: list[Generation], following: str | None) -> dict[str, Any]:
        """The reply's body: a page's rows, and the address of the next page."""
        return {"data": [presentation.summary(row) for row in rows], "next": following}

    def _place(self, cursor: str) -> tuple[datetime, UUID]:
        parts = decode_cursor(cursor)
        try:
            moment, pk = parts
            return datetime.fromisoformat(moment).astimezone(UTC), UUID(pk)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise ApiError(
                "invalid_parameter", "This cursor is not one of ours.", param="cursor"
            ) from error


class One(ApiView):
    """What the routes of one generation share."""

    permission_classes = (Scope("read"),)

    def generation(self, generation_id: str) -> Generation:
        """The caller's own; 404 for anybody else's as for none."""
        found = Generation.objects.of(self.owner()).with_outputs().find(generation_id)
        if found is None:
            raise Http404
        return found


class Detail(One):
    """One generation."""

    @extend_schema(operation_id="get_generation", responses=GenerationReply)
    def get(self, request: Request, generation_id: str) -> Response:
        """The generation in any state, with its receipt."""
        return Response(presentation.summary(self.generation(generation_id)))

    @extend_schema(operation_id="delete_generation", responses={204: None})
    def delete(self, request: Request, generation_id: str) -> Response:
        """Delete an ended generation and its files; the ledger stays."""
        require(request, "generate")
        engine.delete(self.generation(generation_id))
        return Response(status=204)


class Events(One):
    """One generation's states as they change."""

    @extend_schema(operation_id="generation_events", responses={(200, "text/event-stream"): str})
    def get(self, request: Request, generation_id: str) -> HttpResponseBase:
        """Server-sent events until the end; resumable by Last-Event-ID."""
        return waiting.events(request, self.generation(generation_id))


class Cancel(One):
    """Stopping one that has not ended."""

    permission_classes = (Scope("generate"),)

    @extend_schema(
        operation_id="cancel_generation",
        request=None,
        responses={200: GenerationReply, 202: GenerationReply},
    )
    def post(self, request: Request, generation_id: str) -> Response:
        """200: canceled, credits back. 202: the provider is asked to stop."""
        generation = self.generation(generation_id)
        ended = engine.cancel(generation)
        shown = presentation.summary(self.generation(generation_id))
        if not ended:
            shown["cancel_requested"] = True
        return Response(shown, status=200 if ended else 202)
