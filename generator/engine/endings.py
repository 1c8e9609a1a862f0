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
from generator.engine import crash
from generator.engine.claims import Claim
from generator.models import Attempt, Generation, Output

State = Output.State
Status = Generation.Status
ENDED = (State.DELIVERED, State.FAILED, State.CANCELED)
LATE = timedelta(hours=24)


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
    """End the claimed output and, with the last one, its generation. False where the claim is stale."""
    with transaction.atomic():
        wallet = locked(generation.wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation.pk)
        live = claim.rows().exclude(state__in=(State.DELIVERED, State.CANCELED))
        changes = end.fields | _error(end.reason)
        changed = live.update(
            state=end.state,
            lease_until=None,
            due_at=timezone.now() + timedelta(minutes=1) if end.late_until else None,
            late_until=end.late_until,
            **changes,
        )
        if not changed:
            return False
        if end.attempt:
            open_attempt = Attempt.objects.filter(
                output=claim.output_id, state__in=("intent", "accepted", "unknown")
            )
            open_attempt.update(state=end.attempt, ended_at=timezone.now())
        row.cost_micros = row.cost_micros + end.cost_micros
        _settle(row, wallet, end.cost_micros)
    crash.here("after_end", generation.prompt)
    return True


def _error(reason: Reason | None) -> dict[str, str]:
    return {"error_code": reason.code, "error_message": reason.message[:300]} if reason else {}


def _settle(row: Generation, wallet: Wallet | None, cost_micros: int) -> None:
    """End the generation where no output is left to wait for; count its cost in any case."""
    outputs = list(row.outputs.order_by("index"))
    row.version += 1
    if row.is_ended or any(output.state not in ENDED for output in outputs):
        row.save(update_fields=("version", "cost_micros"))
        if wallet and cost_micros:
            usage.count(wallet, row.key, row.key_prefix, cost_micros=cost_micros)
        return
    _end(row, wallet, outputs, cost_micros)


def _end(
    row: Generation, wallet: Wallet | None, outputs: list[Output], cost_micros: int = 0
) -> None:
    delivered = sum(output.state == State.DELIVERED for output in outputs)
    bad = next((output for output in outputs if output.state == State.FAILED), None)
    canceled = any(output.state == State.CANCELED for output in outputs)
    if delivered:
        row.status = Status.COMPLETED
    else:
        row.status = Status.CANCELED if canceled and bad is None else Status.FAILED
    if bad is not None:
        row.error_code, row.error_message = bad.error_code, bad.error_message
    elif canceled:
        row.error_code, row.error_message = CANCELED.code, CANCELED.message
    row.refunded = row.price * (row.n - delivered) // row.n
    now = timezone.now()
    row.completed_at = max(now, row.started_at or row.created_at)
    row.duration_ms = int(
        (row.completed_at - (row.started_at or row.created_at)).total_seconds() * 1000
    )
    row.save()
    if wallet is None:
        return
    if row.refunded:
        ledger.refund(wallet, row.refunded, row.pk, row.error_message or "Not delivered")
    usage.count(
        wallet,
        row.key,
        row.key_prefix,
        images=delivered,
        credits=-row.refunded,
        cost_micros=cost_micros,
        errors=int(row.status == Status.FAILED),
    )


def cancel_pending(generation_id: UUID, wallet_id: int | None) -> bool:
    """End a generation that has not begun, refunding it whole; False where it has begun or ended."""
    with transaction.atomic():
        wallet = locked(wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation_id)
        if row.status != Status.PENDING:
            return False
        row.outputs.update(state=State.CANCELED, due_at=None, error_code="canceled")
        row.version += 1
        row.cancel_requested = True
        _end(row, wallet, list(row.outputs.all()))
    return True


def attach_late(
    claim: Claim, generation: Generation, fields: dict[str, Any], cost_micros: int
) -> bool:
    """Give a refunded generation the file that came after its end: the refund is kept, nothing is charged."""
    with transaction.atomic():
        wallet = locked(generation.wallet_id)
        Generation.objects.select_for_update().get(pk=generation.pk)
        changed = (
            claim.rows()
            .filter(state=State.FAILED)
            .update(state=State.DELIVERED, lease_until=None, due_at=None, late_until=None, **fields)
        )
        if not changed:
            return False
        Attempt.objects.filter(output=claim.output_id, state="accepted").update(
            state="done", ended_at=timezone.now()
        )
        Generation.objects.filter(pk=generation.pk).update(
            version=F("version") + 1, cost_micros=F("cost_micros") + cost_micros
        )
        if wallet:
            usage.count(wallet, generation.key, generation.key_prefix, cost_micros=cost_micros)
    return True
