"""Situations of many at once, each of which tells what it found wrong: nothing, in a house that
holds.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.owner import Owner
from billing import ledger
from generator import engine, idempotency, limits
from generator.models import Generation, IdempotencyRecord
from generator.tests.harness.stage import Stage, lift, violations

THREADS = 24
BODY = "b" * 64


def at_once(call: Callable[[Any], Any], arguments: Iterable[Any]) -> Counter[str]:
    """Call it with every argument from many threads; counts what came back, errors by
    their class.
    """
    left, start = deque(arguments), threading.Barrier(THREADS)
    outcomes: deque[str] = deque()

    def take() -> None:
        start.wait()
        try:
            while left:
                outcomes.append(_outcome(call, left.popleft()))
        except IndexError:
            return
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(outcomes)


def _outcome(call: Callable[[Any], Any], argument: Any) -> str:
    try:
        return str(call(argument))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is counted)
        return type(error).__name__


def double_spend(stage: Stage, user: User, requests: int, credit_for: int) -> list[str]:
    """Many requests at once on a wallet that can pay a few: exactly those are accepted."""
    lift(user, credit_for * 20)
    draft = stage.draft(stage.owner(user))
    seen = at_once(lambda _: _kind(engine.submit(Owner(user=user), draft)), range(requests))
    expected = Counter({"accepted": credit_for, "InsufficientCredits": requests - credit_for})
    found = [f"{requests} requests ended as {dict(seen)}"] if seen != expected else []
    made = Generation.objects.filter(user=user).count()
    if made != credit_for:
        found.append(f"{made} generations where there was credit for {credit_for}")
    return found + violations()


def _kind(generation: Generation) -> str:
    return "accepted"


def same_key(stage: Stage, user: User, requests: int) -> list[str]:
    """One idempotency key, many times at once: one generation, everybody else is told of it."""
    lift(user)
    draft = stage.draft(stage.owner(user))
    ids: set[Any] = set()

    def ask(_: int) -> str:
        try:
            ids.add(engine.submit(Owner(user=user), draft, key="k", body=BODY).pk)
        except idempotency.Repeat as repeat:
            ids.add(repeat.record.generation_id)
            return "repeat"
        return "accepted"

    seen = at_once(ask, range(requests))
    expected = Counter({"accepted": 1, "repeat": requests - 1})
    found = [f"{requests} requests ended as {dict(seen)}"] if seen != expected else []
    if len(ids) != 1:
        found.append(f"one key named {len(ids)} generations")
    return found + violations()


def trials(stage: Stage, owner: Owner, draft: Any, requests: int, allowed: int) -> list[str]:
    """A visitor's requests at once: no more than the trial allows are taken."""
    seen = at_once(lambda _: _kind(engine.submit(owner, draft)), range(requests))
    refused = limits.TrialUsed.__name__
    expected = Counter({"accepted": allowed, refused: requests - allowed})
    return [f"trials ended as {dict(seen)}"] if seen != expected else []


def first_touches(user: User, touches: int) -> list[str]:
    """A new user's wallet is looked at by many at once: it is opened and granted once."""
    seen = at_once(lambda _: ledger.wallet_of(user).balance, range(touches))
    found = [f"balances seen: {dict(seen)}"] if seen != Counter({"1000": touches}) else []
    return found + violations()


def siblings(stage: Stage, user: User) -> list[str]:
    """Two pictures of one prompt are wanted; the second's retry must not be handed the first's.

    The first is still being answered, so only the second, whose connection is gone, may be taken
    over.
    """
    owner = Owner(user=user)
    first, second = (
        engine.submit(owner, stage.draft(owner, "the same words"), body=BODY) for _ in range(2)
    )
    gone = timezone.now() - timedelta(seconds=1)
    IdempotencyRecord.objects.filter(generation=second).update(held_until=gone)
    joined = [idempotency.join(owner, BODY) for _ in range(2)]
    got = [record.generation_id if record else None for record in joined]
    names = {first.pk: "the first, still being answered", second.pk: "the second", None: "nothing"}
    if got == [second.pk, None]:
        return []
    return [f"two retries were handed {names[got[0]]} and {names[got[1]]}"]
