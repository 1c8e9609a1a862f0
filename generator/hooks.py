"""The one place that sends webhooks: what is due, each endpoint by itself, through the guard.

An endpoint is leased while it is delivered to, so one at a time goes there; one that is slow holds
up nobody else, and one that does not answer rests. The threads are daemons: a stop does not wait
for them, because whatever they had is due again when its lease is over.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import structlog
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts import deliveries, webhooks
from accounts.deliveries import Outcome
from accounts.models import WebhookDelivery
from generator import presentation
from generator.guard import FetchFailed, FetchRefused, Policy
from generator.guarded_client import open_guarded_client
from generator.models import Generation

log = structlog.get_logger(__name__)
SECONDS = 15.0
"""The longest one try may take, names and all."""
WIDTH = 16
"""Endpoints delivered to at once in one worker."""
SHARE = 4
"""Of them, those of one user."""
TURN = 10.0
"""Seconds after which an endpoint with more to come lets others go first."""
NO_ANSWER = "No answer in time, or the connection failed."
REFUSED = "This address may not be connected to."

REST = 4
"""A receiver that gave no answer is let alone for this many times as long as it was waited for."""

Lanes = dict[UUID, tuple[UUID, threading.Thread]]


def policy() -> Policy:
    """What an address of a user may lead to: never this site itself or a private machine."""
    own = {urlsplit(settings.SITE_URL).hostname or "", *settings.ALLOWED_HOSTS}
    return Policy(allow=settings.FETCH_ALLOW_HOSTS, own=frozenset(own))


def sweep(lanes: Lanes) -> int:
    """Begin what is due side by side, and return at once; returns how many endpoints were begun.

    `lanes` holds what this process delivers to now: endpoint to user and thread.
    """
    for endpoint in [one for one, (_, thread) in lanes.items() if not thread.is_alive()]:
        del lanes[endpoint]
    begun = 0
    for endpoint, user in deliveries.waiting(lanes, WIDTH * SHARE):
        busy = [owner for owner, _ in lanes.values()]
        if len(busy) < WIDTH and busy.count(user) < SHARE:
            thread = threading.Thread(target=_in_thread, args=(endpoint,), name="hook", daemon=True)
            lanes[endpoint] = (user, thread)
            thread.start()
            begun += 1
    return begun


def serve(endpoint_id: UUID, seconds: float = TURN) -> int:
    """Deliver what is due to one endpoint, one after the other; returns how many were tried."""
    if not webhooks.take(endpoint_id):
        return 0
    ends, tried, rest = time.monotonic() + seconds, 0, timedelta()
    claimed = deliveries.claim(endpoint_id)
    while claimed is not None:
        outcome = attempt(claimed)
        deliveries.close(claimed, outcome)
        tried += 1
        if outcome.http_status is None:
            rest = timedelta(milliseconds=outcome.duration_ms * REST)
            break
        if time.monotonic() >= ends:
            break
        webhooks.keep(endpoint_id)
        claimed = deliveries.claim(endpoint_id)
    webhooks.release(endpoint_id, rest)
    return tried


def drain() -> int:
    """Deliver everything that is due here and now, one after the other; returns how many tries."""
    return sum(serve(endpoint) for endpoint, _ in deliveries.waiting((), 1000))


def attempt(delivery: WebhookDelivery) -> Outcome:
    """One try to hand a delivery over."""
    body = json.dumps(payload(delivery), separators=(",", ":")).encode()
    began = time.monotonic()
    status, answer = _post(delivery.address, headers(delivery, body), body)
    taken = int((time.monotonic() - began) * 1000)
    log.info("webhook sent", delivery=str(delivery.pk), status=status, duration_ms=taken)
    return Outcome(status, taken, answer)


def payload(delivery: WebhookDelivery) -> dict[str, Any]:
    """The body: a generation as it is shown now, so that its links open."""
    data = delivery.data
    if delivery.subject is not None:
        row = Generation.objects.filter(pk=delivery.subject).with_outputs().first()
        data = presentation.summary(row) if row is not None else {}
    return {"type": delivery.type, "timestamp": presentation.moment(delivery.created_at)} | {
        "data": data
    }


def headers(delivery: WebhookDelivery, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks; the id stays the same over all tries."""
    message, timestamp = deliveries.message(delivery), int(timezone.now().timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": webhooks.signatures(delivery.endpoint, message, timestamp, body),
    }


def _post(url: str, named: dict[str, str], body: bytes) -> tuple[int | None, str]:
    """Status and start of the answer; no status where there was none."""
    status: int | None = None
    received = bytearray()
    try:
        with (
            open_guarded_client(policy(), SECONDS) as client,
            client.stream("POST", url, content=body, headers=named) as response,
        ):
            status = response.status_code
            for chunk in response.iter_raw():
                received += chunk
                if len(received) >= deliveries.ANSWER:
                    break
    except FetchRefused:
        return None, REFUSED
    except (FetchFailed, httpx.HTTPError, httpx.StreamError, httpx.InvalidURL):
        # An answer that broke off after its status is an answer.
        if status is None:
            return None, NO_ANSWER
    text = bytes(received[: deliveries.ANSWER]).decode("utf-8", "replace")
    return status, text.replace("\x00", "")


def _in_thread(endpoint_id: UUID) -> None:
    try:
        serve(endpoint_id)
    except Exception:
        # The database went away: the lease ends by itself, and the delivery is due again.
        log.warning("a webhook was not finished", exc_info=True)
    finally:
        connections.close_all()  # the thread ends, and its connection with it
