"""A provider's callback: authentic ones only, and all they do is let us ask at once."""

import hashlib
from uuid import uuid4

import pytest
from django.utils import timezone

from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Attempt, Output
from generator.providers.base import Waiting
from generator.tests.harness.stage import violations

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

SECRET = "a-secret-of-one-order"
THANKS = {"code": 200, "msg": "success"}


@pytest.fixture
def order(stage, ann, monkeypatch):
    """An order of ann's at a provider that calls back; its next question is a minute away."""

    def callback(_self, headers, body):
        if headers.get("x-signed") != "yes":
            raise ValueError("not signed")
        return body.decode()

    monkeypatch.setattr(stage.module.First, "can_callback", True)
    monkeypatch.setattr(stage.module.First, "callback", callback)
    stage.first.poll = [Waiting("task-1", 60.0), *stage.first.poll]
    made = stage.run(ann)
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    Attempt.objects.update(callback_digest=digest, remote_id="task-1@note")
    return stage.go_on(made)


def call(secret=SECRET, provider="first", body="task-1", signed="yes", method="post"):
    path = f"/callbacks/{provider}/{secret}"
    return Api("").send(method, path, body, X_Signed=signed)


def is_due():
    return Output.objects.get().due_at <= timezone.now()


def test_an_authentic_callback_lets_us_ask_now(order, stage, ann):
    assert not is_due()
    reply = call()

    assert (reply.status_code, reply.json()) == (200, THANKS)
    assert is_due()
    assert stage.go_on(order).status == "completed"
    assert wallet_of(ann).balance == 980


def test_late_and_doubled_callbacks_change_nothing(order, stage):
    replies = [call() for _ in range(3)]
    stage.go_on(order)
    version = order.version
    replies += [call() for _ in range(3)]
    stage.go_on(order)

    assert [reply.status_code for reply in replies] == [200] * 6
    assert order.version == version
    assert stage.first.count("poll") == 2
    assert violations() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"secret": "another"},
        {"secret": "x" * 5000},
        {"secret": "%00"},
        {"secret": "%F0%9F%92%A5"},
        {"provider": "second"},
        {"provider": "nobody"},
        {"signed": "no"},
        {"body": "task-2"},
        {"body": ""},
    ],
)
def test_what_is_not_authentic_is_404_and_changes_nothing(order, facts):
    reply = call(**facts)
    assert (reply.status_code, reply["Content-Type"]) == (404, "application/problem+json")
    assert not is_due()


def test_only_small_posts_are_read(order):
    assert call(method="get", body=None).status_code == 405
    assert call(body="x" * (1024 * 1024 + 1)).status_code == 413
    assert not is_due()


def test_the_secret_never_stands_in_the_log(order, caplog):
    caplog.set_level("INFO")
    call()
    call(signed="no")
    assert "api" in caplog.text
    assert all(SECRET not in str(vars(record)) for record in caplog.records)


def test_an_order_that_nobody_knows_is_left_alone(order):
    attempt = Attempt.objects.get()
    attempt.output_id = uuid4()
    assert engine.called_back(attempt) is False
