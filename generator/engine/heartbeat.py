"""Keeps the leases of this process's running steps: who is alive keeps them, who is dead or frozen
loses them.

So a call to an upstream may take longer than a lease, while a dead worker's steps are free within
one.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, connection

from generator.engine.claims import Claim

log = logging.getLogger(__name__)


class Heart:
    """The claims whose steps run now, and the one thread that extends those that last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Claim] = set()
        self._pid = 0

    @contextmanager
    def holding(self, claim: Claim) -> Iterator[None]:
        """Keep the claim's lease for as long as the block runs."""
        with self._lock:
            self._running.add(claim)
            if self._pid != os.getpid():  # a forked child has no threads of its parent's
                self._pid = os.getpid()
                threading.Thread(target=self._beat, name="heart", daemon=True).start()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(claim)

    def _beat(self) -> None:
        while True:
            time.sleep(settings.LEASE_SECONDS / 3)
            with self._lock:
                old = time.monotonic() - settings.LEASE_SECONDS / 3
                lasting = [claim for claim in self._running if claim.ticks < old]
            if lasting:
                self._extend(lasting)

    def _extend(self, lasting: list[Claim]) -> None:
        try:
            for claim in lasting:
                claim.extend(settings.LEASE_SECONDS)
        except DatabaseError:
            log.warning("could not extend the leases of running steps", exc_info=True)
        finally:
            connection.close()


HEART = Heart()
