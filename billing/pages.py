"""Pages about plans and money: `/pricing` and `/billing`."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from billing import ledger
from billing.models import LedgerEntry, Plan

PAGE = 30
KINDS = {
    "grant": ("Grant", "ok", "plus"),
    "expire": ("Expired", "", "clock"),
    "purchase": ("Purchase", "ok", "card"),
    "charge": ("Charge", "", "bolt"),
    "refund": ("Refund", "ok", "undo"),
    "adjust": ("Correction", "info", "info"),
    "chargeback": ("Chargeback", "bad", "alert"),
}
"""Each kind of entry: its word, the badge's tone and its icon."""


@dataclass(frozen=True)
class Row:
    """A movement of credits in plain words."""

    entry: LedgerEntry
    kind: str
    tone: str
    icon: str


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """`/pricing`: the plans as they are now."""
    return render(request, "billing/pricing.html", {"plans": list(Plan.objects.all())})


@cache_control(private=True)
@login_required
@require_safe
def billing(request: HttpRequest) -> HttpResponse:
    """`/billing`: the plan, the balance, and every movement of credits, PAGE at a time."""
    wallet = ledger.wallet_of(request.user)  # type: ignore[arg-type]
    entries = LedgerEntry.objects.filter(wallet=wallet)
    before = request.GET.get("before", "")
    paged = before.isascii() and before.isdigit() and len(before) < 18
    if paged:
        entries = entries.filter(seq__lt=int(before))
    found = list(entries[: PAGE + 1])
    context = {
        "wallet": wallet,
        "plan": wallet.plan,
        "period_end": wallet.period_end,
        "bought": wallet.bought,
        "used": max(wallet.plan.monthly_credits - wallet.monthly, 0),
        "rows": [Row(entry, *KINDS[entry.kind]) for entry in found[:PAGE]],
        "older": found[PAGE - 1].seq if len(found) > PAGE else None,
        "first": not paged,
    }
    return render(request, "billing/billing.html", context)
