"""What you may spend: plans, wallets, the append-only ledger and usage by key and day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Plan(models.Model):
    """A tier, edited by staff: what it costs and what it allows."""

    slug = models.SlugField(primary_key=True)
    title = models.CharField(max_length=40)
    price_cents = models.PositiveIntegerField(help_text="US cents a month")
    monthly_credits = models.PositiveIntegerField(
        help_text="Granted each period; 0 for bought packs"
    )
    hourly_rate = models.PositiveIntegerField(help_text="Accepted generations in a moving hour")
    at_once = models.PositiveIntegerField(help_text="Generations in processing at the same time")
    tagline = models.CharField(max_length=80, blank=True)
    perks = models.JSONField(default=list, blank=True, help_text="Lines of the price card")
    featured = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("order",)

    def __str__(self) -> str:
        return self.title

    @property
    def monthly_images(self) -> int | None:
        """The month's credits as standard images of 20 credits; None where nothing is granted."""
        return self.monthly_credits // 20 if self.monthly_credits else None


class Wallet(models.Model):
    """Credits and the plan they come with. Balances are written by `billing.ledger` alone.

    `balance` is everything that can be spent, `bought` the part of it that never expires.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, default="free")
    balance = models.BigIntegerField(default=0)
    bought = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True, db_index=True)
    rate_lifted = models.BooleanField(
        default=False, help_text="No hourly rate and no limit at once"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(bought__gte=0) & Q(bought__lte=F("balance")),
                name="wallet_bought_in_balance",
            ),
            models.CheckConstraint(condition=Q(balance__gte=0), name="wallet_balance_not_negative"),
            models.CheckConstraint(condition=Q(owed__gte=0), name="wallet_owed_not_negative"),
        )

    def __str__(self) -> str:
        return f"wallet {self.pk}"

    @property
    def monthly(self) -> int:
        """The part of the balance that ends with the period."""
        return self.balance - self.bought


class Membership(models.Model):
    """Who may spend from a wallet; one owner today, shared wallets later."""

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="memberships")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="membership"
    )

    def __str__(self) -> str:
        return f"{self.user_id} in {self.wallet_id}"


class LedgerEntry(models.Model):
    """One movement of credits, never changed: triggers refuse UPDATE and DELETE on both databases.

    `reference` is the id of the generation the movement belongs to (the generator app stands right
    of this one).
    """

    class Kind(models.TextChoices):
        GRANT = "grant"
        EXPIRE = "expire"
        PURCHASE = "purchase"
        CHARGE = "charge"
        REFUND = "refund"
        ADJUST = "adjust"
        CHARGEBACK = "chargeback"

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="entries")
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = models.BigIntegerField()
    bought_amount = models.BigIntegerField(default=0)
    balance_after = models.BigIntegerField()
    generation = models.UUIDField(null=True, blank=True)
    idem_key = models.CharField(max_length=120, unique=True)
    actor = models.CharField(
        max_length=60, default="system", help_text="system, or a staff user's id"
    )
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-seq",)
        verbose_name_plural = "ledger entries"
        constraints = (
            models.UniqueConstraint(fields=("wallet", "seq"), name="entry_seq_unique"),
            models.UniqueConstraint(
                fields=("generation",), condition=Q(kind="charge"), name="one_charge_a_generation"
            ),
            models.UniqueConstraint(
                fields=("generation",), condition=Q(kind="refund"), name="one_refund_a_generation"
            ),
            models.CheckConstraint(
                condition=Q(balance_after__gte=0), name="entry_balance_not_negative"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_moves_something"),
            models.CheckConstraint(
                condition=Q(kind__in=("grant", "purchase", "refund"), amount__gt=0)
                | Q(kind__in=("expire", "charge", "chargeback"), amount__lt=0)
                | Q(kind="adjust"),
                name="entry_sign_matches_kind",
            ),
        )
        indexes = (
            models.Index(fields=("wallet", "-created_at"), name="entry_wallet_time"),
            models.Index(fields=("generation",), name="entry_generation"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.amount:+d}"


class UsageDay(models.Model):
    """What one key (or, without one, the pages) used on one UTC day. Written by `billing.usage`
    alone.
    """

    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="usage")
    key = models.CharField(max_length=36, blank=True, help_text="An API key's id; empty: the pages")
    key_prefix = models.CharField(max_length=16, blank=True)
    day = models.DateField()
    requests = models.PositiveIntegerField(default=0)
    images = models.PositiveIntegerField(default=0)
    credits = models.BigIntegerField(default=0)
    cost_micros = models.BigIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-day",)
        constraints = (
            models.UniqueConstraint(fields=("wallet", "key", "day"), name="one_usage_row_a_day"),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.key_prefix}"
