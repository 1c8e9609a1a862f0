"""The one place for what all simulators share: a small server and a window on its books.

One asyncio loop serves every connection (kept alive), so that a thousand tasks and hundreds of
polls a second cost little. It runs in a thread of a test, or in the foreground (`manage.py
simulate`).
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import ClassVar, Self

from generator.simulators import wire
from generator.simulators.book import Book, Created
from generator.simulators.messages import Request, Response, json_response


class Simulator:
    """A server for one upstream. A subclass says how to `answer`; `with` runs it.

    `url` is where it listens. Prompts may hold triggers such as `sim:create=503*2` (the first two
    creates answer 503), `sim:poll=html`, `sim:result=truncated`, `sim:task=never`, `sim:seconds=4`.
    """

    slug: ClassVar[str]

    def __init__(self, *, seconds: float = 2.0, host: str = "127.0.0.1", port: int = 0) -> None:
        self.seconds = seconds
        self.book = Book()
        self.host = host
        self.port = port
        self.tls: ssl.SSLContext | None = None
        self._skipped = 0.0
        self._server: asyncio.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def answer(self, request: Request) -> Response:
        """The upstream's answer to a request. Called on the loop: nothing in it may block."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """The settings that point our product at this simulator."""
        raise NotImplementedError

    def now(self) -> float:
        """The clock by which tasks advance, in seconds."""
        return time.monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        """Move that clock on, so that a test need not wait for it."""
        self._skipped += seconds

    def fault(
        self, name: str, place: str = "create", *, times: int | None = None, marker: str = ""
    ) -> None:
        """Plan a fault: `place` is create, poll, result, upload or task."""
        self.book.plan(name, place, times, marker)

    def created(self, marker: str = "") -> list[Created]:
        """What was accepted upstream, and so paid, for prompts or references holding `marker`."""
        return self.book.created(marker)

    def start(self) -> Self:
        """Listen on a free port in a thread of its own; returns itself."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready.set,), daemon=True)
        self._thread.start()
        if not ready.wait(5):
            raise RuntimeError(f"the {self.slug} simulator did not start")
        return self

    def stop(self) -> None:
        if self._loop and self._thread:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def later(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Do some work on the loop after a while (a callback, say)."""
        if self._loop:
            self._loop.call_later(seconds, lambda: asyncio.ensure_future(work()))

    def serve_forever(self, announce: Callable[[dict[str, str]], None]) -> None:
        """Serve in this thread until interrupted; `announce` gets the settings once it listens."""
        self._run(lambda: announce(self.environment()))

    def _run(self, ready: Callable[[], None]) -> None:
        loop = self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._listen())
        ready()
        try:
            loop.run_forever()
        finally:
            self._finish(loop)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._connection,
            self.host,
            self.port,
            limit=256 * 1024,
            backlog=2048,
            ssl=self.tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def _finish(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._server:
            self._server.close()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled is how stopping reaches an idle connection; Python 3.11 would log it as a fault.
        broken = (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)
        gone = (ConnectionError, asyncio.CancelledError, *broken)
        self.book.requests["connections"] += 1
        try:
            while (request := await wire.read_request(reader)) is not None:
                response = self._internal(request) or self._counted(request)
                if not await wire.send(writer, response):
                    break
        except gone:
            return
        finally:
            writer.close()

    def _counted(self, request: Request) -> Response:
        self.book.requests[f"{request.method} {request.path}"] += 1
        return self.answer(request)

    def _internal(self, request: Request) -> Response | None:
        """The simulator's own window, for tests that run it as another process."""
        if request.path == "/_sim/created":
            found = self.created(request.query.get("marker", ""))
            return json_response({"count": len(found), "creates": [asdict(e) for e in found]})
        if request.path == "/_sim/requests":
            return json_response(dict(self.book.requests))
        if request.path == "/_sim/fault" and request.method == "POST":
            self.book.plan(**request.json())
            return json_response({"planned": True})
        if request.path == "/_sim/clear" and request.method == "POST":
            self.book.clear()
            return json_response({"cleared": True})
        return None
