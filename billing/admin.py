"""The staff's view of money: plans and wallets to act on, the ledger and usage only to read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.staff import (
    Reason,
    ReasonedAdmin,
    Refused,
    ShowOnlyAdmin,
    ShowOnlyInline,
    Why,
    reasoned,
)
from billing import ledger
from billing.models import LedgerEntry, Membership, Plan, UsageDay, Wallet

LOWEST_INCOME = 0.000725
"""Dollars a credit earns on the cheapest plan (Pro: $29 for 40,000)."""
LATEST = 30


class Credits(Reason):
    """How many credits, and why; the wallet's owner reads the reason in their ledger."""

    credits = forms.IntegerField(min_value=1, max_value=10_000_000)
    field_order = ("credits", "reason")


class PlanChoice(Reason):
    """Which plan, and why."""

    plan = forms.ModelChoiceField(Plan.objects.all())
    field_order = ("plan", "reason")


def _adjust(request: HttpRequest, wallet: Wallet, credits: int, answers: dict[str, Any]) -> None:
    """Move credits once, however often the form is sent."""
    note = ledger.Note(
        f"staff:{answers['once']}:{wallet.pk}", answers["reason"], actor=str(request.user.pk)
    )
    try:
        with transaction.atomic():
            ledger.adjust(wallet.pk, credits, note)
    except ledger.InsufficientCredits as error:
        raise Refused(f"It holds {error.balance:,} credits.") from error
    except IntegrityError as error:
        raise Refused("This was done already.") from error


@reasoned("Give credits", form=Credits, warning="Given credits do not expire. The owner sees why.")
def give_credits(request: HttpRequest, wallet: Wallet, answers: dict[str, Any]) -> str:
    """Adds credits to each wallet."""
    _adjust(request, wallet, answers["credits"], answers)
    return f"Gave {answers['credits']:,} credits."


@reasoned("Take credits", form=Credits, warning="Taken from each wallet. The owner sees why.")
def take_credits(request: HttpRequest, wallet: Wallet, answers: dict[str, Any]) -> str:
    """Takes credits from each wallet that holds them."""
    _adjust(request, wallet, -answers["credits"], answers)
    return f"Took {answers['credits']:,} credits."


@reasoned(
    "Change plan", form=PlanChoice, warning="Credits of the new plan come with the next month."
)
def change_plan(request: HttpRequest, wallet: Wallet, answers: dict[str, Any]) -> str:
    """Puts each wallet on another plan."""
    Wallet.objects.filter(pk=wallet.pk).update(plan=answers["plan"])
    return f"Plan {wallet.plan} became {answers['plan']}."


@reasoned("Lift the hourly rate")
def lift_rate(request: HttpRequest, wallet: Wallet, answers: dict[str, Any]) -> str:
    """No rate and no limit at once from now on."""
    Wallet.objects.filter(pk=wallet.pk).update(rate_lifted=True)
    return "Rate lifted."


@reasoned("Put the plan's rate back")
def restore_rate(request: HttpRequest, wallet: Wallet, answers: dict[str, Any]) -> str:
    """The plan's rate holds again."""
    Wallet.objects.filter(pk=wallet.pk).update(rate_lifted=False)
    return "The plan's rate holds again."


def owner_of_wallet(wallet: Wallet) -> str:
    """The e-mail addresses of those who may spend from it; memberships are prefetched."""
    return ", ".join(member.user.email for member in wallet.memberships.all()) or "–"


class MembershipInline(ShowOnlyInline):
    """Whose wallet it is."""

    model = Membership
    fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        """With their users."""
        return super().get_queryset(request).select_related("user")


@admin.register(Wallet)
class WalletAdmin(ShowOnlyAdmin):
    """Balances move by the actions only: each writes a ledger entry that says who and why."""

    list_display = ("id", "owner", "plan", "balance", "bought", "owed", "period_end", "rate_lifted")
    list_filter = ("plan", "rate_lifted")
    email_field = "memberships__user__email"
    search_help_text = "The beginning of an e-mail address"
    ordering = ("-id",)
    list_select_related = ("plan",)
    inlines = (MembershipInline,)
    actions = (give_credits, take_credits, change_plan, lift_rate, restore_rate)
    readonly_fields = ("latest",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Wallet]:
        """With their owners."""
        return super().get_queryset(request).prefetch_related("memberships__user")

    @admin.display(description="owner")
    def owner(self, wallet: Wallet) -> str:
        """Who may spend from it."""
        return owner_of_wallet(wallet)

    @admin.display(description="latest entries")
    def latest(self, wallet: Wallet) -> str:
        """The last movements, the newest first."""
        rows = [
            f"{entry.created_at:%Y-%m-%d %H:%M}  {entry.kind:<10} {entry.amount:>+9,} "
            f"{entry.balance_after:>11,}  {entry.reason}"
            for entry in wallet.entries.order_by("-seq")[:LATEST]
        ]
        return format_html("<pre>{}</pre>", "\n".join(rows) or "none yet")


@admin.register(Membership)
class MembershipAdmin(ShowOnlyAdmin):
    """Who may spend from which wallet."""

    list_display = ("id", "user", "wallet")
    list_select_related = ("user", "wallet")
    email_field = "user__email"
    ordering = ("-id",)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ShowOnlyAdmin):
    """Every movement of credits; nobody changes one: the database refuses it too."""

    list_display = (
        "created_at", "owner", "kind", "amount", "balance_after", "generation", "actor", "reason",
    )  # fmt: skip
    list_filter = ("kind", "created_at")
    id_field = "generation"
    email_field = "wallet__memberships__user__email"
    search_help_text = "The beginning of an e-mail address, or a whole generation id"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        """With the wallets' owners."""
        return super().get_queryset(request).prefetch_related("wallet__memberships__user")

    @admin.display(description="owner")
    def owner(self, entry: LedgerEntry) -> str:
        """Whose wallet it moved."""
        return owner_of_wallet(entry.wallet)


@admin.register(UsageDay)
class UsageDayAdmin(ShowOnlyAdmin):
    """What each key used on each day."""

    list_display = (
        "day", "owner", "key_prefix", "requests", "images", "credits", "cost", "errors",
    )  # fmt: skip
    list_filter = ("day",)
    email_field = "wallet__memberships__user__email"
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageDay]:
        """With the wallets' owners."""
        return super().get_queryset(request).prefetch_related("wallet__memberships__user")

    @admin.display(description="owner")
    def owner(self, row: UsageDay) -> str:
        """Whose use it was."""
        return owner_of_wallet(row.wallet)

    @admin.display(description="cost", ordering="cost_micros")
    def cost(self, row: UsageDay) -> str:
        """What providers cost us, in dollars."""
        return f"${row.cost_micros / 1_000_000:.4f}"


class PlanForm(Why):
    """A plan; its perks are one line each."""

    perks = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 5}), help_text="One a line"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["perks"] = "\n".join(self.instance.perks)

    def clean_perks(self) -> list[str]:
        """The lines, without empty ones."""
        return [line.strip() for line in self.cleaned_data["perks"].splitlines() if line.strip()]


@admin.register(Plan)
class PlanAdmin(ReasonedAdmin):
    """The tiers, edited by staff."""

    form = PlanForm
    list_display = (
        "title", "slug", "price", "monthly_credits", "hourly_rate", "at_once", "featured", "order",
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Wallets stand on plans."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A plan keeps its slug: wallets name it."""
        return ("slug",) if obj else ()

    @admin.display(description="price", ordering="price_cents")
    def price(self, plan: Plan) -> str:
        """Dollars a month."""
        return f"${plan.price_cents / 100:.2f}"

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        """Warns where a month's credit earns less than prices assume."""
        super().save_model(request, obj, form, change)
        if obj.price_cents and obj.monthly_credits:
            income = obj.price_cents / 100 / obj.monthly_credits
            if income < LOWEST_INCOME:
                messages.warning(
                    request, f"A credit of {obj} earns ${income:.6f}: prices assume more."
                )
