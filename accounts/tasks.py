"""What the beat does for accounts: mails that are due, and rows whose time is over."""

from __future__ import annotations

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from accounts import deliveries, outbox, tokens


@shared_task
def post_mail() -> None:
    """Tries every mail that is due."""
    outbox.post_due()


@shared_task
def tidy() -> None:
    """Removes access tokens and sessions that have expired, and old webhook deliveries."""
    tokens.forget_expired()
    SessionStore.clear_expired()
    deliveries.forget()
