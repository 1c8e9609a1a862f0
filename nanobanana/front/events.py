"""Server-sent events (WHATWG HTML, 9.2) of one generation, until it ends."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from nanobanana.front.gateway import Reply
from nanobanana.front.poller import Poller, Stream
from nanobanana.front.vocabulary import Headers, Send

KEEP_ALIVE = 15.0
LONGEST = 30 * 60.0
_ENDS = {"completed", "failed", "canceled"}
_REPLACED = {b"content-type", b"content-length", b"cache-control", b"x-accel-buffering"}


@dataclass(frozen=True)
class Subscription:
    """What the view granted: whose events, and the last version the client has seen."""

    generation: UUID
    seen: int
    headers: Headers

    @classmethod
    def granted_by(cls, reply: Reply) -> Self | None:
        """Reads X-NB-Events (`<uuid hex>;<last event id, or nothing>`)."""
        granted = reply.internal.get("x-nb-events")
        if granted is None:
            return None
        identity, _, seen = granted.partition(";")
        known = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 19 else -1
        kept = [(name, value) for name, value in reply.headers if name not in _REPLACED]
        kept += [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        return cls(UUID(identity), known, kept)


async def send_events(
    subscription: Subscription, poller: Poller, send: Send, gone: asyncio.Task[None]
) -> None:
    """Sends each new state until the end, the client's leaving, half an hour or shutdown.

    A client that reads slowly gets the latest state when it is ready for one; those between are
    never kept.
    """
    await send(
        {"type": "http.response.start", "status": 200, "headers": subscription.headers},
    )
    stream = poller.follow(subscription.generation)
    gone.add_done_callback(lambda _: stream.changed.set())
    try:
        await _body(send, b"retry: 2000\n\n")
        async with asyncio.timeout(LONGEST):
            await _relay(subscription.seen, stream, poller, send, gone)
    except TimeoutError:
        pass
    finally:
        poller.leave(subscription.generation, stream)
    await send({"type": "http.response.body", "body": b""})


async def _relay(
    seen: int, stream: Stream, poller: Poller, send: Send, gone: asyncio.Task[None]
) -> None:
    known: tuple[int, str] | None = None
    while not (gone.done() or poller.draining or stream.vanished):
        latest = stream.latest
        if latest is not None:
            status = _status(latest[1])
            version = latest[0]
            # Within one version, progress moves on; what a resumed client has seen is not resent.
            if version > seen or (version == seen and known not in {None, latest}):
                await _body(send, _event(status, *latest))
            seen, known = max(seen, version), latest
            if status in _ENDS:
                return
        if stream.latest is latest:
            await _next(stream, send)


async def _next(stream: Stream, send: Send) -> None:
    stream.changed.clear()
    try:
        async with asyncio.timeout(KEEP_ALIVE):
            await stream.changed.wait()
    except TimeoutError:
        await _body(send, b": keep-alive\n\n")


def _status(state: str) -> str:
    status = json.loads(state)["status"]
    return status if status in _ENDS else "progress"


def _event(name: str, version: int, state: str) -> bytes:
    data = "".join(f"data: {line}\n" for line in state.splitlines())
    return f"id: {version}\nevent: {name}\n{data}\n".encode()


async def _body(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
