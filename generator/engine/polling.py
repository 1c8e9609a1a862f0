"""Asking how an accepted order is doing, until its files are there; and asking an
upstream to stop.
"""

from __future__ import annotations

from django.db.models import F

from generator import files
from generator.engine import delivery, endings
from generator.engine.endings import Reason
from generator.engine.work import Work
from generator.models import Attempt, Generation
from generator.providers.base import (
    Done,
    Failed,
    ProviderError,
    RateLimited,
    Refused,
    Waiting,
)

LATE_PAUSE = 60.0
"""Seconds between questions about an order whose deadline has passed."""


def poll(work: Work, attempt: Attempt) -> None:
    """Ask once. Whatever keeps us from asking is no end: the deadline is."""
    provider = work.provider(attempt)
    if provider is None:
        work.again(30)
        return
    if not attempt.remote_id:
        # It came whole in one answer, which died with the process that was to keep it.
        work.fail(endings.LOST)
        return
    try:
        result = provider.poll(work.order(attempt), attempt.remote_id)
    except Refused as error:
        work.fail(Reason(error.code, error.message))
    except Failed as error:
        work.give_up(attempt, str(error))
    except RateLimited as error:
        work.again(error.retry_after or 5)
    except (ProviderError, files.StoreDown, files.NoSuchFile):
        work.again(5)
    else:
        if isinstance(result, Done):
            delivery.finished(work, attempt, result)
        else:
            _still_running(work, result)


def _still_running(work: Work, result: Waiting) -> None:
    known = work.output.progress
    progress = max(known, min(result.progress or 0, 99))
    pause = LATE_PAUSE if work.is_late else result.seconds
    if work.again(pause, progress=progress) and progress > known:
        Generation.objects.filter(pk=work.generation.pk).update(version=F("version") + 1)


def stopped(work: Work, attempt: Attempt) -> bool:
    """Ask the provider to stop an order: True where it confirms that it did. It is asked once."""
    provider = work.provider(attempt)
    if attempt.state != "accepted" or provider is None or not provider.can_cancel:
        return False
    if work.output.error_code == endings.CANCEL_REFUSED:
        return False
    try:
        confirmed = provider.cancel(work.order(attempt), attempt.remote_id)
    except (ProviderError, files.StoreDown, files.NoSuchFile):
        confirmed = False
    if not confirmed:
        work.claim.rows().update(error_code=endings.CANCEL_REFUSED)
    return confirmed
