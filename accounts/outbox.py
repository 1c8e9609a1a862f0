"""The only writer of mails on their way: each is a row until the mail server took it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from smtplib import SMTPException

import structlog
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Mail

log = structlog.get_logger(__name__)

_TRIES = 12
_LEASE = timedelta(minutes=2)
"""How long one try may take before another one may start."""


def put(message: EmailMessage) -> None:
    """Keeps a mail with the caller's transaction and sends it once that is committed.

    A mail server that is down holds nobody up: the row stays and is tried again.
    """
    html = [str(part[0]) for part in getattr(message, "alternatives", [])]
    mail = Mail.objects.create(
        to=message.to[0],
        subject=str(message.subject)[:200],
        text=str(message.body),
        html=html[0] if html else "",
    )
    transaction.on_commit(partial(post, mail.pk))


def post(pk: int) -> bool:
    """Tries to send one mail that is due; its row goes when the server took it."""
    now = timezone.now()
    due = Mail.objects.filter(pk=pk, due_at__lte=now)
    if not due.update(due_at=now + _LEASE, attempts=F("attempts") + 1):
        return False
    mail = Mail.objects.get(pk=pk)
    try:
        _message(mail).send()
    except (OSError, SMTPException) as error:
        _put_off(mail, error)
        return False
    mail.delete()
    return True


def post_due(limit: int = 100) -> int:
    """Tries all mails whose time has come; says how many left."""
    due = Mail.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    return sum(post(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


def _put_off(mail: Mail, error: Exception) -> None:
    """Lets the mail wait, longer each time; after a day and a half it is given up."""
    log.warning("mail not sent", mail=mail.pk, attempts=mail.attempts, error=type(error).__name__)
    if mail.attempts >= _TRIES:
        mail.delete()
        return
    pause = timedelta(minutes=2 ** min(mail.attempts - 1, 9))
    Mail.objects.filter(pk=mail.pk).update(due_at=timezone.now() + pause)


def _message(mail: Mail) -> EmailMultiAlternatives:
    """The mail as Django sends it."""
    message = EmailMultiAlternatives(mail.subject, mail.text, to=[mail.to])
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    return message
