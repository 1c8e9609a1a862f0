"""Mails leave once their transaction is committed, and wait while the mail server is down."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.utils import timezone

from accounts import outbox, tasks, tokens
from accounts.models import AccessToken, Mail

pytestmark = pytest.mark.django_db


class DownBackend(BaseEmailBackend):
    """A mail server that hangs up."""

    def send_messages(self, messages):
        raise SMTPServerDisconnected("gone")


@pytest.fixture
def down(settings):
    """The mail server is down until `up` is called."""
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "accounts.tests.test_outbox.DownBackend"

    def up():
        settings.EMAIL_BACKEND = backend

    return up


def put():
    message = EmailMultiAlternatives("Hello", "In words", to=["ann@example.com"])
    message.attach_alternative("<p>In markup</p>", "text/html")
    outbox.put(message)


def test_a_mail_leaves_after_the_commit_and_leaves_no_row(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        put()
        assert mail.outbox == []

    [message] = mail.outbox
    assert (message.to, message.subject, message.body) == (["ann@example.com"], "Hello", "In words")
    assert message.alternatives[0][0] == "<p>In markup</p>"
    assert not Mail.objects.exists()


def test_a_mail_of_what_never_happened_never_leaves(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        put()
        transaction.set_rollback(True)

    assert mail.outbox == []
    assert not Mail.objects.exists()


def test_a_mail_waits_for_the_server_and_then_leaves_once(
    down, django_capture_on_commit_callbacks, time_machine
):
    with django_capture_on_commit_callbacks(execute=True):
        put()
    assert Mail.objects.get().attempts == 1
    assert outbox.post_due() == 0

    down()
    assert mail.outbox == []
    time_machine.move_to(timezone.now() + timedelta(minutes=2))
    tasks.post_mail()
    tasks.post_mail()
    assert len(mail.outbox) == 1


def test_pauses_grow_until_a_mail_is_given_up(down, time_machine):
    put()
    waits = []
    while (row := Mail.objects.first()) and len(waits) < 20:
        time_machine.move_to(row.due_at + timedelta(seconds=1), tick=False)
        outbox.post_due()
        row = Mail.objects.first()
        waits.append((row.due_at - timezone.now()).total_seconds() // 60 if row else None)

    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] is None
    assert len(waits) == 12


def test_a_mail_being_sent_is_not_sent_by_a_second_worker():
    put()
    row = Mail.objects.get()
    Mail.objects.update(due_at=timezone.now() + timedelta(minutes=2))

    assert not outbox.post(row.pk)
    assert mail.outbox == []


def test_tidying_removes_what_is_over_only(ann):
    tokens.issue(ann)
    old, _ = tokens.issue(ann)
    AccessToken.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    tasks.tidy()

    assert AccessToken.objects.count() == 1
