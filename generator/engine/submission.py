"""From a due slot to an accepted order: committed as intent, sent once, and never again without
proof.

Proof that nothing was accepted is the upstream's own (429, 503, no connection) or a lookup's; a
lost answer is none.
"""

from __future__ import annotations

import hashlib
import logging
import random
import secrets
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from generator import files
from generator.engine import crash, delivery, endings
from generator.engine.endings import Reason
from generator.engine.work import State, Work
from generator.models import Attempt, Generation
from generator.providers.base import (
    Done,
    Failed,
    Misconfigured,
    NotAccepted,
    Order,
    Provider,
    ProviderError,
    RateLimited,
    Refused,
    Unknown,
    Waiting,
)

log = logging.getLogger(__name__)
BUDGET = 20
"""What refusals may cost a slot: 1 for a busy provider, 7 for one that is down (so three of them).
"""
BUSY_COST, DOWN_COST = 1, 7
FROZEN_SECONDS = 1.0


@dataclass(frozen=True)
class Intent:
    """An attempt whose row is committed, its order, and since when (by a clock that
    nobody sets).
    """

    attempt: Attempt
    order: Order
    provider: Provider
    since: float

    @property
    def is_stale(self) -> bool:
        """Whether the process was frozen since: then others may have taken over, and it must not
        send.
        """
        limit = min(FROZEN_SECONDS, settings.LEASE_SECONDS / 4)
        return time.monotonic() - self.since > limit


def submit(work: Work) -> None:
    """Order the slot's picture from the next provider."""
    route = work.next_route()
    if route is None:
        work.fail(endings.PROVIDER if work.attempts else endings.UNAVAILABLE)
        return
    secret = secrets.token_urlsafe(24)
    attempt = Attempt(
        id=uuid.uuid4(),
        output=work.output,
        number=len(work.attempts) + 1,
        provider=route.provider,
        upstream_model=route.upstream_model,
        created_at=work.claim.now(),
        callback_digest=hashlib.sha256(secret.encode()).hexdigest(),
    )
    provider = work.provider(attempt)
    try:
        order = work.order(attempt, secret)
    except (files.StoreDown, files.NoSuchFile):
        work.again(5)
        return
    since = time.monotonic()
    if provider is not None and _commit(work, attempt):
        _send(work, Intent(attempt, order, provider, since))


def _commit(work: Work, attempt: Attempt) -> bool:
    """The attempt's row, committed before its request leaves, by the claim's holder alone."""
    try:
        with transaction.atomic():
            if not work.claim.rows().update(state=State.SUBMIT):
                return False
            attempt.save(force_insert=True)
    except IntegrityError:
        return False
    crash.here("after_intent", work.generation.prompt)
    return True


def _send(work: Work, intent: Intent) -> None:
    attempt = intent.attempt
    if intent.is_stale:
        work.end_attempt(attempt, "rejected", "frozen before sending", 0)
        return
    try:
        result = intent.provider.start(intent.order)
    except Refused as error:
        work.fail(Reason(error.code, error.message))
    except Misconfigured as error:
        log.error("our account at a provider is refused", extra={"provider": attempt.provider})
        work.give_up(attempt, str(error))
    except NotAccepted as error:
        _busy(work, attempt, error)
    except Failed as error:
        work.give_up(attempt, str(error))
    except Unknown as error:
        _lost(work, attempt, intent.provider, str(error))
    else:
        crash.here("after_send", work.generation.prompt)
        accepted(work, attempt, result)


def _busy(work: Work, attempt: Attempt, error: NotAccepted) -> None:
    """Proof that nothing was accepted: the next provider at once, else the same one
    after a pause.
    """
    work.attempts.append(attempt)
    following = work.next_route()
    tried = work.times_tried(attempt.provider)
    if following is not None and work.times_tried(following.provider) < tried:
        work.end_attempt(attempt, "rejected", str(error), 0)
        return
    spent = work.output.tries + (BUSY_COST if isinstance(error, RateLimited) else DOWN_COST)
    if spent >= BUDGET:
        work.fail(endings.UNAVAILABLE, "rejected")
        return
    asked = error.retry_after if isinstance(error, RateLimited) else None
    growing = min(2**tried, 30) * random.uniform(0.7, 1.3)  # noqa: S311
    work.end_attempt(attempt, "rejected", str(error), asked or growing, tries=spent)


def _lost(work: Work, attempt: Attempt, provider: Provider, error: str) -> None:
    """Nobody knows whether it was accepted: look it up where that is possible, else end
    and refund.
    """
    if provider.can_lookup:
        work.end_attempt(attempt, "unknown", error, 5)
    else:
        work.fail(endings.LOST)


def resolve(work: Work, attempt: Attempt) -> None:
    """An intent or unknown attempt of an earlier claim: never sent again without proof.

    It is looked up only when its sender can no longer be on the way: a lease and a call after the
    intent.
    """
    provider = work.provider(attempt)
    if provider is None or not provider.can_lookup:
        work.fail(endings.LOST)
        return
    settled = attempt.created_at + timedelta(seconds=settings.LEASE_SECONDS + provider.call_seconds)
    left = (settled - work.claim.now()).total_seconds()
    if left > 0:
        work.again(left)
        return
    try:
        found = provider.lookup(work.order(attempt))
    except (ProviderError, files.StoreDown, files.NoSuchFile):
        work.again(10)
        return
    if found is not None:
        accepted(work, attempt, found)
    elif work.output.tries + DOWN_COST >= BUDGET:
        work.fail(endings.UNAVAILABLE, "rejected")
    else:
        spent = work.output.tries + DOWN_COST
        work.end_attempt(attempt, "rejected", "never accepted", 0, tries=spent)


def accepted(work: Work, attempt: Attempt, result: Waiting | Done) -> None:
    """Record the upstream's id before the first poll; go on with the file where it came at once."""
    with transaction.atomic():
        if isinstance(result, Done):
            held = bool(work.claim.rows().update(state=State.STORE))
        else:
            attempt.remote_id = result.remote_id
            held = work.again(result.seconds, state=State.RUN, progress=result.progress or 0)
        if not held:
            return
        Attempt.objects.filter(pk=attempt.pk).update(state="accepted", remote_id=attempt.remote_id)
        Generation.objects.filter(pk=work.generation.pk).update(
            provider=attempt.provider, upstream_model=attempt.upstream_model
        )
    crash.here("after_remote_id", work.generation.prompt)
    if isinstance(result, Done):
        delivery.finished(work, attempt, result)
