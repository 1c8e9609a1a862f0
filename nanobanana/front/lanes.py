"""The bounded threads Django runs in, and the table that says which request goes where."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from nanobanana.front.problem import busy

Result = TypeVar("Result")
_Job = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]

LARGE = 1024 * 1024
"""Bytes above which a body goes to the lane of two."""
_INTAKE = frozenset(
    {
        "/v1/generate",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/images/variations",
        "/api/v1/images/generate",
        "/api/generate",
        "/api/nano-banana/image-to-image",
        "/api/nano-banana/generate",
        "/api/nano-banana/generate-video",
        "/generate",
        "/generator",
    }
)
_INTAKE_VERBS = (":generateContent", ":streamGenerateContent")


def is_intake(method: str, path: str) -> bool:
    """Whether this request submits a generation."""
    path = path.rstrip("/")
    return method == "POST" and (path in _INTAKE or path.endswith(_INTAKE_VERBS))


def takes_pieces(method: str, path: str) -> bool:
    """Whether a body that breaks off is worth handing over (a tus PATCH keeps what arrived)."""
    return method == "PATCH" and path.startswith("/api/files/upload/")


class Lane:
    """A few threads with one queue, used from one event loop.

    Threads start when first needed and live on, each with its own database connection, so the
    size of a lane bounds its connections. `leaving` runs in each thread as it ends.
    """

    def __init__(
        self, name: str, size: int, queue: int, leaving: Callable[[], object] | None = None
    ) -> None:
        self.name, self.size, self.queue = name, size, queue
        self._leaving = leaving
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._pending = 0

    async def run(
        self, function: Callable[..., Result], *args: Any, promised: bool = False
    ) -> Result:
        """`function(*args)` in one of the threads.

        Raises `Problem` 503 when too many wait already, unless the work was `promised` to a client
        whose request has been accepted before.
        """
        if not promised and self._pending >= self.size + self.queue:
            raise busy()
        self._pending += 1
        if self._pending > len(self._threads) < self.size:
            self._add_thread()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.put((loop, future, function, args))
        return await future

    def close(self, seconds: float = 0.0) -> None:
        """Lets the threads end after what is queued; waits at most `seconds` for each."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(seconds)
        self._threads.clear()

    def _add_thread(self) -> None:
        name = f"front-{self.name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._do(*job)
            del job
        if self._leaving is not None:
            self._leaving()

    def _do(
        self,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[Any],
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> None:
        result, error = None, None
        try:
            result = function(*args)
        except Exception as exc:  # noqa: BLE001 - it is raised again where the work was asked for
            error = exc
        except BaseException as exc:  # noqa: BLE001 - an exit in a thread must not end the loop
            error = RuntimeError(f"{type(exc).__name__} in lane {self.name}")
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._settle, future, result, error)

    def _settle(self, future: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
        self._pending -= 1
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
