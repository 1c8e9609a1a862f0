"""Reading request bodies whole before a thread is taken: memory first, then a temporary file."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from nanobanana.front.lanes import LARGE, Lane
from nanobanana.front.problem import busy, too_large, too_slow
from nanobanana.front.vocabulary import Gone, Message, Receive, Scope

_CROWDED = 64 * 1024


@dataclass(frozen=True)
class Limits:
    """Bytes of one body, seconds between two pieces and altogether, bytes over all at once."""

    body: int = 85 * 1024 * 1024
    idle: float = 30.0
    total: float = 600.0
    memory: int = 64 * 1024 * 1024
    disk: int = 4 * 1024 * 1024 * 1024


class Body:
    """One request's body; a context manager which frees memory and file at its end."""

    def __init__(self, freed: Callable[[Body], None] | None = None) -> None:
        self.size = 0
        self.held = 0
        self.pieces: list[bytes] = []
        self.file: IO[bytes] | None = None
        self._freed = freed

    def reader(self) -> IO[bytes]:
        """What becomes `wsgi.input`; runs in the thread that takes the request."""
        if self.file is not None:
            self.flush()
            self.file.seek(0)
            return self.file
        return io.BytesIO(self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces))

    def flush(self) -> None:
        """Moves the pieces into the temporary file; blocks, so it runs in a thread."""
        if self.file is None:
            self.file = tempfile.TemporaryFile(prefix="nanobanana-body-")  # noqa: SIM115
        pieces, self.pieces = self.pieces, []
        self.file.writelines(pieces)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._freed is not None:
            self._freed(self)
        self.pieces = []
        if self.file is not None:
            self.file.close()


EMPTY = Body()


def _announced(scope: Scope) -> int | None:
    """The body's length as the client says; 0 without one, None when it comes in chunks."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
    return length


class Spool:
    """Takes bodies off connections, within `limits`, writing files in `lane`."""

    def __init__(self, lane: Lane, limits: Limits) -> None:
        self._lane, self._limits = lane, limits
        self._memory = self._disk = 0

    async def read(self, scope: Scope, receive: Receive, keep_pieces: bool) -> Body:
        """The whole body.

        Raises `Problem` (413 too large, 408 too slow, 503 no room) and `Gone` when the client
        hung up; with `keep_pieces` what arrived until then is returned instead.
        """
        announced = _announced(scope)
        if announced == 0:
            return EMPTY
        if announced is not None and announced > self._limits.body:
            raise too_large(self._limits.body)
        body = Body(self._free)
        try:
            async with asyncio.timeout(self._limits.total):
                await self._fill(body, receive)
        except Gone:
            if keep_pieces:
                return body
            body.__exit__(None, None, None)
            raise
        except BaseException as exc:
            body.__exit__(None, None, None)
            if isinstance(exc, TimeoutError):
                raise too_slow() from None
            raise
        return body

    async def _fill(self, body: Body, receive: Receive) -> None:
        more = True
        while more:
            message = await self._next(receive)
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            if piece:
                self._take(body, piece)
            if body.held > (LARGE if self._memory <= self._limits.memory else _CROWDED):
                await self._to_disk(body)

    async def _next(self, receive: Receive) -> Message:
        async with asyncio.timeout(self._limits.idle):
            message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        return message

    def _take(self, body: Body, piece: bytes) -> None:
        if body.size + len(piece) > self._limits.body:
            raise too_large(self._limits.body)
        body.size += len(piece)
        body.pieces.append(piece)
        body.held += len(piece)
        self._memory += len(piece)

    async def _to_disk(self, body: Body) -> None:
        self._memory -= body.held
        self._disk += body.held
        body.held = 0
        if self._disk > self._limits.disk:
            raise busy()
        try:
            await self._lane.run(body.flush, promised=True)
        except OSError:
            raise busy() from None

    def _free(self, body: Body) -> None:
        self._memory -= body.held
        self._disk -= body.size - body.held
        body.size = body.held = 0


async def drain(receive: Receive, pause: float = 0.5, seconds: float = 5.0) -> None:
    """Reads and drops what a refused client still sends, so that it gets to read the refusal.

    Ends with the body, after `seconds`, or when nothing comes for a `pause`.
    """
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                async with asyncio.timeout(pause):
                    more = (await receive()).get("more_body", False)
    except TimeoutError:
        return
