"""Decides which step of a claimed output is due and takes it: at most one upstream call, outside
any transaction.

The protocol and its reasons: docs/reliability.md.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, OperationalError

from generator.engine import delivery, endings, polling, submission
from generator.engine.claims import Claim
from generator.engine.endings import End
from generator.engine.heartbeat import HEART
from generator.engine.work import State, Work
from generator.models import Output

log = logging.getLogger(__name__)
CRASHES = 3
"""An output whose step died this often in a row is poison: it fails, the others go on."""


def run(claim: Claim) -> None:
    """Run the claimed output's next step to its end; never raises for what an upstream or a file
    does.
    """
    output = Output.objects.select_related("generation").get(pk=claim.output_id)
    if output.epoch != claim.epoch:
        return
    with HEART.holding(claim):
        try:
            take(Work(claim, output))
        except (OperationalError, InterfaceError):
            # The database is away or busy: nothing of this output's doing.
            log.warning("a step lost its database", exc_info=True)
            _let_go(claim, 1.0, output.crashes)
        except Exception:
            # A fault of ours must not take the worker or the other outputs with it: it counts as a
            # crash.
            log.exception("a step broke", extra={"output": str(output.pk)})
            _let_go(claim, 2.0 ** (output.crashes + 1), output.crashes + 1)


def _let_go(claim: Claim, seconds: float, crashes: int) -> None:
    """Give the lease back; where even that fails, it runs out by itself."""
    with contextlib.suppress(DatabaseError):
        claim.release(claim.now() + timedelta(seconds=seconds), crashes=crashes)


def take(work: Work) -> None:
    """Decide what is due and do it."""
    attempt = work.open
    if work.output.crashes >= CRASHES:
        work.fail(endings.INTERNAL)
    elif _is_unwanted(work) and _cancel(work):
        return
    elif not work.is_late and work.claim.now() >= work.generation.deadline_at:
        _time_out(work)
    elif attempt is None:
        submission.submit(work)
    elif attempt.state != "accepted":
        submission.resolve(work, attempt)
    elif attempt.results:
        delivery.store(work, attempt, dict(attempt.results[0]))
    else:
        polling.poll(work, attempt)


def _is_unwanted(work: Work) -> bool:
    return work.generation.cancel_requested and not work.is_late


def _cancel(work: Work) -> bool:
    """End what has not been submitted, or what the provider confirms it stopped; True
    where ended.
    """
    if work.open is not None and not polling.stopped(work, work.open):
        return False
    end = End(State.CANCELED, endings.CANCELED, attempt="failed" if work.open else None)
    endings.finish(work.claim, work.generation, end)
    return True


def _time_out(work: Work) -> None:
    """Past the deadline: refund; what was accepted upstream is still looked for, for a day."""
    accepted = work.open is not None and work.open.state == "accepted"
    late = work.claim.now() + endings.LATE if accepted else None
    end = End(
        State.FAILED, endings.TIMEOUT, attempt=None if accepted else "failed", late_until=late
    )
    endings.finish(work.claim, work.generation, end)
