"""When a wallet's month begins and ends: calendar months from the day the wallet was opened."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from billing.models import Wallet


@dataclass(frozen=True)
class Period:
    """One month of a wallet, from `start` up to but not including `end`."""

    start: datetime
    end: datetime


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time `months` later; the month's last day where that day does not exist."""
    month = moment.month - 1 + months
    year, month = moment.year + month // 12, month % 12 + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def due(wallet: Wallet, now: datetime | None = None) -> Period | None:
    """The period the wallet has to be moved into, or None while its present one lasts.

    Ends are counted from the wallet's opening, so that a month of 28 days does not shift the later
    ones.
    """
    now = now or timezone.now()
    if wallet.period_end is not None and now < wallet.period_end:
        return None
    opened = wallet.created_at
    months = (now.year - opened.year) * 12 + now.month - opened.month
    if add_months(opened, months) > now:
        months -= 1
    months = max(months, 0)
    return Period(add_months(opened, months), add_months(opened, months + 1))
