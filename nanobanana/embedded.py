"""Celery inside the server's own process: broker, worker and beat as threads, for embedded mode."""

from __future__ import annotations

import logging
import os
import threading
import time
from datetime import timedelta
from functools import partial
from queue import Empty
from typing import Any, ClassVar

from celery import Celery
from celery.beat import EmbeddedService, Scheduler
from celery.worker import state
from kombu.transport import TRANSPORT_ALIASES, memory

logger = logging.getLogger(__name__)

_news = threading.Condition()
_told = 0


def _tell() -> None:
    """Wakes whoever waits for a message."""
    global _told
    with _news:
        _told += 1
        _news.notify_all()


def _is_news(seen: int) -> bool:
    return _told != seen or _is_stopping()


def _is_stopping() -> bool:
    return state.should_stop is not None


class Channel(memory.Channel):
    """Messages in memory, announced the moment they are put."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _tell()

    def _put_fanout(self, exchange: str, message: Any, *args: Any, **kwargs: Any) -> None:
        super()._put_fanout(exchange, message, *args, **kwargs)
        _tell()


class Transport(memory.Transport):
    """kombu's transport in memory, which waits for news instead of looking again and again."""

    Channel = Channel
    default_connection_params: ClassVar[dict[str, Any]] = {}
    """There is no host to connect to, nor one to warn about."""

    def drain_events(self, connection: Any, timeout: Any = None, **_: Any) -> None:
        """Delivers one message; TimeoutError, as Celery's loop expects, when none came in time."""
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _told
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]
            except Empty:
                left = None if until is None else until - time.monotonic()
                with _news:
                    heard = _news.wait_for(partial(_is_news, seen), left)
                if not heard or _is_stopping():
                    # Celery's loop drains once more after it saw the stop: not to be waited for.
                    raise TimeoutError from None
            else:
                return


class EagerScheduler(Scheduler):
    """Beat's schedule kept in memory: everything is due at the start, then at its interval."""

    def setup_schedule(self) -> None:
        """Sets every entry's last run one interval back."""
        super().setup_schedule()
        self.merge_inplace(self.app.conf.beat_schedule)
        for entry in self.schedule.values():
            interval = getattr(entry.schedule, "run_every", timedelta())
            entry.last_run_at = entry.default_now() - interval


class Workshop:
    """The worker and beat of one process, started once and stopped once."""

    def __init__(self, app: Celery) -> None:
        os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
        self._app = app
        TRANSPORT_ALIASES["memory"] = "nanobanana.embedded:Transport"
        app.conf.worker_enable_remote_control = False
        self._worker = threading.Thread(target=self._work, name="worker", daemon=True)
        self._beat: Any = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Starts both in threads; beat once the worker listens, so that no message is lost."""
        self._worker.start()

    def stop(self, seconds: float) -> bool:
        """Ends both; whether all running tasks ended within `seconds`."""
        if self._beat is not None:
            self._beat.service.stop()
        state.should_stop = 0
        _tell()
        self._worker.join(seconds)
        return not self._worker.is_alive()

    def _work(self) -> None:
        controller = self._app.WorkController(
            app=self._app,
            hostname="embedded",
            pool="threads",
            # Acknowledgements wait for the next message; a full prefetch would wait for itself.
            prefetch_multiplier=0,
            loglevel="WARNING",
            ready_callback=self._begin_beat,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        try:
            controller.start()
        finally:
            state.should_stop = None

    def _begin_beat(self, consumer: Any) -> None:
        if self._ready.is_set() or _is_stopping():
            return
        self._ready.set()
        self._beat = EmbeddedService(self._app, thread=True, scheduler_cls=EagerScheduler)
        self._beat.start()
