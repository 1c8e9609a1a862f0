"""The only writer of usage: per key and UTC day, in the transaction of what it counts."""

from __future__ import annotations

from uuid import UUID

from django.db.models import F
from django.utils import timezone

from billing.models import UsageDay, Wallet


def count(wallet: Wallet, key: UUID | None, key_prefix: str = "", **changes: int) -> None:
    """Add `changes` (requests, images, credits, cost_micros, errors) to today's row of this key.

    The caller holds the wallet's lock, which also serialises the first write of a day.
    """
    row = {"wallet": wallet, "key": str(key) if key else "", "day": timezone.now().date()}
    added = {name: F(name) + amount for name, amount in changes.items()}
    if not UsageDay.objects.filter(**row).update(**added):
        UsageDay.objects.create(**row, key_prefix=key_prefix, **changes)
