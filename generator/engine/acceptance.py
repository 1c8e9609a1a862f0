"""Accepting a generation: limits, charge, rows and idempotency record in one transaction, a nudge
after it.
"""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from celery import current_app
from django.db import transaction

from accounts import statements
from accounts.models import Visitor
from accounts.owner import Owner
from billing import ledger, periods, usage
from billing.ledger import InsufficientCredits
from billing.models import Wallet
from generator import events, idempotency, limits
from generator.catalogue import Draft
from generator.engine import claims, crash
from generator.models import Generation, Output

log = logging.getLogger(__name__)


def submit(owner: Owner, draft: Draft, *, key: str | None = None, body: str = "") -> Generation:
    """Accept the draft: charge its price, write its rows, and nudge a worker once that is
    committed.

    `key` is the caller's idempotency key and `body` the hash of what was asked. Raises
    idempotency.Repeat and Mismatch, limits.RateLimited, KeyCapReached and TrialUsed,
    ledger.InsufficientCredits; then nothing was written.
    """
    wallet = ledger.wallet_of(owner.user) if owner.user else None
    if wallet is not None and key is None:
        _refuse_early(wallet, draft)
    with transaction.atomic():
        wallet = _lock(owner, wallet)
        idempotency.check(owner, key, body)
        generation = _row(owner, draft, wallet)
        if wallet is None:
            limits.take_trial(owner, draft)
        else:
            limits.check(wallet)
            limits.check_key(wallet, owner.key, draft.price)
            _charge(wallet, generation, f"{draft.n} × {draft.model.title}")
            generation.balance_after = wallet.balance
            events.charged(wallet, generation.price, generation)
        statements.insert([generation])
        statements.insert(_outputs(generation, owner))
        if body or key is not None:
            idempotency.record(owner, key, body, generation, wallet.balance if wallet else None)
        transaction.on_commit(lambda: _tell(generation))
    return generation


def _lock(owner: Owner, wallet: Wallet | None) -> Wallet | None:
    """Let one request of an owner in at a time: by the wallet, or by the visitor's row."""
    if wallet is not None:
        return ledger.current(ledger.lock(wallet.pk))
    if owner.visitor is not None:
        Visitor.objects.select_for_update().get(pk=owner.visitor.pk)
    return None


def _charge(wallet: Wallet, generation: Generation, reason: str) -> None:
    if generation.price:  # a price of 0, set by staff, moves nothing
        ledger.charge(wallet, generation.price, generation.pk, reason)
    usage.count(wallet, generation.key, generation.key_prefix, requests=1, credits=generation.price)


def _tell(generation: Generation) -> None:
    """After the commit: the process may die here, and the sweep finds what was accepted."""
    crash.here("after_charge", generation.prompt)
    nudge(generation)


def _refuse_early(wallet: Wallet, draft: Draft) -> None:
    """Refuse without taking the wallet's lock what it plainly cannot pay, so that a burst costs
    little.
    """
    if periods.due(wallet) is None and wallet.balance < draft.price:
        raise InsufficientCredits(draft.price, wallet.balance)


def _row(owner: Owner, draft: Draft, wallet: Wallet | None) -> Generation:
    now = claims.database_now()
    seconds = draft.model.parameters.get("deadlines", {}).get(
        draft.parameters.get("size"), draft.model.deadline_seconds
    )
    return Generation(
        user=owner.user,
        visitor=owner.visitor,
        address=owner.address if owner.user is None else "",
        wallet=wallet,
        key=owner.key.pk if owner.key else None,
        key_prefix=owner.key.prefix if owner.key else "",
        mode=draft.mode,
        model=draft.model.slug,
        prompt=draft.prompt,
        style=draft.style,
        parameters=dict(draft.parameters),
        warnings=list(draft.warnings),
        uploads=[str(upload.pk) for upload in draft.uploads],
        n=draft.n,
        width=draft.width,
        height=draft.height,
        seed=secrets.randbelow(2**31) if draft.seed is None else draft.seed,
        public=draft.public,
        price=draft.price,
        created_at=now,
        deadline_at=now + timedelta(seconds=seconds),
    )


def _outputs(generation: Generation, owner: Owner) -> list[Output]:
    return [
        Output(generation=generation, index=index, wallet_key=owner.id)
        for index in range(generation.n)
    ]


def nudge(generation: Generation) -> None:
    """Tell a worker that there is something to do; a lost message is found by the sweep."""
    try:
        current_app.send_task("generator.tasks.advance", (str(generation.pk),), retry=False)
    except Exception:
        # A broker that is away costs a few seconds until the sweep, never an error.
        log.warning("the queue is away; the sweep will find it", exc_info=True)
