"""Takes what is due of all users: in fair order, side by side where there are threads for it."""

from __future__ import annotations

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for

from django.db import close_old_connections
from django.utils import timezone

from generator.engine import admission, claims, steps
from generator.models import Output

log = logging.getLogger(__name__)
WIDTH = 8
"""Steps claimed at once. Not more than can run: a claim that waits for a thread loses its lease."""
GLANCE = 0.1
"""Seconds after which new work is looked for although a step still runs."""


def sweep(
    pool: ThreadPoolExecutor | None = None,
    seconds: float = 30.0,
    horizon: float = 0.0,
    width: int = WIDTH,
) -> int:
    """Take every due step of all users, in fair order, for at most `seconds`; returns how many.

    With a pool up to `width` steps run side by side, and one that lasts keeps nobody else waiting.
    What falls due within `horizon` seconds is waited for, so that a beat of that length makes
    nothing late.
    """
    ends, taken = time.monotonic() + seconds, 0
    running: set[Future[None]] = set()
    while time.monotonic() < ends:
        admission.admit_all()
        batch = claims.due(width - len(running))
        taken += len(batch)
        if pool is None:
            for claim in batch:
                steps.run(claim)
        else:
            running |= {pool.submit(_run_in_thread, claim) for claim in batch}
        if running:
            running = wait_for(running, GLANCE, FIRST_COMPLETED).not_done
        elif not batch and not _sleep_until_due(horizon):
            break
    wait_for(running)
    return taken


def _run_in_thread(claim: claims.Claim) -> None:
    close_old_connections()
    try:
        steps.run(claim)
    except Exception:
        # The database went away between claim and step: the lease ends by itself.
        log.warning("a step did not begin", exc_info=True)
    finally:
        close_old_connections()


def _sleep_until_due(horizon: float) -> bool:
    """Sleep until the next step is due, if that is within `horizon` seconds; False
    where none is.
    """
    if not horizon:
        return False
    waiting = Output.objects.filter(state__in=Output.LIVE, lease_until=None)
    following = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    pause = (following - timezone.now()).total_seconds() if following else horizon
    if pause >= horizon:
        return False
    time.sleep(max(pause, 0.02))
    return True
