"""Accepting a generation: limits, charge, rows and idempotency record in one transaction, a nudge after it."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts.owner import Owner
from billing import ledger, periods, usage
from billing.ledger import InsufficientCredits
from billing.models import Wallet
from generator import idempotency, limits
from generator.catalogue import Draft
from generator.engine import crash
from generator.models import Generation, Output

log = logging.getLogger(__name__)


def submit(owner: Owner, draft: Draft, *, key: str | None = None, body: str = "") -> Generation:
    """Accept the draft: charge its price, write its rows, and nudge a worker once that is committed.

    `key` is the caller's idempotency key and `body` the hash of what was asked. Raises idempotency.Repeat and
    Mismatch, limits.RateLimited and TrialUsed, ledger.InsufficientCredits; then nothing was written.
    """
    wallet = ledger.wallet_of(owner.user) if owner.user else None
    if wallet is not None and key is None:
        _refuse_early(wallet, draft)
    with transaction.atomic():
        if wallet is not None:
            wallet = ledger.current(ledger.lock(wallet.pk))
        idempotency.check(owner, key, body)
        generation = _row(owner, draft, wallet)
        if wallet is not None:
            limits.check(wallet)
            ledger.charge(wallet, draft.price, generation.pk, f"{draft.n} × {draft.model.title}")
            usage.count(
                wallet, generation.key, generation.key_prefix, requests=1, credits=draft.price
            )
        else:
            limits.take_trial(owner, draft)
        generation.save(force_insert=True)
        Output.objects.bulk_create(_outputs(generation, owner))
        if body:
            idempotency.record(owner, key, body, generation, wallet.balance if wallet else None)
        transaction.on_commit(lambda: nudge(generation))
    crash.here("after_charge", draft.prompt)
    return generation


def _refuse_early(wallet: Wallet, draft: Draft) -> None:
    """Refuse without taking the wallet's lock what it plainly cannot pay, so that a burst costs little."""
    if periods.due(wallet) is None and wallet.balance < draft.price:
        raise InsufficientCredits(draft.price, wallet.balance)


def _row(owner: Owner, draft: Draft, wallet: Wallet | None) -> Generation:
    now = timezone.now()
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
