"""The one place for the faults every upstream can have: broken answers to a call, by name.

Error texts hold a canary and echo the caller's key, as careless upstreams do: tests look for both.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from generator.simulators.messages import Request, Response, json_response
from generator.simulators.wire import BREAKS

CANARY = "UPSTREAM-TEXT-CANARY"
RETRY_SECONDS = 7

_NOT_ACCEPTED = ("400", "401", "402", "403", "404", "413", "422", "429", "429-date", "503")
BODIES = {
    "malformed": b'{"code": 200, "data": {"' + CANARY.encode(),
    "empty": b"",
    "array": b"[1, 2]",
    "null": b"null",
    "deep": b"[" * 200_000,
    "html": f"<!doctype html><title>{CANARY}</title>".encode(),
}


def accepts(name: str | None) -> bool:
    """Whether a create that meets this fault was taken, and is paid, all the same.

    Where a real upstream might have done either, ours takes it: a second create then shows.
    """
    return name not in (*_NOT_ACCEPTED, "drop_before")


def play(name: str | None, good: Response, request: Request) -> Response:
    """The answer under a fault, made from the one that would have been given."""
    if name is None:
        return good
    if name == "drop_before":
        return Response(wire="drop")
    if name in BREAKS:
        good.wire = name
        return good
    if name in BODIES:
        kind = "text/html" if name == "html" else "application/json"
        return Response(200, BODIES[name], {"content-type": kind})
    if name == "redirect":
        return Response(302, b"", {"location": "http://127.0.0.1:1/inside"})
    return _status(name, request)


def words(request: Request) -> str:
    """What a careless upstream says: its own words and the caller's key."""
    key = request.headers.get("authorization") or request.headers.get("x-goog-api-key", "")
    return f"{CANARY} {key}"


def _status(name: str, request: Request) -> Response:
    status = int(name.partition("-")[0])
    response = json_response({"code": status, "msg": words(request)}, status)
    if name == "429":
        response.headers["retry-after"] = str(RETRY_SECONDS)
    if name == "429-date":
        then = datetime.now(UTC) + timedelta(seconds=RETRY_SECONDS)
        response.headers["retry-after"] = format_datetime(then, usegmt=True)
    return response
