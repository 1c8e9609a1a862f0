"""The only writer of webhook deliveries: rows written with what they tell of, until they arrived.

A delivery is a row before it is sent, leased while it is, and tried ten times over three days.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Min
from django.db.models.query import QuerySet
from django.utils import timezone

from accounts import webhooks
from accounts.models import User, WebhookDelivery, WebhookEndpoint

Status = WebhookDelivery.Status
PAUSES = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds after each failed try but the last (the delays that Standard Webhooks suggests)."""
TRIES = len(PAUSES) + 1
JITTER = 0.1
KEPT = timedelta(days=30)
ANSWER = 1024
"""Characters of an answer that are kept."""


@dataclass(frozen=True)
class Outcome:
    """How one try went. `http_status` is None where no answer came; `answer` is its start, or
    what went wrong.
    """

    http_status: int | None
    duration_ms: int
    answer: str

    @property
    def is_fine(self) -> bool:
        """Whether the receiver took it."""
        return self.http_status is not None and 200 <= self.http_status < 300


def tell(
    user: User | UUID,
    event: str,
    *,
    data: dict[str, Any] | None = None,
    subject: UUID | None = None,
    url: str = "",
    once: str | None = None,
) -> int:
    """Write an event for each endpoint of the user that wants it, in the caller's transaction.

    `url` gets it besides, signed with the account's secret. With `once` an endpoint hears of the
    same thing one time only. Returns how many were written.
    """
    listening = webhooks.of(user).filter(disabled_at=None, user__is_active=True)
    wanted = [(endpoint, "") for endpoint in listening if event in endpoint.events]
    if url and webhooks.is_open(user):
        wanted.append((webhooks.account(user), url))
    rows = [
        WebhookDelivery(
            endpoint=endpoint, url=one, type=event, subject=subject, data=data or {}, once=once
        )
        for endpoint, one in wanted
    ]
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=once is not None)
    return len(rows)


def test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """An event that says nothing, to see whether the endpoint hears."""
    data = {"message": "This is a test."}
    return WebhookDelivery.objects.create(endpoint=endpoint, type="webhook.test", data=data)


def resend(delivery: WebhookDelivery) -> WebhookDelivery:
    """Begin anew, under the same id, so that a receiver who had it knows it."""
    delivery.status, delivery.attempts = Status.PENDING, 0
    delivery.due_at = timezone.now()
    delivery.save(update_fields=("status", "attempts", "due_at"))
    return delivery


def waiting(besides: Iterable[UUID], limit: int) -> list[tuple[UUID, UUID]]:
    """Endpoints with something due that nobody delivers to now, with their users: who was served
    longest ago comes first, then who waits longest.
    """
    now = timezone.now()
    due = WebhookDelivery.objects.filter(
        status=Status.PENDING, due_at__lte=now, endpoint__disabled_at=None
    ).exclude(endpoint__lease_until__gt=now)
    found = (
        due.exclude(endpoint__in=list(besides))
        .values("endpoint", "endpoint__user", "endpoint__lease_until")
        .annotate(since=Min("due_at"))
        .order_by(F("endpoint__lease_until").asc(nulls_first=True), "since")[:limit]
    )
    return [(row["endpoint"], row["endpoint__user"]) for row in found]


def claim(endpoint_id: UUID) -> WebhookDelivery | None:
    """The endpoint's longest waiting delivery, counted as tried: should the worker die now, it is
    due again once the lease is over. The caller holds the endpoint's lease.
    """
    now = timezone.now()
    due = WebhookDelivery.objects.filter(
        endpoint=endpoint_id, status=Status.PENDING, due_at__lte=now, endpoint__disabled_at=None
    )
    found = due.select_related("endpoint__user").order_by("due_at", "created_at").first()
    if found is None or not _same_try(found).update(
        attempts=F("attempts") + 1, due_at=now + webhooks.LEASE
    ):
        return None
    found.attempts += 1
    return found


def close(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """Write how a claimed try went: arrived, to be tried again, or given up.

    A worker whose lease was taken over changes nothing.
    """
    changes: dict[str, Any] = {
        "http_status": outcome.http_status,
        "duration_ms": outcome.duration_ms,
        "answer": outcome.answer[:ANSWER],
    }
    if outcome.is_fine:
        changes["status"] = Status.DELIVERED
    elif outcome.http_status == 410 or delivery.attempts >= TRIES:
        changes["status"] = Status.FAILED
    else:
        changes["due_at"] = timezone.now() + pause(delivery.attempts)
    if not _same_try(delivery).update(**changes):
        return
    _judge(delivery, outcome)


def _judge(delivery: WebhookDelivery, outcome: Outcome) -> None:
    """What a try says about its endpoint; an address of one request has none."""
    if delivery.url:
        return
    if outcome.is_fine:
        webhooks.went_well(delivery.endpoint)
    elif outcome.http_status == 410:
        webhooks.disable(delivery.endpoint, "It answered 410 Gone.")
    else:
        webhooks.went_wrong(delivery.endpoint)


def pause(attempts: int) -> timedelta:
    """How long to wait after so many tries, with up to a tenth more, so that they spread."""
    seconds = PAUSES[min(attempts, len(PAUSES)) - 1]
    return timedelta(seconds=seconds * (1 + random.random() * JITTER))  # noqa: S311


def forget() -> int:
    """Removes deliveries of more than thirty days ago; returns how many."""
    old = WebhookDelivery.objects.filter(created_at__lt=timezone.now() - KEPT)
    return old.exclude(status=Status.PENDING).delete()[0]


def message(delivery: WebhookDelivery) -> str:
    """The `webhook-id`: the same over all tries, and when it is sent again by hand."""
    return f"msg_{delivery.pk.hex}"


def _same_try(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, status=Status.PENDING, attempts=delivery.attempts
    )
