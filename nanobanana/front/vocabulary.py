"""The words the front's modules share: shapes of ASGI and WSGI, what it asks of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from typing import Any, Protocol
from uuid import UUID

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PIECE = 256 * 1024
"""Bytes read from a file, or handed to the connection, in one step."""


class Gone(Exception):
    """The client closed the connection before its request was whole."""


class Waiting(Protocol):
    """What the front asks about generations; each call runs in a thread and is one query."""

    def ended(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of `ids` which have reached an end."""

    def snapshots(self, ids: Collection[UUID]) -> dict[UUID, tuple[int, str]]:
        """Version and JSON (with `status`) of each of `ids` that exists."""

    def holding(self, ids: Collection[UUID]) -> None:
        """Notes that connections are still waiting on these."""

    def released(self, generation_id: UUID, delivered: bool) -> None:
        """Notes that a held request is over, and whether its generation's end went out."""
