"""How a request waits for its generation: held by the front, or blocking where there is none.

The front asks the functions below for all its held requests and event streams at once.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from generator import engine, idempotency, presentation
from generator.models import Generation
from nanobanana.api.errors import ApiError

FRONT = "nanobanana.front"
INTERNAL = "nanobanana.internal"
_ENDED = (Generation.Status.COMPLETED, Generation.Status.FAILED, Generation.Status.CANCELED)
_WAIT = re.compile(r"wait=(\d{1,6})", re.ASCII)
Render = Callable[[Generation], HttpResponse]


def patience(request: Request) -> float:
    """How many seconds this request waits, by its Prefer header (RFC 7240) and our limit."""
    preferred = _preferred(request)
    return float(settings.WAIT_LIMIT if preferred is None else min(preferred, settings.WAIT_LIMIT))


def is_bounded(request: Request) -> bool:
    """Whether the client said itself how long it waits, so that a 202 is what it expects."""
    return _preferred(request) is not None


def _preferred(request: Request) -> int | None:
    preferences = request.headers.get("Prefer", "").replace(" ", "").lower()
    if "respond-async" in preferences.split(","):
        return 0
    match = _WAIT.search(preferences)
    return int(match[1]) if match else None


def answer(request: Request, generation: Generation, path: str, render: Render) -> HttpResponse:
    """The reply once the generation has ended or patience is over.

    Under the front the request is handed over with `path`, an internal GET that renders the
    same reply.
    """
    seconds = patience(request)
    if generation.is_ended or seconds == 0:
        if generation.is_ended:
            idempotency.released(generation.pk, delivered=True)
        return render(generation)
    if request.META.get(FRONT):
        held = Response(status=202)
        held["X-NB-Wait"] = f"{generation.pk.hex};{seconds:g}"
        held["X-NB-Render"] = path
        return held
    generation = _block(generation.pk, seconds)
    idempotency.released(generation.pk, delivered=generation.is_ended)
    return render(generation)


def _block(generation_id: UUID, seconds: float) -> Generation:
    """Wait in this thread, which takes the steps too where no worker runs (plain WSGI)."""
    ends = time.monotonic() + seconds
    while True:
        left = ends - time.monotonic()
        generation = engine.wait(generation_id, min(left, 5), helps=settings.WAITING_HELPS)
        if generation.is_ended or time.monotonic() >= ends:
            return generation
        idempotency.held([generation_id])


def internal(request: Request) -> dict[str, str]:
    """What the front says of a request it held; 405 for anybody else, whom this path is not for."""
    facts = request.META.get(INTERNAL)
    if not isinstance(facts, dict):
        raise ApiError("method_not_allowed")
    return facts


# What the front asks -----------------------------------------------------------------------------


def ended(ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` which have reached an end."""
    rows = Generation.objects.filter(pk__in=ids, status__in=_ENDED)
    return set(rows.values_list("pk", flat=True))


def snapshots(ids: Collection[UUID]) -> dict[UUID, tuple[int, str]]:
    """Version and JSON of each of `ids`: what its event stream sends."""
    rows = Generation.objects.filter(pk__in=ids).prefetch_related("outputs")
    return {row.pk: (row.version, json.dumps(_event(row))) for row in rows}


def _event(row: Generation) -> dict[str, object]:
    if row.is_ended:
        return presentation.summary(row)
    place = engine.place_in_line(row)
    shown = {"id": row.public_id, "status": row.status, "progress": presentation.progress(row)}
    return shown | ({"queue_position": place} if place else {})


def holding(ids: Collection[UUID]) -> None:
    """Connections are still waiting on these."""
    idempotency.held(list(ids))


def released(generation_id: UUID, delivered: bool) -> None:
    """A held request is over: its answer went out, or its client left."""
    idempotency.released(generation_id, delivered=delivered)


# Event streams -----------------------------------------------------------------------------------


def events(request: Request, generation: Generation) -> HttpResponseBase:
    """A stream of the generation's states until its end, resumable by Last-Event-ID."""
    last = request.headers.get("Last-Event-ID", "")
    last = last if last.isascii() and last.isdecimal() and len(last) <= 18 else ""
    if last and generation.is_ended and int(last) >= generation.version:
        return HttpResponse(status=204)  # so that an EventSource stops asking again
    if request.META.get(FRONT):
        response = Response(status=200)
        response["X-NB-Events"] = f"{generation.pk.hex};{last}"
        return response
    stream = StreamingHttpResponse(
        _stream(generation.pk, int(last or -1)), content_type="text/event-stream"
    )
    stream["Cache-Control"] = "no-cache"
    return stream


def _stream(generation_id: UUID, seen: int) -> Iterator[str]:
    ends = time.monotonic() + 30 * 60
    while time.monotonic() < ends:
        version, text = snapshots([generation_id])[generation_id]
        status = json.loads(text)["status"]
        over = status in _ENDED
        if version > seen:
            seen = version
            yield f"id: {version}\nevent: {status if over else 'progress'}\ndata: {text}\n\n"
        if over:
            return
        engine.wait(generation_id, 0.3, helps=settings.WAITING_HELPS)
