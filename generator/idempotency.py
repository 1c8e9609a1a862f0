"""Which request became which generation: keyed repeats, and stock clients that retry without a key.

A record is written in the transaction that accepts the generation, so a refusal leaves none behind.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import statements
from accounts.owner import Owner
from generator.models import Generation, IdempotencyRecord

KEEP = timedelta(days=7)
RETRY_WINDOW = timedelta(minutes=10)
HOLD = timedelta(seconds=15)
"""How long a waiting connection counts as alive without a sign of it."""


class Mismatch(Exception):
    """The key was used before with another body; nothing was done."""


class Repeat(Exception):
    """The key was used before with the same body: its record says which generation that became."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__("repeat")
        self.record = record


def check(owner: Owner, key: str | None, body: str) -> None:
    """Raise Repeat or Mismatch where the owner used this key in the last 7 days."""
    if key is None:
        return
    record = (
        IdempotencyRecord.objects.select_related("generation")
        .filter(owner=owner.id, key=key)
        .first()
    )
    if record is None:
        return
    if record.created_at < timezone.now() - KEEP:
        record.delete()
        return
    if record.body != body:
        raise Mismatch("This Idempotency-Key was used with another body. Use a new key.")
    raise Repeat(record)


def record(
    owner: Owner, key: str | None, body: str, generation: Generation, remaining: int | None
) -> IdempotencyRecord:
    """Remember what the request became; in the accepting transaction."""
    made = IdempotencyRecord(
        **owner.columns,
        owner=owner.id,
        key=key,
        body=body,
        generation=generation,
        credits_remaining=remaining,
        held_until=timezone.now() + HOLD,
    )
    statements.insert([made])
    return made


@transaction.atomic
def join(owner: Owner, body: str) -> IdempotencyRecord | None:
    """The owner's keyless request with this body that a retry may take over; each at most once.

    It must be at most ten minutes old, never delivered, and no connection may still wait on it: a
    sibling with the same prompt that is still being answered is never joined.
    """
    now = timezone.now()
    free = Q(held_until=None) | Q(held_until__lt=now)
    found = (
        IdempotencyRecord.objects.select_for_update()
        .filter(free, owner=owner.id, key=None, body=body, delivered_at=None)
        .filter(created_at__gt=now - RETRY_WINDOW)
        .order_by("created_at")
        .first()
    )
    if found is not None:
        found.held_until = now + HOLD
        found.save(update_fields=("held_until",))
    return found


def held(generation_ids: Collection[UUID]) -> None:
    """Connections still wait on these."""
    IdempotencyRecord.objects.filter(generation__in=generation_ids).update(
        held_until=timezone.now() + HOLD
    )


def released(generation_id: UUID, *, delivered: bool) -> None:
    """The connection is gone: with the answer, or without it."""
    changes = {"held_until": None} | ({"delivered_at": timezone.now()} if delivered else {})
    IdempotencyRecord.objects.filter(generation=generation_id).update(**changes)


def forget() -> int:
    """Delete what is older than its time; returns how many."""
    now = timezone.now()
    old = Q(created_at__lt=now - KEEP) | Q(key=None, created_at__lt=now - RETRY_WINDOW)
    return IdempotencyRecord.objects.filter(old).delete()[0]
