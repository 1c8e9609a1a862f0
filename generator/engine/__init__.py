"""The only writer of a generation's status and attempts: submit, advance, sweep, wait, cancel,
delete.

The row is the queue: messages only say that there is something to do. See docs/reliability.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from billing import ledger, usage
from generator import idempotency, orphans, storage
from generator.engine import admission, claims, endings, steps
from generator.engine.acceptance import nudge, submit
from generator.engine.admission import place_in_line
from generator.engine.callbacks import called_back
from generator.engine.refusals import NotPossible
from generator.engine.retrying import retry
from generator.engine.sweeping import sweep
from generator.models import Attempt, Generation, Output, Upload

__all__ = [
    "NotPossible",
    "advance",
    "called_back",
    "cancel",
    "delete",
    "drain",
    "nudge",
    "place_in_line",
    "recover",
    "refund_by_staff",
    "retry",
    "submit",
    "sweep",
    "tend",
    "wait",
]
Status = Generation.Status


def advance(generation_id: UUID) -> None:
    """Let the generation's owner begin what may begin, and take the next step of what
    is due of it.
    """
    generation = Generation.objects.filter(pk=generation_id).first()
    if generation is None:
        return
    if generation.status == Status.PENDING:
        admission.admit(generation)
    live = Output.objects.filter(generation=generation_id, state__in=Output.LIVE)
    for output_id in list(live.values_list("pk", flat=True)):
        claim = claims.claim(output_id)
        if claim is not None:
            steps.run(claim)


def drain(seconds: float = 30.0) -> None:
    """Run everything to its end here and now: for tests and the first start."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        sweep()
        if not Generation.objects.filter(status__in=(Status.PENDING, Status.PROCESSING)).exists():
            return
        time.sleep(0.01)


def recover() -> int:
    """At the start of a single-process site nobody else holds a lease: let all steps be taken up at
    once.
    """
    past = timezone.now() - timedelta(seconds=1)
    return Output.objects.filter(lease_until__isnull=False).update(lease_until=past, due_at=past)


def wait(
    generation_id: UUID,
    seconds: float,
    helps: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Generation:
    """The generation once it has ended, or as it is after `seconds`. Blocks; the front does not use
    it.

    With `helps` the waiting thread takes the generation's steps itself, so that it ends without a
    worker.
    """
    ends = time.monotonic() + seconds
    interval = 0.02
    while True:
        generation = Generation.objects.get(pk=generation_id)
        if generation.is_ended or time.monotonic() >= ends:
            return generation
        if helps:
            advance(generation_id)
        pause(interval)
        interval = min(interval * 1.5, 0.1 if helps else 0.5)


def cancel(generation: Generation) -> bool:
    """Stop it: True where it ended at once with its credits back, False where the provider is asked
    to stop.

    Raises NotPossible for one that has ended.
    """
    if generation.is_ended:
        raise NotPossible(f"It is {generation.status} already.")
    if endings.cancel_pending(generation.pk, generation.wallet_id):
        return True
    changed = Generation.objects.filter(pk=generation.pk, status=Status.PROCESSING).update(
        cancel_requested=True, version=F("version") + 1
    )
    if not changed:
        generation.refresh_from_db()
        raise NotPossible(f"It is {generation.status} already.")
    live = Output.objects.filter(generation=generation, state__in=Output.LIVE)
    live.update(due_at=timezone.now())
    transaction.on_commit(lambda: nudge(generation))
    return False


def delete(generation: Generation) -> None:
    """Blank an ended generation's words and files; the row stays as a tombstone, the ledger as it
    is.

    Raises NotPossible while it runs.
    """
    if not generation.is_ended:
        raise NotPossible("It has not ended. Cancel it first.")
    now = timezone.now()
    with transaction.atomic():
        Generation.objects.filter(pk=generation.pk).update(
            prompt="", parameters={}, warnings=[], uploads=[], error_message="", deleted_at=now
        )
        outputs = list(generation.outputs.all())
        # A step on its way with a late file finds that its claim is over.
        generation.outputs.update(
            deleted_at=now, published=False, late_until=None, epoch=F("epoch") + 1
        )
        Attempt.objects.filter(output__generation=generation, state__in=endings.OPEN).update(
            state="failed", ended_at=now
        )
    for output in outputs:
        if output.file_key:
            storage.erase(output)


def refund_by_staff(generation: Generation, actor: User, reason: str) -> int:
    """Give back what an ended generation still holds; returns the credits. Raises NotPossible."""
    with transaction.atomic():
        wallet = endings.locked(generation.wallet_id)
        row = Generation.objects.select_for_update().get(pk=generation.pk)
        left = row.price - row.refunded
        if wallet is None or not row.is_ended or row.refunded or not left:
            raise NotPossible("There is nothing to refund, or a part was refunded already.")
        row.refunded = left
        row.version += 1
        row.save(update_fields=("refunded", "version"))
        ledger.refund(wallet, left, row.pk, reason[:200], str(actor.pk))
        usage.count(wallet, row.key, row.key_prefix, credits=-left)
    return left


def tend() -> None:
    """The slow chores: files whose store came back, results that never came, old records, uploads
    and files that no row knows.
    """
    storage.move_kept()
    orphans.sweep()
    endings.close_late()
    idempotency.forget()
    _forget_uploads()


def _forget_uploads() -> None:
    old = Upload.objects.filter(deleted_at__lt=timezone.now() - timedelta(days=1))[:200]
    for upload in old:
        storage.erase(upload)
        upload.delete()
