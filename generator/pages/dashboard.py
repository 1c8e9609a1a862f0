"""The dashboard: what was made, what is left, what it cost, and use by day."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.owner import Owner
from billing import ledger
from billing.models import UsageDay, Wallet
from generator.models import Generation, Output
from generator.pages import cards

DAYS = 30
RECENT = 6
SAMPLE = 100
"""How many of the last runs the usual wait is taken from."""
WIDTH = 10
"""Units of the plot that one day takes; its height is 100."""


@dataclass(frozen=True)
class Bar:
    """One day of the plot; x, y and height in the plot's units."""

    day: date
    images: int
    credits: int
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Plot:
    """Use by day, with round marks on the upright axis."""

    bars: list[Bar]
    marks: list[int]
    total: int
    most: int
    width: int = WIDTH * DAYS


def plot(rows: Iterable[UsageDay], today: date) -> Plot:
    """The last DAYS days up to `today`; several keys of one day are added up."""
    images: dict[date, int] = {}
    credits: dict[date, int] = {}
    for row in rows:
        images[row.day] = images.get(row.day, 0) + row.images
        credits[row.day] = credits.get(row.day, 0) + row.credits
    days = [today - timedelta(days=DAYS - 1 - place) for place in range(DAYS)]
    most = max((images.get(day, 0) for day in days), default=0)
    step = _step(most)
    bars = []
    for place, day in enumerate(days):
        height = round(100 * images.get(day, 0) / (4 * step), 2)
        x = place * WIDTH + 1.5
        bars.append(Bar(day, images.get(day, 0), credits.get(day, 0), x, 100 - height, height))
    marks = [4 * step, 3 * step, 2 * step, step, 0]
    return Plot(bars, marks, sum(bar.images for bar in bars), most)


def _step(most: int) -> int:
    """The distance of the axis' marks, so that four of them cover `most`."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if 4 * step * factor >= most:
                return step * factor
        step *= 10


@cache_control(private=True)
@login_required
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """`/dashboard`: numbers, the plot with its table, the last six pictures."""
    owner = Owner(user=request.user)  # type: ignore[arg-type]
    wallet = ledger.wallet_of(request.user)  # type: ignore[arg-type]
    today = timezone.now().date()
    month = UsageDay.objects.filter(
        wallet=wallet, day__gt=today - timedelta(days=DAYS), day__lte=today
    )
    recent = Output.objects.of(owner).order_by("-generation__created_at", "index")[:RECENT]
    context = _totals(wallet) | {
        "plot": plot(month, today),
        "recent": [cards.picture(output) for output in recent],
        "usual": _usual_wait(owner),
        "wallet": wallet,
        "plan": wallet.plan,
        "used": max(wallet.plan.monthly_credits - wallet.monthly, 0),
        "period_end": wallet.period_end,
    }
    return render(request, "generator/dashboard.html", context)


def _totals(wallet: Wallet) -> dict[str, Any]:
    sums = UsageDay.objects.filter(wallet=wallet).aggregate(
        images=Sum("images"), cost_micros=Sum("cost_micros")
    )
    images, cost = sums["images"] or 0, sums["cost_micros"] or 0
    return {"images": images, "cost_micros": cost, "each_micros": cost // images if images else 0}


def _usual_wait(owner: Owner) -> int | None:
    """The median duration (ms) of the last completed runs; None before the first."""
    rows = Generation.objects.of(owner).filter(status=Generation.Status.COMPLETED)
    times = [one for one in rows.values_list("duration_ms", flat=True)[:SAMPLE] if one is not None]
    return int(statistics.median(times)) if times else None
