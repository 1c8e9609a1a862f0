"""uvicorn, set up for the front: limits on request heads, and a stop that lets held requests go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nanobanana.front.application import Front

HEAD_BYTES = 64 * 1024
HEAD_FIELDS = 100
HEAD_SECONDS = 30.0
KEEP_ALIVE = 75
DRAIN_SECONDS = 25
_DEAD_AFTER_MS = 90_000


class Protocol(HttpToolsProtocol):
    """One connection. A request head is bounded in bytes, fields and time; a peer that no longer
    reads or answers at all is dropped by the kernel."""

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection has as long for its first request's head as for any."""
        super().connection_made(transport)
        _detect_dead_peers(transport.get_extra_info("socket"))
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more."""
        self._head_done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to a head that is not complete."""
        super().data_received(data)
        if self._head_timer is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("Request header is too large.")

    def on_message_begin(self) -> None:
        """The parser saw the first byte of a request."""
        super().on_message_begin()
        if self._head_timer is None:
            self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuses the field too many; the parser answers 400 to what is raised here."""
        if len(self.headers) >= HEAD_FIELDS:
            raise ValueError("too many header fields")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole, and not too large."""
        self._head_done()
        if sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise ValueError("header too large")
        super().on_headers_complete()
        if self.scope["method"] != "HEAD":
            self.cycle.transport = Together(self.transport)  # type: ignore[assignment]

    def _expect_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_late)

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_late(self) -> None:
        self._head_timer = None
        if self.transport.is_closing():
            return
        if self._head_bytes:
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()


class Together:
    """A transport for one reply, which sends its head along with the first piece of its body.

    uvicorn writes them one after the other: two system calls, two packets.
    """

    __slots__ = ("_head", "_started", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self.is_closing = transport, transport.is_closing
        self._head = b""
        self._started = False

    def write(self, data: bytes) -> None:
        """Keeps the head (not that of a 100 Continue) until the write that follows it."""
        if not self._started:
            if data.startswith(b"HTTP/1.1 100 "):
                self._transport.write(data)
            else:
                self._started, self._head = True, data
            return
        head, self._head = self._head, b""
        self._transport.write(head + data if head else data)

    def close(self) -> None:
        """Closes after what is kept."""
        if self._head:
            self.write(b"")
        self._transport.close()


def _detect_dead_peers(connection: Any) -> None:
    """Ends connections whose peer takes no data for long (RFC 5482), or vanished while we wait."""
    if connection is None or connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_AFTER_MS)


class FrontServer(Server):
    """A server that tells when it answers, and lets waiting clients go before it stops."""

    def __init__(
        self, front: Front, host: str, port: int, ready: Callable[[], object] | None = None
    ) -> None:
        super().__init__(
            Config(
                front,
                host=host,
                port=port,
                loop="uvloop",
                http=Protocol,
                ws="none",
                lifespan="on",
                interface="asgi3",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=4096,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        self._front, self._ready = front, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the stop, the second one forces it; neither is raised again."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Held requests are answered at once, in the time that running ones have to end."""
        self._front.drain()
        await super().shutdown(sockets)
