"""The front itself: an ASGI application which runs Django, holds requests, keeps event streams."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nanobanana.front import gateway
from nanobanana.front.events import Subscription, send_events
from nanobanana.front.gateway import Reply
from nanobanana.front.held import Hold, merged
from nanobanana.front.lanes import LARGE, Lane, is_intake, takes_pieces
from nanobanana.front.poller import Poller, noted
from nanobanana.front.problem import Problem, broken
from nanobanana.front.sending import send_problem, send_reply
from nanobanana.front.spool import Limits, Spool
from nanobanana.front.vocabulary import (
    Environ,
    Gone,
    Message,
    Receive,
    Scope,
    Send,
    Waiting,
    WsgiApp,
)

logger = logging.getLogger(__name__)

_running: set[Front] = set()


class Front:
    """One process's front; see the package for what it does.

    `general`, `intake` and `large` are threads that may run `app`; `leaving` runs in each of them
    as it ends. `site_url` begins the addresses in error bodies.
    """

    def __init__(
        self,
        app: WsgiApp,
        waiting: Waiting,
        *,
        general: int = 8,
        intake: int = 4,
        large: int = 2,
        queue: int = 2048,
        limits: Limits | None = None,
        site_url: str = "",
        leaving: Callable[[], object] | None = None,
    ) -> None:
        self._app, self._waiting, self._site_url = app, waiting, site_url
        self._general = Lane("general", general, queue, leaving)
        self._intake = Lane("intake", intake, 4 * queue, leaving)
        self._large = Lane("large", large, 64, leaving)
        self._files = Lane("files", 4, queue)
        self._notes = Lane("notes", 1, queue, leaving)
        self._polls = Lane("polls", 1, queue, leaving)
        self._spool = Spool(self._files, limits or Limits())
        self.poller = Poller(waiting, self._polls, self._notes)
        self._polling: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI's entry: requests, and the server's start and end."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._exchange(scope, receive, send)

    def notify(self, generation: UUID) -> None:
        """From any thread: this generation changed just now, so look if anybody waits on it."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.poller.notify, generation)

    def drain(self) -> None:
        """From the loop, when the server begins to stop: nobody is made to wait any longer."""
        self.poller.drain()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._loop = asyncio.get_running_loop()
                self._polling = asyncio.create_task(self.poller.run())
                _running.add(self)
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _stop(self) -> None:
        _running.discard(self)
        self.drain()
        if self._polling is not None:
            self._polling.cancel()
        lanes = (self._general, self._intake, self._large, self._files, self._notes, self._polls)
        for lane in lanes:
            await asyncio.to_thread(lane.close, 2.0)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            reply = await self._first_reply(scope, receive)
            await self._answer(reply, scope, receive, sending)
        except Gone:
            return
        except Problem as problem:
            await send_problem(problem, scope, receive, send, self._site_url)
        except Exception:
            logger.exception("answering a request failed")
            if started:
                raise
            await send_problem(broken(), scope, receive, send, self._site_url)

    async def _first_reply(self, scope: Scope, receive: Receive) -> Reply:
        method, path = scope["method"], scope["path"]
        with await self._spool.read(scope, receive, takes_pieces(method, path)) as body:
            lane = self._general
            if body.size > LARGE:
                lane = self._large
            elif is_intake(method, path):
                lane = self._intake
            return await self._run(lane, lambda: gateway.environ_for(scope, body))

    async def _run(
        self, lane: Lane, environ: Callable[[], Environ], promised: bool = False
    ) -> Reply:
        return await lane.run(self._call, environ, promised=promised)

    def _call(self, environ: Callable[[], Environ]) -> Reply:
        return gateway.call(self._app, environ())

    async def _answer(self, reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
        if hold := Hold.asked_by(reply):
            del reply
            await self._hold(hold, scope, receive, send)
        elif subscription := Subscription.granted_by(reply):
            with _Watch(receive) as gone:
                await send_events(subscription, self.poller, send, gone)
        else:
            await send_reply(reply, scope, send, self._files)

    async def _hold(self, hold: Hold, scope: Scope, receive: Receive, send: Send) -> None:
        delivered = False
        try:
            with _Watch(receive) as gone:
                reason = await self.poller.hold(hold.generation, hold.seconds, gone)
                if reason == "gone":
                    return
                reply = await self._final_reply(hold, scope, reason)
                await send_reply(reply, scope, _unless(gone, send), self._files)
                delivered = reason == "ended"
        finally:
            await noted(self._notes, self._waiting.released, hold.generation, delivered)

    async def _final_reply(self, hold: Hold, scope: Scope, reason: str) -> Reply:
        facts: dict[str, Any] = {
            "generation": hold.generation.hex,
            "waited": reason == "ended",
            "reason": reason,
            "request_id": hold.request_id,
        }
        reply = await self._run(
            self._intake,
            lambda: gateway.internal_environ(scope, hold.render, facts),
            promised=True,
        )
        reply.headers = merged(hold.headers, reply.headers)
        return reply


class _Watch:
    """Notices, while entered, that the client hung up: its task ends then."""

    def __init__(self, receive: Receive) -> None:
        self._task = asyncio.ensure_future(_until_gone(receive))

    def __enter__(self) -> asyncio.Task[None]:
        return self._task

    def __exit__(self, *_: object) -> None:
        self._task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _unless(gone: asyncio.Task[None], send: Send) -> Send:
    """`send` that raises `Gone` once the client has left, so that delivery is not claimed."""

    async def guarded(message: Message) -> None:
        if gone.done():
            raise Gone
        await send(message)

    return guarded


def notify(generation: UUID) -> None:
    """Tells the fronts in this process, if any, that a generation changed; from any thread."""
    for front in list(_running):
        front.notify(generation)
