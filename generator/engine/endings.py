"""How outputs and generations end: state, attempt, refund and usage in one transaction.

No state change, no refund; locks are taken in the order wallet, generation, output, attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import ledger, usage
from billing.models import Wallet
from generator import events
from generator.engine import crash, news
from generator.engine.claims import Claim
from generator.models import Attempt, Generation, Output

State = Output.State
Status = Generation.Status
ENDED = (State.DELIVERED, State.FAILED, State.CANCELED)
OPEN = ("intent", "accepted", "unknown")
"""States of an attempt whose end is not known; at most one of them a slot."""
LATE = timedelta(hours=24)
LATE_PAUSE = timedelta(minutes=1)
CANCEL_REFUSED = "cancel_refused"


@dataclass(frozen=True)
class Reason:
    """Why an output ended without a file: a code for programs, a sentence for people."""

    code: str
    message: str


CANCELED = Reason("canceled", "Canceled")
LOST = Reason("lost", "The provider's answer was lost, so this run was stopped.")
TIMEOUT = Reason("timeout", "The model did not finish in time.")
PROVIDER = Reason("provider_failed", "The provider could not make this picture. Try again.")
UNAVAILABLE = Reason(
    "provider_unavailable", "This model is temporarily unavailable. Try again later."
)
BROKEN_FILE = Reason(
    "broken_result", "The provider sent a file that is no usable picture. Try again."
)
STORAGE = Reason("storage_failed", "Failed to upload file")
INTERNAL = Reason("internal_error", "Something broke on our side. Try again.")


@dataclass(frozen=True)
class End:
    """What an output ends with: its state, changes of its row, and how its open attempt ends."""

    state: str
    reason: Reason | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    attempt: str | None = None
    cost_micros: int = 0
    late_until: datetime | None = None


def locked(wallet_id: int | None) -> Wallet | None:
    """The generation's wallet in its present period, locked; None for a visitor's."""
    return ledger.current(ledger.lock(wallet_id)) if wallet_id else None


def finish(claim: Claim, generation: Generation, end: End) -> bool:
    """End the claimed output and, with the last one, its generation. False where the claim is
    stale.
    """
    now = claim.now()
    with transaction.atomic():
        wallet = locked(generation.wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation.pk)
        changes = end.fields | _error(end.reason)
        changed = (
            claim.rows()
            .filter(state__in=Output.LIVE)
            .update(
                state=end.state,
                lease_until=None,
                due_at=now + LATE_PAUSE if end.late_until else None,
                late_until=end.late_until,
                **changes,
            )
        )
        if not changed:
            return False
        if end.attempt:
            _end_attempt(claim, end.attempt)
        row.cost_micros += end.cost_micros
        _settle(row, wallet, now, end.cost_micros)
    crash.here("after_end", generation.prompt)
    return True


def _end_attempt(claim: Claim, state: str) -> None:
    Attempt.objects.filter(output=claim.output_id, state__in=OPEN).update(
        state=state, ended_at=claim.now()
    )


def _error(reason: Reason | None) -> dict[str, str]:
    return {"error_code": reason.code, "error_message": reason.message[:300]} if reason else {}


def _settle(row: Generation, wallet: Wallet | None, now: datetime, cost_micros: int) -> None:
    """End the generation where no output is left to wait for; count its cost in any case."""
    outputs = list(row.outputs.order_by("index"))
    row.version += 1
    if any(output.state not in ENDED for output in outputs):
        row.save(update_fields=("version", "cost_micros"))
        if wallet and cost_micros:
            usage.count(wallet, row.key, row.key_prefix, cost_micros=cost_micros)
        return
    _end(row, wallet, outputs, now, cost_micros)


def _end(
    row: Generation,
    wallet: Wallet | None,
    outputs: list[Output],
    now: datetime,
    cost_micros: int = 0,
) -> None:
    """Give the locked generation its end, and back what was not delivered: no change of state, no
    refund.
    """
    delivered = sum(output.state == State.DELIVERED for output in outputs)
    ended = _outcome(row, outputs, delivered) | _times(row, now)
    ended |= {"version": row.version, "cost_micros": row.cost_micros}
    ended |= {"cancel_requested": row.cancel_requested}
    still_open = Generation.objects.filter(
        pk=row.pk, status__in=(Status.PENDING, Status.PROCESSING)
    )
    if not still_open.update(**ended):
        return
    news.tell(row.pk)
    events.ended(row, ended["status"])
    if wallet is None:
        return
    if ended["refunded"]:
        reason = ended.get("error_message") or "Not delivered"
        ledger.refund(wallet, ended["refunded"], row.pk, reason[:200])
    usage.count(
        wallet,
        row.key,
        row.key_prefix,
        images=delivered,
        credits=-ended["refunded"],
        cost_micros=cost_micros,
        errors=int(ended["status"] == Status.FAILED),
    )


def _outcome(row: Generation, outputs: list[Output], delivered: int) -> dict[str, Any]:
    """Status, reason and refund that follow from how the outputs ended."""
    bad = next((output for output in outputs if output.state == State.FAILED), None)
    canceled = any(output.state == State.CANCELED for output in outputs)
    if delivered:
        status = Status.COMPLETED
    else:
        status = Status.CANCELED if canceled and bad is None else Status.FAILED
    found: dict[str, Any] = {
        "status": status,
        "refunded": row.price * (row.n - delivered) // row.n,
    }
    if bad is not None:
        found |= {"error_code": bad.error_code, "error_message": bad.error_message}
    elif canceled:
        found |= _error(CANCELED)
    return found


def _times(row: Generation, now: datetime) -> dict[str, Any]:
    """When it ended and how long it took; never backwards, however clocks were set meanwhile."""
    begun = row.started_at or row.created_at
    completed = max(now, begun)
    took = int((completed - begun).total_seconds() * 1000)
    return {"completed_at": completed, "duration_ms": took}


def cancel_pending(generation_id: UUID, wallet_id: int | None) -> bool:
    """End a generation that has not begun, refunding it whole; False where it has begun
    or ended.
    """
    with transaction.atomic():
        wallet = locked(wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation_id)
        if row.status != Status.PENDING:
            return False
        row.outputs.update(state=State.CANCELED, due_at=None, error_code=CANCELED.code)
        row.version += 1
        row.cancel_requested = True
        _end(row, wallet, list(row.outputs.all()), timezone.now())
    return True


def attach_late(
    claim: Claim, generation: Generation, fields: dict[str, Any], cost_micros: int
) -> bool:
    """Give a refunded generation the file that came after its end: the refund is kept, nothing is
    charged.
    """
    with transaction.atomic():
        wallet = locked(generation.wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation.pk)
        late = claim.rows().filter(state=State.FAILED, deleted_at=None)
        changes = fields | {"progress": 100, "error_code": "", "error_message": ""}
        changed = late.update(
            state=State.DELIVERED, lease_until=None, due_at=None, late_until=None, **changes
        )
        if not changed:
            return False
        _end_attempt(claim, "done")
        row.version += 1
        row.cost_micros += cost_micros
        row.save(update_fields=("version", "cost_micros"))
        if wallet:
            usage.count(wallet, row.key, row.key_prefix, cost_micros=cost_micros)
    return True


def give_up_late(claim: Claim, attempt: str) -> None:
    """Look no longer for the result of a refunded output; it stays failed as it is."""
    with transaction.atomic():
        if claim.release(None, late_until=None):
            _end_attempt(claim, attempt)


def close_late() -> int:
    """End the attempts whose result did not come within a day; returns how many outputs
    that were.
    """
    over = Output.objects.filter(late_until__lt=timezone.now(), state=State.FAILED)
    closed = 0
    for pk in list(over.values_list("pk", flat=True)[:200]):
        with transaction.atomic():
            closed += over.filter(pk=pk).update(late_until=None, due_at=None, epoch=F("epoch") + 1)
            Attempt.objects.filter(output=pk, state__in=OPEN).update(
                state="failed", ended_at=timezone.now()
            )
    return closed
