"""The only writer of usage: per key and UTC day, in the transaction of what it counts."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum
from django.utils import timezone

from billing.models import UsageDay, Wallet

_FIELDS = ("requests", "images", "credits", "cost_micros", "errors")
_COUNT = f"""
    INSERT INTO billing_usageday (wallet_id, key, day, key_prefix, {", ".join(_FIELDS)})
    VALUES (%s, %s, %s, %s, {", ".join(["%s"] * len(_FIELDS))})
    ON CONFLICT (wallet_id, key, day) DO UPDATE
    SET {", ".join(f"{name} = billing_usageday.{name} + excluded.{name}" for name in _FIELDS)}
"""  # noqa: S608 (our own names)


def count(wallet: Wallet, key: UUID | None, key_prefix: str = "", **changes: int) -> None:
    """Add `changes` (requests, images, credits, cost_micros, errors) to today's row of this key."""
    day = connection.ops.adapt_datefield_value(timezone.now().date())
    row = (wallet.pk, str(key) if key else "", day, key_prefix)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, (*row, *(changes.get(name, 0) for name in _FIELDS)))


def spent(wallet: Wallet, key: UUID) -> tuple[int, int]:
    """Credits that this key used on this UTC day and in this calendar month, less refunds."""
    today = timezone.now().date()
    rows = UsageDay.objects.filter(wallet=wallet, key=str(key), day__gte=today.replace(day=1))
    sums = rows.aggregate(day=Sum("credits", filter=Q(day=today)), month=Sum("credits"))
    return sums["day"] or 0, sums["month"] or 0
