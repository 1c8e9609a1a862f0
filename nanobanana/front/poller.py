"""One poller per process: a single query tells all held requests and event streams what changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from nanobanana.front.lanes import Lane
from nanobanana.front.vocabulary import Waiting

Item = TypeVar("Item")
logger = logging.getLogger(__name__)

_QUICK, _CALM, _SLOWEST = 0.1, 0.2, 1.0
_YOUNG = 10.0
_GAP = 0.01
_HOLDING_EVERY = 5.0


class Stream:
    """What one event stream has not sent yet: the latest snapshot and nothing older."""

    def __init__(self) -> None:
        self.latest: tuple[int, str] | None = None
        self.vanished = False
        self.changed = asyncio.Event()

    def offer(self, snapshot: tuple[int, str] | None) -> None:
        """Takes the newest snapshot, or None for a generation that is no more."""
        if snapshot is None:
            self.vanished = True
        elif self.latest == snapshot:
            return
        self.latest = snapshot or self.latest
        self.changed.set()


class Poller:
    """Asks for the ends and states of all generations anybody here waits on.

    Queries run in `lane`, one after the other: every 100 ms while there are new waiters, 200 ms
    later, at once when somebody arrives or `notify` is called, never more than a fifth of the time.
    """

    def __init__(self, waiting: Waiting, lane: Lane, notes: Lane) -> None:
        self._waiting, self._lane, self._notes = waiting, lane, notes
        self._waiters: dict[UUID, set[asyncio.Future[str]]] = {}
        self._streams: dict[UUID, set[Stream]] = {}
        self._wake = asyncio.Event()
        self._youngest = 0.0
        self._noted = 0.0
        self._noting: asyncio.Task[None] | None = None
        self._failing = False
        self.draining = False

    async def hold(self, generation: UUID, seconds: float, gone: asyncio.Task[None]) -> str:
        """Waits for the generation; why the wait is over: ended, timeout, gone or shutdown."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[str] = loop.create_future()
        timer = loop.call_later(max(seconds, 0.0), settle, waiter, "timeout")
        gone.add_done_callback(lambda _: settle(waiter, "gone"))
        if self.draining:
            settle(waiter, "shutdown")
        self._waiters.setdefault(generation, set()).add(waiter)
        self._arrived(loop.time())
        try:
            return await waiter
        finally:
            timer.cancel()
            _discard(self._waiters, generation, waiter)

    def follow(self, generation: UUID) -> Stream:
        """Starts giving this generation's snapshots to a new stream."""
        stream = Stream()
        self._streams.setdefault(generation, set()).add(stream)
        self._arrived(asyncio.get_running_loop().time())
        if self.draining:
            stream.changed.set()
        return stream

    def leave(self, generation: UUID, stream: Stream) -> None:
        """Ends what `follow` began."""
        _discard(self._streams, generation, stream)

    def notify(self, generation: UUID) -> None:
        """This one changed: ask now, if anybody here waits on it."""
        if generation in self._waiters or generation in self._streams:
            self._wake.set()

    def drain(self) -> None:
        """The process is ending: everybody who waits is let go."""
        self.draining = True
        for waiters in self._waiters.values():
            for waiter in waiters:
                settle(waiter, "shutdown")
        for streams in self._streams.values():
            for stream in streams:
                stream.changed.set()

    @property
    def holding(self) -> int:
        """How many requests are held at this moment."""
        return sum(map(len, self._waiters.values()))

    async def run(self) -> None:
        """Polls for ever; ends by being cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiters and not self._streams:
                await self._wake.wait()
            self._wake.clear()
            started = loop.time()
            await self._ask()
            self._note(started)
            await self._rest(loop.time(), loop.time() - started)

    def _arrived(self, now: float) -> None:
        """A newcomer is asked about soon: its generation may have ended before it came here."""
        self._youngest = now
        self._wake.set()

    async def _rest(self, now: float, spent: float) -> None:
        gap = min(max(_GAP, 4 * spent), _SLOWEST)
        await asyncio.sleep(gap)
        pause = _QUICK if now - self._youngest < _YOUNG else _CALM
        try:
            async with asyncio.timeout(max(pause - gap, 0.0)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _ask(self) -> None:
        try:
            if waited_on := list(self._waiters):
                await self._settle_ended(waited_on)
            if followed := list(self._streams):
                await self._offer_snapshots(followed)
            self._failing = False
        except Exception:
            if not self._failing:
                logger.exception("polling the generations that are waited on failed")
            self._failing = True
            await asyncio.sleep(_SLOWEST)

    async def _settle_ended(self, ids: list[UUID]) -> None:
        for generation in await self._lane.run(self._waiting.ended, ids, promised=True):
            for waiter in self._waiters.get(generation, ()):
                settle(waiter, "ended")

    async def _offer_snapshots(self, ids: list[UUID]) -> None:
        found = await self._lane.run(self._waiting.snapshots, ids, promised=True)
        for generation in ids:
            for stream in self._streams.get(generation, ()):
                stream.offer(found.get(generation))

    def _note(self, now: float) -> None:
        if now - self._noted < _HOLDING_EVERY or not self._waiters:
            return
        self._noted = now
        facts = list(self._waiters)
        self._noting = asyncio.create_task(noted(self._notes, self._waiting.holding, facts))


async def noted(lane: Lane, note: Callable[..., None], *facts: object) -> None:
    """Tells the API something; its failure is logged and harms nobody."""
    try:
        await lane.run(note, *facts, promised=True)
    except Exception:
        logger.exception("noting the state of a held request failed")


def settle(waiter: asyncio.Future[str], reason: str) -> None:
    """Ends a wait; the first reason counts."""
    if not waiter.done():
        waiter.set_result(reason)


def _discard(table: dict[UUID, set[Item]], key: UUID, item: Item) -> None:
    items = table.get(key, set())
    items.discard(item)
    if not items:
        table.pop(key, None)
