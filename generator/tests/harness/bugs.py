"""Bugs to plant, each a replaced function: a harness that does not find them proves nothing."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

from billing import ledger
from billing.models import LedgerEntry, Wallet
from generator import idempotency
from generator.engine import endings, submission
from generator.engine.claims import Claim
from generator.models import IdempotencyRecord, Output


def _post(wallet: Wallet, kind: Any, amount: int, note: Any, bought: int | None) -> LedgerEntry:
    """Write the entry that goes with a balance which was changed somehow."""
    return LedgerEntry.objects.create(
        wallet=wallet,
        seq=wallet.seq,
        kind=kind,
        amount=amount,
        balance_after=wallet.balance,
        generation=note.generation,
        idem_key=note.idem_key,
        actor=note.actor,
        reason=note.reason,
    )


def _unguarded(
    wallet: Wallet, kind: Any, amount: int, note: Any, *, bought: int | None = None
) -> LedgerEntry:
    """Takes what is asked for, whether it is there or not."""
    wallet.balance, wallet.seq = wallet.balance + amount, wallet.seq + 1
    wallet.save(update_fields=("balance", "seq"))
    return _post(wallet, kind, amount, note, bought)


def _got_then_saved(
    wallet: Wallet, kind: Any, amount: int, note: Any, *, bought: int | None = None
) -> LedgerEntry:
    """Reads the balance, changes it in memory, saves it: two at once forget one of the two."""
    if wallet.balance + amount < 0:
        raise ledger.InsufficientCredits(-amount, wallet.balance)
    wallet.balance, wallet.seq = wallet.balance + amount, wallet.seq + 1
    wallet.save()
    return _post(wallet, kind, amount, note, bought)


def _unlocked(wallet_id: int) -> Wallet:
    return Wallet.objects.get(pk=wallet_id)


def _refunded_twice(
    wallet: Wallet, credits: int, generation: uuid.UUID, reason: str, actor: str = "system"
) -> LedgerEntry:
    """A refund that is told twice, as any queue may do, with nothing that makes it happen once."""
    for _ in range(2):
        note = ledger.Note(f"refund:{uuid.uuid4()}", reason, generation, actor)
        entry = ledger.post(wallet, LedgerEntry.Kind.REFUND, credits, note)
    return entry


def _resubmitted(work: Any, attempt: Any, *_: Any) -> None:
    """Tries again what may have been accepted."""
    work.end_attempt(attempt, "rejected", "let us try again", 0)


def _any_epoch(self: Claim) -> Any:
    """Writes whoever else has taken over meanwhile."""
    return Output.objects.filter(pk=self.output_id)


_finish, _refund = endings.finish, ledger.refund
_held_back = threading.local()


def _refund_later(*told: Any) -> Any:
    """Only notes what is to be given back."""
    _held_back.refunds.append(told)


def _refunded_afterwards(claim: Claim, generation: Any, end: Any) -> bool:
    """Ends in one transaction and refunds in the next: a death between them keeps the money."""
    _held_back.refunds = []
    ended = _finish(claim, generation, end)
    for wallet, *rest in _held_back.refunds:
        with transaction.atomic():
            _refund(ledger.lock(wallet.pk), *rest)
    return ended


def _joined_by_prompt(owner: Any, body: str) -> IdempotencyRecord | None:
    """Takes any request of the same words for a retry of the first."""
    return IdempotencyRecord.objects.filter(owner=owner.id, key=None, body=body).first()


BUGS: dict[str, tuple[tuple[Any, str, Any], ...]] = {
    "no guard in the charge": ((ledger, "post", _unguarded),),
    "get-then-save balance": ((ledger, "post", _got_then_saved), (ledger, "lock", _unlocked)),
    "no unique refund": ((ledger, "refund", _refunded_twice),),
    "blind resubmit on unknown": (
        (submission, "_lost", _resubmitted),
        (submission, "resolve", _resubmitted),
    ),
    "no epoch": ((Claim, "rows", _any_epoch),),
    "refund outside the transition": (
        (endings, "finish", _refunded_afterwards),
        (ledger, "refund", _refund_later),
    ),
    "no submit guard": ((submission.Intent, "is_stale", False),),
    "joining by prompt alone": ((idempotency, "join", _joined_by_prompt),),
}
"""The functions that each bug replaces, and with what."""


def plant(name: str) -> None:
    """Put the bug of this name into the running process for good; no name, no bug."""
    for owner, attribute, replacement in BUGS[name] if name else ():
        setattr(owner, attribute, replacement)


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The bug, for as long as the block runs."""
    kept = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in BUGS[name]]
    plant(name)
    try:
        yield
    finally:
        for owner, attribute, original in kept:
            setattr(owner, attribute, original)


def break_database(name: str) -> None:
    """Take away the database's own defence, where it would hide the bug."""
    if name == "no unique refund":
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX one_refund_a_generation")
