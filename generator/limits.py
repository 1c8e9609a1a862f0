"""What bounds acceptance besides credits: the plan's hourly rate, the line's length, a key's caps
and the visitors' trial.

Counted from the rows themselves, so no restart, cache or second server can lose or double a count.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone

from accounts.models import ApiKey, Visitor
from accounts.owner import Owner
from billing import rates, usage
from billing.models import Wallet
from billing.rates import HOUR, Rate
from generator.catalogue import DEFAULT_MODEL, TRIAL_SIZE, Draft
from generator.models import Generation, TrialDay

LINE = 100
"""How many generations of a wallet may wait in line."""


class RateLimited(Exception):
    """The hourly rate is used up, or the line is full; `retry_after` is whole seconds."""

    def __init__(self, message: str, retry_after: int, rate: Rate | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.rate = rate


class KeyCapReached(Exception):
    """The API key may not spend `required` credits more: it used `used` of the `cap` of its
    `period` (day or month).
    """

    def __init__(self, period: str, cap: int, used: int, required: int) -> None:
        super().__init__(
            f"This key may use {cap} credits a {period} and has used {used}; "
            f"this would take {required} more."
        )
        self.period, self.cap, self.used, self.required = period, cap, used, required


class TrialUsed(Exception):
    """What a visitor may make without an account is used up, or does not include this."""


def rate_of(wallet: Wallet) -> Rate | None:
    """The wallet's moving window now; None where it is lifted."""
    if wallet.rate_lifted:
        return None
    now = timezone.now()
    recent = Generation.objects.filter(wallet=wallet, created_at__gt=now - HOUR)
    used = recent.count()
    place = max(used - wallet.plan.hourly_rate, 0)
    oldest = recent.order_by("created_at").values_list("created_at", flat=True)[place : place + 1]
    return rates.rate(wallet, used, oldest[0] if used else None, now)


def check(wallet: Wallet) -> None:
    """Refuse what is above the rate or finds the line full. The caller holds the wallet's lock."""
    if wallet.rate_lifted:
        return
    rate = rate_of(wallet)
    if rate is not None and rate.remaining == 0:
        raise RateLimited(
            f"Your plan allows {rate.limit} generations an hour. Try again in {rate.reset} s.",
            rate.reset,
            rate,
        )
    waiting = Generation.objects.filter(wallet=wallet, status=Generation.Status.PENDING)
    if waiting.count() >= LINE:
        raise RateLimited(f"{LINE} generations are waiting in your line already.", 5, rate)


def check_key(wallet: Wallet, key: ApiKey | None, credits: int) -> None:
    """Refuse what would take the key above its cap of this UTC day or month; raises KeyCapReached.

    The caller holds the wallet's lock and counts the credits before letting it go.
    """
    if key is None or (key.daily_credit_cap is None and key.monthly_credit_cap is None):
        return
    day, month = usage.spent(wallet, key.pk)
    caps = (("day", key.daily_credit_cap, day), ("month", key.monthly_credit_cap, month))
    for period, cap, used in caps:
        if cap is not None and used + credits > cap:
            raise KeyCapReached(period, cap, used, credits)


def _images(**columns: object) -> int:
    """Images of trials in the last day with these columns; failed ones are given back."""
    day = timezone.now() - timedelta(days=1)
    made = Generation.objects.filter(created_at__gt=day, wallet=None, **columns)
    made = made.exclude(status__in=(Generation.Status.FAILED, Generation.Status.CANCELED))
    return made.aggregate(images=Sum("n"))["images"] or 0


def trial_left(visitor: Visitor | None, address: str) -> int:
    """How many images this visitor may still make today."""
    today = TrialDay.objects.filter(day=timezone.now().date()).first()
    left = settings.TRIAL_DAILY_TOTAL - (today.images if today else 0)
    if visitor is not None:
        left = min(left, settings.TRIAL_PER_VISITOR - _images(visitor=visitor))
    if address:
        left = min(left, settings.TRIAL_PER_ADDRESS - _images(address=address))
    return max(min(left, settings.TRIAL_PER_VISITOR), 0)


def take_trial(owner: Owner, draft: Draft) -> None:
    """Count a visitor's images, one visitor at a time, in the caller's transaction. Raises
    TrialUsed.
    """
    if draft.model.slug != DEFAULT_MODEL or draft.parameters.get("size") not in {
        TRIAL_SIZE, "1280x896", "896x1280", "1408x768", "768x1408",
    }:  # fmt: skip
        raise TrialUsed(
            "Without an account the standard model is open. Sign up, free, for all models."
        )
    today, _ = TrialDay.objects.get_or_create(day=timezone.now().date())
    TrialDay.objects.select_for_update().get(pk=today.pk)
    left = trial_left(owner.visitor, owner.address)
    if 0 < left < draft.n:
        raise TrialUsed(f"{left} of today's free tries are left. Ask for fewer, or sign up, free.")
    if left < draft.n:
        raise TrialUsed(
            "Your free tries for today are used. Sign up, free, to get 50 images a month."
        )
    TrialDay.objects.filter(pk=today.pk).update(images=F("images") + draft.n)
