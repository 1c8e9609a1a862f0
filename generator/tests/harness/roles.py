"""What the processes that get killed do: clients order until every order was accepted, workers
sweep for ever.
"""

from __future__ import annotations

import hashlib
import logging
import os
import random
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.db import DatabaseError, InterfaceError, close_old_connections

from accounts.models import User
from accounts.owner import Owner
from generator import catalogue, engine, idempotency
from generator.models import Generation
from generator.tests.harness.plan import Plan

PEOPLE = ("ann", "bob", "sam")
THREADS = 4


def note(path: str, text: str) -> None:
    """Add one line to the findings of this run; whole, whoever writes beside us."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (text.replace("\n", " ")[:300] + "\n").encode())
    os.close(handle)


class Findings(logging.Handler):
    """Whatever the engine logs as an error is a finding."""

    def __init__(self, path: str) -> None:
        super().__init__(logging.ERROR)
        self.path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Note it with the exception's own words."""
        error = record.exc_info[1] if record.exc_info else None
        note(self.path, f"{record.getMessage()}: {error!r}")


def client(plan: Plan, number: int, path: str) -> None:
    """Order everything of this client; after a death from the beginning, with the same keys."""
    owners = [Owner(user=user) for user in User.objects.order_by("email")]
    for place, (prompt, model, n) in enumerate(plan.orders(number)):
        owner = owners[place % len(owners)]
        while not _ordered(owner, prompt, model, n, path):
            time.sleep(0.05)


def _ordered(owner: Owner, prompt: str, model: str, n: int, path: str) -> bool:
    """One request with its idempotency key; False where the database was away."""
    try:
        draft = catalogue.validate({"prompt": prompt, "model": model, "n": n}, owner=owner)
        body = hashlib.sha256(prompt.encode()).hexdigest()
        engine.submit(owner, draft, key=prompt.split()[0], body=body)
    except idempotency.Repeat:
        return True
    except (DatabaseError, InterfaceError) as error:
        if type(error).__name__ == "IntegrityError":
            note(path, f"a request broke: {error!r}")
            return True
        close_old_connections()
        return False
    return True


def worker() -> None:
    """Sweep for ever, and act on doubled nudges; every other nudge is lost, for there
    is no queue.
    """
    pool = ThreadPoolExecutor(THREADS)
    while True:
        try:
            engine.sweep(pool, seconds=1.0, horizon=0.3, width=THREADS)
            _doubled_nudges()
        except (DatabaseError, InterfaceError):
            close_old_connections()
        time.sleep(0.05)


def _doubled_nudges() -> None:
    live = list(Generation.objects.filter(status="processing").values_list("pk", flat=True)[:50])
    chosen = random.sample(live, min(2, len(live)))
    with ThreadPoolExecutor(4) as nudges:
        list(nudges.map(_nudged, [pk for pk in chosen for _ in range(2)]))


def _nudged(pk: UUID) -> None:
    try:
        engine.advance(pk)
    finally:
        close_old_connections()
