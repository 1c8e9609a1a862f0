"""The plans a new site starts with; from then on they are rows that staff edit."""

from __future__ import annotations

from billing.models import Plan

_PERKS = {
    "free": ("Image models at 1K", "Up to 5 reference images", "History, gallery and API"),
    "hobby": ("Everything in Free", "2K output", "10 times the hourly limit"),
    "pro": ("Everything in Hobby", "4K output", "8 generations at once"),
    "payg": ("Every model and size", "Credits do not expire", "Billed from your balance"),
}
_PLANS = (
    ("free", "Free", 0, 1000, 10, 2),
    ("hobby", "Hobby", 900, 10_000, 100, 4),
    ("pro", "Pro", 2900, 40_000, 500, 8),
    ("payg", "Pay as you go", 0, 0, 1000, 16),
)


def load() -> None:
    """Create the plans that are missing; never change one that is there."""
    present = set(Plan.objects.values_list("slug", flat=True))
    Plan.objects.bulk_create(
        Plan(
            slug=slug,
            title=title,
            price_cents=cents,
            monthly_credits=credits,
            hourly_rate=rate,
            at_once=at_once,
            perks=list(_PERKS[slug]),
            featured=slug == "pro",
            order=order,
        )
        for order, (slug, title, cents, credits, rate, at_once) in enumerate(_PLANS)
        if slug not in present
    )
