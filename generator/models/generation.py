"""A generation's rows. Status, steps and attempts are written by `generator.engine` alone."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Visitor
from billing.models import Wallet
from generator.models.querysets import GenerationQuerySet, OutputQuerySet


class Generation(models.Model):
    """One request of a user: `n` output slots at a price frozen when it was accepted.

    Owned by a user (with a wallet) or by a visitor (a trial: no wallet, no ledger entry). Credits
    are whole numbers, costs micro-dollars, times UTC, durations milliseconds.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        PROCESSING = "processing"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="generations",
    )
    visitor = models.ForeignKey(
        Visitor, null=True, blank=True, on_delete=models.SET_NULL, related_name="generations"
    )
    address = models.CharField(max_length=45, blank=True, help_text="A trial's address group")
    wallet = models.ForeignKey(
        Wallet, null=True, blank=True, on_delete=models.PROTECT, related_name="generations"
    )
    key = models.UUIDField(null=True, blank=True, help_text="The API key it came by")
    key_prefix = models.CharField(max_length=16, blank=True)

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    mode = models.CharField(max_length=16)
    model = models.CharField(max_length=60)
    prompt = models.TextField(blank=True)
    style = models.CharField(max_length=50, blank=True)
    parameters = models.JSONField(default=dict, help_text="As validated, after defaults")
    warnings = models.JSONField(default=list, blank=True)
    uploads = models.JSONField(default=list, blank=True, help_text="Ids of the reference images")
    n = models.PositiveSmallIntegerField(default=1)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    seed = models.BigIntegerField(null=True, blank=True)
    public = models.BooleanField(default=False, help_text="Publish when done")

    price = models.PositiveBigIntegerField(help_text="Credits of the whole, frozen at acceptance")
    refunded = models.PositiveBigIntegerField(default=0)
    cost_micros = models.PositiveBigIntegerField(default=0, help_text="What the provider costs us")
    provider = models.CharField(max_length=40, blank=True, help_text="Who served it in the end")
    upstream_model = models.CharField(max_length=120, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    cancel_requested = models.BooleanField(default=False)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    deadline_at = models.DateTimeField()
    duration_ms = models.PositiveBigIntegerField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(
        default=0, help_text="Counts visible changes, for event streams"
    )

    objects = GenerationQuerySet.as_manager()

    balance_after: int | None = None
    """Credits left right after acceptance: set by `engine.submit` on the row it returns."""

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    completed_at__isnull=False, status__in=("completed", "failed", "canceled")
                )
                | Q(completed_at__isnull=True, status__in=("pending", "processing")),
                name="generation_ends_when_terminal",
            ),
            models.CheckConstraint(
                condition=Q(refunded__lte=models.F("price")), name="generation_refund_within_price"
            ),
        )
        indexes = (
            models.Index(fields=("user", "-created_at", "-id"), name="generation_user_time"),
            models.Index(fields=("wallet", "-created_at"), name="generation_wallet_time"),
            models.Index(
                fields=("visitor", "-created_at"),
                name="generation_visitor_time",
                condition=Q(visitor__isnull=False),
            ),
            models.Index(
                fields=("created_at",),
                name="generation_open",
                condition=Q(status__in=("pending", "processing")),
            ),
        )

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        """The id as `/v1` writes it."""
        return f"gen_{self.id.hex}"

    @property
    def is_ended(self) -> bool:
        """Whether the status will not change any more."""
        return self.status not in {self.Status.PENDING, self.Status.PROCESSING}

    @property
    def receipt(self) -> dict[str, Any]:
        """What it was quoted at, what was charged and given back, in credits, and why."""
        return {
            "quoted": self.price,
            "charged": self.price,
            "refunded": self.refunded,
            "reason": self.error_message if self.refunded else "",
        }

    @property
    def cost_dollars(self) -> float:
        """What the provider costs us, in US dollars."""
        return self.cost_micros / 1_000_000


class Output(models.Model):
    """One slot of a generation and, once delivered, its file. The row is the queue.

    `due_at` says when the next step may run, `lease_until` until when somebody runs it, `epoch`
    who: a write happens only where the epoch is still the writer's own.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SUBMIT = "submit"
        RUN = "run"
        STORE = "store"
        DELIVERED = "delivered"
        FAILED = "failed"
        CANCELED = "canceled"

    LIVE = (State.SUBMIT, State.RUN, State.STORE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="outputs")
    index = models.PositiveSmallIntegerField()
    wallet_key = models.CharField(
        max_length=40, help_text="Whose turn it is: the fair pick's partition"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Submissions refused as busy so far"
    )
    store_tries = models.PositiveSmallIntegerField(default=0)
    progress = models.PositiveSmallIntegerField(default=0)
    late_until = models.DateTimeField(
        null=True, blank=True, help_text="A result is still attached until then, free of charge"
    )
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.CharField(max_length=300, blank=True)

    file_key = models.CharField(max_length=80, blank=True)
    content_type = models.CharField(max_length=40, blank=True)
    size = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    published = models.BooleanField(default=False, help_text="Anybody may read the file now")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = OutputQuerySet.as_manager()

    class Meta:
        ordering = ("generation", "index")
        constraints = (
            models.UniqueConstraint(fields=("generation", "index"), name="one_output_a_slot"),
        )
        indexes = (
            models.Index(
                fields=("due_at",),
                name="output_due",
                condition=Q(state__in=("submit", "run", "store")),
            ),
            models.Index(
                fields=("due_at",), name="output_late", condition=Q(late_until__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"output {self.index} of {self.generation_id}"

    @property
    def extension(self) -> str:
        """The file's ending, by its type."""
        return {"image/jpeg": "jpg", "image/webp": "webp", "video/mp4": "mp4"}.get(
            self.content_type, "png"
        )


class Attempt(models.Model):
    """One submission of one slot to one provider, committed as intent before its request leaves."""

    class State(models.TextChoices):
        INTENT = "intent"
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        UNKNOWN = "unknown"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    provider = models.CharField(max_length=40)
    upstream_model = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENT)
    remote_id = models.CharField(max_length=200, blank=True)
    callback_digest = models.CharField(max_length=64, blank=True)
    results = models.JSONField(
        default=list, blank=True, help_text="Where the upstream keeps the files"
    )
    cost_micros = models.PositiveBigIntegerField(null=True, blank=True)
    error = models.CharField(
        max_length=200, blank=True, help_text="For staff; never a key or upstream text"
    )
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("output", "number")
        constraints = (
            models.UniqueConstraint(fields=("output", "number"), name="one_attempt_a_number"),
            models.UniqueConstraint(
                fields=("output",),
                condition=Q(state__in=("intent", "accepted", "unknown")),
                name="one_open_attempt_a_slot",
            ),
        )
        indexes = (models.Index(fields=("provider", "remote_id"), name="attempt_remote"),)

    def __str__(self) -> str:
        return f"attempt {self.number} by {self.provider}"


class StoredBytes(models.Model):
    """A finished file that the store refused, kept here until a sweep can move it."""

    output = models.OneToOneField(Output, on_delete=models.CASCADE, related_name="kept")
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"bytes of {self.output_id}"
