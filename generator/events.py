"""The one place that says which events of a user webhooks hear of: ends, and credits run low.

Each is written in the transaction of what it tells.
"""

from __future__ import annotations

from accounts import deliveries
from billing.models import Wallet
from generator.models import Generation

URL = "webhook_url"
"""The parameter of a generation that holds the address of this one request."""
LOW = 10
"""Credits are low under this fraction of the plan's: a tenth."""


def ended(row: Generation, status: str) -> None:
    """The generation ended with `status`."""
    if row.user_id is not None:
        url = str(row.parameters.get(URL, ""))
        deliveries.tell(row.user_id, f"generation.{status}", subject=row.pk, url=url)


def charged(wallet: Wallet, credits: int, row: Generation) -> None:
    """`credits` were taken for the generation: told where they took the wallet under a tenth,
    once a period.
    """
    monthly = wallet.plan.monthly_credits
    before, now = (wallet.balance + credits) * LOW, wallet.balance * LOW
    if row.user_id is None or not now < monthly <= before:
        return
    data = {
        "balance": wallet.balance,
        "monthly_credits": monthly,
        "plan": wallet.plan.slug,
        "renews_at": wallet.period_end.isoformat() if wallet.period_end else None,
    }
    once = f"low:{wallet.pk}:{wallet.period_start:%Y%m%d%H%M%S}" if wallet.period_start else None
    deliveries.tell(row.user_id, "credits.low", data=data, once=once)
