"""The only writer of webhook endpoints: register, rotate, disable; and the signatures they check.

Signatures are those of Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of
`<id>.<timestamp>.<body>`, under the 32 bytes behind `whsec_`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts import outbox
from accounts.models import User, WebhookDelivery, WebhookEndpoint

EVENTS = (
    "generation.completed",
    "generation.failed",
    "generation.canceled",
    "credits.low",
    "key.created",
)
MOST = 10
"""Endpoints of one user."""
BOTH = timedelta(hours=24)
"""How long the previous secret signs too after a rotation."""
LEASE = timedelta(seconds=40)
"""How long one delivery may take before another worker may take the endpoint over."""
PATIENCE = timedelta(days=5)
"""How long an endpoint may fail without one success."""
_PREFIX = "whsec_"


class TooMany(Exception):
    """The user has as many endpoints as one may have."""


def register(user: User, url: str, events: Iterable[str] = ()) -> WebhookEndpoint:
    """A new endpoint for these events, or for all. The caller has checked the address.

    Raises TooMany.
    """
    wanted = set(events) or set(EVENTS)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if of(user).count() >= MOST:
            raise TooMany(f"{MOST} webhooks are the most. Delete one first.")
        return WebhookEndpoint.objects.create(
            user=user,
            url=url,
            events=[event for event in EVENTS if event in wanted],
            secret=_secret(),
        )


def of(user: User | UUID) -> QuerySet[WebhookEndpoint]:
    """The endpoints that the user (or the user of an id) registered, newest first."""
    return WebhookEndpoint.objects.filter(user=user).exclude(url="")


def account(user: User | UUID) -> WebhookEndpoint:
    """The row whose secret signs what goes to a request's `webhook_url`; made at first use."""
    pk = user.pk if isinstance(user, User) else user
    made = {"secret": _secret()}
    return WebhookEndpoint.objects.get_or_create(user_id=pk, url="", defaults=made)[0]


def is_open(user: User | UUID) -> bool:
    """Whether the account is neither closed nor banned: nothing leaves for one that is."""
    pk = user.pk if isinstance(user, User) else user
    return User.objects.filter(pk=pk, is_active=True).exists()


def rotate(endpoint: WebhookEndpoint) -> str:
    """A new secret; the previous one signs too for a day."""
    endpoint.previous_secret, endpoint.secret = endpoint.secret, _secret()
    endpoint.previous_until = timezone.now() + BOTH
    endpoint.save(update_fields=("previous_secret", "secret", "previous_until"))
    return endpoint.secret


def remove(endpoint: WebhookEndpoint) -> None:
    """Ends the endpoint with all that is on its way to it."""
    endpoint.delete()


def forget(user: User) -> None:
    """Removes all endpoints and secrets of a user who leaves."""
    WebhookEndpoint.objects.filter(user=user).delete()


def enable(endpoint: WebhookEndpoint) -> None:
    """Lets a disabled endpoint hear of events again."""
    _rows(endpoint).update(disabled_at=None, reason="", failing_since=None)


def disable(endpoint: WebhookEndpoint, reason: str) -> None:
    """Stops all deliveries to the endpoint, and tells its owner by mail, once."""
    now = timezone.now()
    with transaction.atomic():
        if not _rows(endpoint).filter(disabled_at=None).update(disabled_at=now, reason=reason):
            return
        pending = WebhookDelivery.Status.PENDING
        WebhookDelivery.objects.filter(endpoint=endpoint, status=pending).update(
            status=WebhookDelivery.Status.FAILED
        )
        text = f"{endpoint.url}\n\nNothing is sent there any more: {reason}"
        subject = "A webhook of yours was disabled"
        outbox.put(EmailMessage(subject, text, to=[endpoint.user.email]))


def take(endpoint_id: UUID) -> bool:
    """Lease the endpoint, so that one worker at a time delivers to it."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    mine = WebhookEndpoint.objects.filter(free, pk=endpoint_id, disabled_at=None)
    return bool(mine.update(lease_until=now + LEASE))


def keep(endpoint_id: UUID) -> None:
    """Hold the lease for one more delivery."""
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(lease_until=timezone.now() + LEASE)


def release(endpoint_id: UUID, rest: timedelta) -> None:
    """Let go of the lease after this pause. The time stays: who was served last is last in line."""
    WebhookEndpoint.objects.filter(pk=endpoint_id).update(lease_until=timezone.now() + rest)


def went_well(endpoint: WebhookEndpoint) -> None:
    """A success ends a time of failures."""
    if endpoint.failing_since is not None:
        _rows(endpoint).update(failing_since=None)
        endpoint.failing_since = None


def went_wrong(endpoint: WebhookEndpoint) -> None:
    """Note the first failure; disable after five days of nothing else."""
    now = timezone.now()
    if not endpoint.url:
        return
    if endpoint.failing_since is None:
        _rows(endpoint).filter(failing_since=None).update(failing_since=now)
        endpoint.failing_since = now
    elif now - endpoint.failing_since > PATIENCE:
        disable(endpoint, "It failed for five days.")


def signatures(endpoint: WebhookEndpoint, message: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header: one signature, or two during a rotation."""
    keys = [endpoint.secret]
    if endpoint.previous_until and endpoint.previous_until > timezone.now():
        keys.append(endpoint.previous_secret)
    return " ".join(sign(key, message, timestamp, body) for key in keys)


def sign(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """One signature of Standard Webhooks, version 1. `timestamp` is Unix seconds."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    text = f"{message}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _rows(endpoint: WebhookEndpoint) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(pk=endpoint.pk)
