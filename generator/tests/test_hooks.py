"""What outgoing webhooks promise: signed, at least once, never inside, nobody waits for others."""

from __future__ import annotations

import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core import mail
from django.utils import timezone

from accounts import closing, deliveries, keys, webhooks
from accounts.models import WebhookDelivery, WebhookEndpoint
from billing import ledger
from generator import hooks
from generator.tests.receivers import receiving, verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings):
    """A receiver that this site may deliver to."""
    with receiving() as one:
        settings.FETCH_ALLOW_HOSTS = frozenset({one.host})
        yield one


@pytest.fixture
def endpoint(ann, receiver):
    """Ann's endpoint there, for all events."""
    return webhooks.register(ann, receiver.url)


def tell(endpoint, **facts):
    """One event for the endpoint's user."""
    deliveries.tell(endpoint.user, "key.created", data={"name": "Website"}, **facts)
    return endpoint.deliveries.first()


def let_time_pass(row):
    """The delivery's next try is due now."""
    WebhookDelivery.objects.filter(pk=row.pk).update(due_at=timezone.now())


def test_the_signature_is_the_published_vector():
    secret = "whsec_bmFub2JhbmFuYS1sb2NhbC10ZXN0LXNlY3JldC0wMDAx"
    body = b'{"status":"completed","request_id":"6a1c6f0e-2f4b-4e0a-9a57-0d7f3c1b2a90"}'
    signed = webhooks.sign(secret, "msg_local_0001", 1795000000, body)
    assert signed == "v1,NVcR9Ouwri6KWdso4Vmw9/Uik4hZ3QwfFHs5dtLoFag="


def test_an_event_arrives_once_and_its_signature_verifies(endpoint, receiver):
    row = tell(endpoint)

    assert hooks.drain() == 1
    assert hooks.drain() == 0
    [(headers, body)] = receiver.got
    assert verified(endpoint.secret, headers, body)
    assert not verified(endpoint.secret, headers, body + b" ")
    assert not verified(endpoint.secret, headers, body, now=time.time() + 400)
    assert receiver.bodies[0]["type"] == "key.created"
    assert receiver.bodies[0]["data"] == {"name": "Website"}
    row.refresh_from_db()
    assert (row.status, row.http_status, row.answer, row.attempts) == (
        "delivered", 200, "thanks", 1,
    )  # fmt: skip
    assert row.duration_ms >= 0


def test_both_secrets_verify_during_a_rotation_and_one_after_it(endpoint, receiver):
    old = endpoint.secret
    new = webhooks.rotate(endpoint)
    tell(endpoint)
    hooks.drain()
    WebhookEndpoint.objects.update(previous_until=timezone.now() - timedelta(seconds=1))
    tell(endpoint)
    hooks.drain()

    first, second = receiver.got
    assert (verified(old, *first), verified(new, *first)) == (True, True)
    assert (verified(old, *second), verified(new, *second)) == (False, True)


def test_a_failing_receiver_gets_ten_tries_with_one_id_and_growing_pauses(endpoint, receiver):
    receiver.status = 500
    row = tell(endpoint)
    pauses = []
    for _ in range(12):
        hooks.drain()
        row.refresh_from_db()
        pauses.append((row.due_at - timezone.now()).total_seconds())
        let_time_pass(row)

    assert len(receiver.got) == deliveries.TRIES == 10
    assert len(set(receiver.ids)) == 1
    assert all(verified(endpoint.secret, *one) for one in receiver.got)
    assert (row.status, row.http_status) == ("failed", 500)
    assert 4 < pauses[0] <= 5.5
    assert all(before < after for before, after in pairwise(pauses[:9]))
    assert 3 * 86400 < sum(deliveries.PAUSES) < 3.5 * 86400


def test_a_receiver_that_comes_back_gets_the_event(endpoint, receiver):
    receiver.decide = lambda count: 503 if count < 3 else 204
    row = tell(endpoint)
    for _ in range(3):
        hooks.drain()
        let_time_pass(row)

    row.refresh_from_db()
    assert (row.status, row.attempts) == ("delivered", 3)
    assert hooks.drain() == 0


def test_a_redirect_is_not_followed(endpoint, receiver, settings):
    with receiving() as other:
        settings.FETCH_ALLOW_HOSTS |= {other.host}
        receiver.status, receiver.location = 307, other.url
        row = tell(endpoint)
        hooks.drain()

        row.refresh_from_db()
        assert (row.status, row.http_status, other.got) == ("pending", 307, [])


def test_410_disables_the_endpoint_and_its_owner_is_told(
    endpoint, receiver, django_capture_on_commit_callbacks
):
    receiver.status = 410
    rows = [tell(endpoint), tell(endpoint)]
    with django_capture_on_commit_callbacks(execute=True):
        hooks.drain()
    tell(endpoint)
    hooks.drain()

    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None
    assert len(receiver.got) == 1
    assert {WebhookDelivery.objects.get(pk=row.pk).status for row in rows} == {"failed"}
    assert endpoint.deliveries.count() == 2
    assert [message.to for message in mail.outbox] == [[endpoint.user.email]]
    assert "410" in mail.outbox[0].body


def test_five_days_of_failures_disable_and_one_success_forgives(endpoint, receiver):
    receiver.status = 500
    long_ago = timezone.now() - timedelta(days=6)
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=4))
    tell(endpoint)
    hooks.drain()
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None

    receiver.status = 200
    tell(endpoint)
    hooks.drain()
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None

    receiver.status = 500
    WebhookEndpoint.objects.update(failing_since=long_ago)
    tell(endpoint)
    hooks.drain()
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is not None


def test_a_huge_answer_costs_a_kilobyte(endpoint, receiver):
    receiver.answer = b"a\x00" * 5_000_000
    row = tell(endpoint)
    began = time.monotonic()
    hooks.drain()

    row.refresh_from_db()
    assert row.status == "delivered"
    assert 0 < len(row.answer) <= 1024
    assert "\x00" not in row.answer
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/", "http://8.8.8.8/"],
)
def test_an_inside_address_is_refused_when_it_is_connected_to(ann, url):
    row = tell(webhooks.register(ann, url))
    hooks.drain()

    row.refresh_from_db()
    assert (row.status, row.http_status, row.answer) == ("pending", None, hooks.REFUSED)


def test_a_public_name_that_leads_inside_is_never_called(ann, receiver, monkeypatch):
    port = int(receiver.host.split(":")[1])
    settings_policy = hooks.policy()
    inside = type(settings_policy)(resolver=lambda host, port: ["127.0.0.1"])
    monkeypatch.setattr(hooks, "policy", lambda: inside)
    monkeypatch.setattr("generator.guard.PORTS", frozenset({port}))
    row = tell(webhooks.register(ann, f"https://rebound.example:{port}/"))
    hooks.drain()

    row.refresh_from_db()
    assert (row.answer, receiver.got) == (hooks.REFUSED, [])


def test_a_slow_receiver_ends_at_the_deadline(endpoint, receiver, monkeypatch):
    monkeypatch.setattr(hooks, "SECONDS", 0.1)
    receiver.pause = 0.5
    row = tell(endpoint)
    began = time.monotonic()
    hooks.drain()

    row.refresh_from_db()
    assert (row.status, row.http_status, row.answer) == ("pending", None, hooks.NO_ANSWER)
    assert time.monotonic() - began < 0.4
    tell(endpoint)
    assert hooks.drain() == 0, "who does not answer rests"
    WebhookEndpoint.objects.update(lease_until=timezone.now())
    assert hooks.drain() == 1


@pytest.mark.django_db(transaction=True)
def test_a_user_with_many_slow_endpoints_leaves_lanes_for_others(ann, bob, receiver, settings):
    with receiving(pause=0.3) as slow:
        settings.FETCH_ALLOW_HOSTS |= {slow.host}
        for number in range(8):
            deliveries.test(webhooks.register(bob, f"{slow.url}/{number}"))
        deliveries.test(webhooks.register(ann, receiver.url))
        lanes: hooks.Lanes = {}
        assert hooks.sweep(lanes) == hooks.SHARE + 1
        for _, thread in lanes.values():
            thread.join()
        assert (len(receiver.got), len(slow.got)) == (1, hooks.SHARE)


@pytest.mark.django_db(transaction=True)
def test_a_slow_receiver_holds_up_nobody_else_and_gets_one_at_a_time(ann, bob, receiver, settings):
    with receiving(pause=0.6) as slow:
        settings.FETCH_ALLOW_HOSTS |= {slow.host}
        stuck = webhooks.register(bob, slow.url)
        quick = webhooks.register(ann, receiver.url)
        for _ in range(3):
            tell(stuck)
            tell(quick)
        lanes: hooks.Lanes = {}
        assert hooks.sweep(lanes) == 2
        threads = [thread for _, thread in lanes.values()]
        lanes[quick.pk][1].join(0.5)
        assert len(receiver.got) == 3
        assert len(slow.got) == 1
        assert hooks.sweep(lanes) == 0
        for thread in threads:
            thread.join()
        assert len(slow.got) == 3
    assert hooks.serve(stuck.pk) == 0


def test_a_worker_that_dies_in_a_delivery_loses_nothing(endpoint, receiver):
    row = tell(endpoint)
    assert webhooks.take(endpoint.pk)
    dying = deliveries.claim(endpoint.pk)
    hooks.attempt(dying)  # it arrived, and then the power went

    assert hooks.drain() == 0, "somebody still holds it"
    WebhookEndpoint.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    let_time_pass(row)
    assert hooks.drain() == 1
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("delivered", 2)
    assert len(set(receiver.ids)) == 1


def test_a_worker_that_lost_its_lease_changes_nothing(endpoint, receiver):
    row = tell(endpoint)
    late = deliveries.claim(endpoint.pk)
    let_time_pass(row)
    hooks.drain()
    deliveries.close(late, deliveries.Outcome(500, 1, "late"))

    row.refresh_from_db()
    assert (row.status, row.http_status) == ("delivered", 200)


def test_a_closed_account_leaves_no_webhook_and_nothing_leaves_for_it(ann, endpoint, receiver):
    tell(endpoint)
    closing.close(ann)
    written = deliveries.tell(ann, "generation.canceled", url=receiver.url)

    assert (written, WebhookEndpoint.objects.count(), hooks.drain()) == (0, 0, 0)


def test_a_new_key_is_told_without_its_text(ann, endpoint, receiver):
    key, plain = keys.issue(ann, "Website")
    hooks.drain()

    assert receiver.bodies[0]["type"] == "key.created"
    assert receiver.bodies[0]["data"]["id"] == str(key.pk)
    assert plain.encode() not in receiver.got[0][1]


def test_old_deliveries_are_forgotten_after_thirty_days(endpoint, receiver):
    old, new = tell(endpoint), tell(endpoint)
    hooks.drain()
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=31))
    deliveries.forget()

    assert list(endpoint.deliveries.values_list("pk", flat=True)) == [new.pk]


def test_low_credits_are_told_once_a_period(ann, endpoint, receiver, api, run_engine):
    wallet = ledger.wallet_of(ann)
    tenth = wallet.plan.monthly_credits // 10
    ledger.adjust(wallet.pk, tenth - wallet.balance, ledger.Note("down", "test"))
    for again in range(2):
        assert api.post("/v1/generate", {"prompt": "a"}, Prefer="respond-async").status_code == 202
        ledger.adjust(wallet.pk, 20, ledger.Note(f"up{again}", "test"))
    hooks.drain()

    told = [body for body in receiver.bodies if body["type"] == "credits.low"]
    assert len(told) == 1
    assert told[0]["data"]["balance"] == tenth - 20
