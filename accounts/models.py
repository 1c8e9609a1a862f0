"""Who you are: users by e-mail, their API keys and access tokens, and the owner of a thing."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

CLOSED = "@closed.invalid"
"""Addresses of closed accounts end like this; no mail can ever arrive there."""


class UserManager(BaseUserManager["User"]):
    """Makes users; the e-mail is the name."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A new user; e-mails are kept in lower case, so that one address is one account."""
        if not email:
            raise ValueError("An e-mail address is required")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A staff user who may do everything in the admin."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """The user of an e-mail address, whatever its case."""
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80, blank=True)
    handle = models.SlugField(max_length=40, unique=True, null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("-date_joined",)

    def __str__(self) -> str:
        return self.email

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must match to live: a new password ends it, and so does a new e-mail."""
        salt = "accounts.models.User.session"
        facts = f"{self.password}|{self.email}"
        return salted_hmac(salt, facts, secret=secret, algorithm="sha256").hexdigest()

    @property
    def is_closed(self) -> bool:
        """Whether the account has ended for good and belongs to nobody any more."""
        return self.email.endswith(CLOSED)

    @property
    def public_name(self) -> str:
        """What others see: never the e-mail address."""
        return self.name or f"maker-{self.id.hex[:6]}"


class ApiKey(models.Model):
    """One key of a user: only its digest is kept. Written by `accounts.keys` alone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    daily_credit_cap = models.PositiveBigIntegerField(null=True, blank=True)
    monthly_credit_cap = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """What is shown of the key, such as `nb_abc1…`."""
        return f"{self.prefix}…"

    @property
    def is_active(self) -> bool:
        """Whether the key still opens anything."""
        now = timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


class AccessToken(models.Model):
    """An opaque token of `/v1/auth/login`, stored hashed."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="access_tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"token of {self.user_id}"


class Visitor(models.Model):
    """Somebody without an account, known by a random token in the session."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    claimed_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return f"visitor {self.id.hex[:6]}"


class Mail(models.Model):
    """A mail that has not left yet. Written by `accounts.outbox` alone."""

    to = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"mail {self.pk}"


class WebhookEndpoint(models.Model):
    """An address of a user that hears of events. Written by `accounts.webhooks` alone.

    The one without a `url` is the account's own: its secret signs what a request's `webhook_url`
    gets. `lease_until` is held by whoever delivers to it now.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=2048, blank=True)
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=80)
    previous_secret = models.CharField(max_length=80, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was disabled")
    failing_since = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("user",), condition=Q(url=""), name="webhook_one_account_secret"
            ),
        )

    def __str__(self) -> str:
        return self.url or "the account's secret"


class WebhookDelivery(models.Model):
    """One event on its way to one address. Written by `accounts.deliveries` alone.

    `subject` is the generation it tells of (the generator app stands right of this one); events
    about anything else carry their `data`.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries"
    )
    url = models.CharField(max_length=2048, blank=True, help_text="Of one request alone")
    type = models.CharField(max_length=40)
    subject = models.UUIDField(null=True, blank=True)
    data = models.JSONField(default=dict)
    once = models.CharField(max_length=80, null=True, blank=True)  # noqa: DJ001 (NULL: as often)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    answer = models.CharField(max_length=1024, blank=True, help_text="The start of the answer")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "webhook deliveries"
        constraints = (
            models.UniqueConstraint(fields=("endpoint", "once"), name="webhook_told_once"),
        )
        indexes = (
            models.Index(fields=("due_at",), condition=Q(status="pending"), name="webhook_due"),
            models.Index(fields=("endpoint", "-created_at"), name="webhook_history"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"

    @property
    def address(self) -> str:
        """Where it goes."""
        return self.url or self.endpoint.url
