"""The plans a new site starts with; from then on they are rows that staff edit."""

from __future__ import annotations

from billing.models import Plan

_PLANS = (
    ("free", "Free", 0, 1000, 10, 2, "Image models at 1K|Up to 5 reference images|History, gallery and API"),
    ("hobby", "Hobby", 900, 10_000, 100, 4, "Everything in Free|2K output|10 times the hourly limit"),
    ("pro", "Pro", 2900, 40_000, 500, 8, "Everything in Hobby|4K output|8 generations at once"),
    ("payg", "Pay as you go", 0, 0, 1000, 16, "Every model and size|Credits do not expire|Billed from your balance"),
)  # fmt: skip


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
            perks=perks.split("|"),
            featured=slug == "pro",
            order=order,
        )
        for order, (slug, title, cents, credits, rate, at_once, perks) in enumerate(_PLANS)
        if slug not in present
    )
