"""How often a wallet may start something: accepted generations in a moving hour, over all keys and
pages.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.models import Wallet

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Rate:
    """A moving window: `limit` and `remaining` generations, `reset` whole seconds until one more is
    free.
    """

    limit: int
    remaining: int
    reset: int


def rate(wallet: Wallet, used: int, oldest: datetime | None, now: datetime) -> Rate | None:
    """The wallet's rate, from how many it used in the last hour and the time of the one whose end
    frees the next; None where the rate is lifted.
    """
    if wallet.rate_lifted:
        return None
    limit = wallet.plan.hourly_rate
    reset = math.ceil((oldest + HOUR - now).total_seconds()) if oldest else 3600
    return Rate(limit, max(limit - used, 0), max(reset, 1))
