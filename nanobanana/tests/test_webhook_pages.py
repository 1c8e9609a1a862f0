"""The settings page of webhooks: a secret shown once, tests, rotation, and who may see it."""

from __future__ import annotations

import re

import pytest

from accounts import deliveries, webhooks
from accounts.models import WebhookDelivery, WebhookEndpoint
from generator import hooks
from generator.tests.receivers import receiving, verified

pytestmark = pytest.mark.django_db
PAGE = "/settings/webhooks"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def receiver(settings):
    """A receiver that this site may deliver to."""
    with receiving() as one:
        settings.FETCH_ALLOW_HOSTS = frozenset({one.host})
        yield one


def add(browser, url, *events):
    """Fills in and sends the form for a new webhook."""
    return browser.post(PAGE, {"url": url, "events": events or ["key.created"]})


def test_a_webhook_is_added_with_a_secret_that_is_shown_once(ann_client, ann, receiver):
    shown = SECRET.findall(add(ann_client, receiver.url).content.decode())
    made = webhooks.of(ann).get()

    assert set(shown) == {made.secret}
    assert made.events == ["key.created"]
    page = ann_client.get(PAGE).content.decode()
    assert receiver.url in page
    assert "API keys" in page
    assert f'href="{PAGE}" aria-current="page"' in page
    assert not SECRET.search(page)


def test_a_form_sent_twice_adds_one(ann_client, ann, receiver):
    add(ann_client, receiver.url)

    assert add(ann_client, receiver.url).status_code == 400
    assert webhooks.of(ann).count() == 1


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "http://example.com/", "javascript:alert(1)"]
)
def test_an_inside_address_is_refused_in_words(ann_client, url):
    reply = add(ann_client, url)

    assert reply.status_code == 400
    assert "give a public https:// address" in reply.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_a_test_event_is_sent_and_its_delivery_shown_and_resent(ann_client, ann, receiver):
    receiver.answer = b"<script>alert(1)</script>"
    webhook = webhooks.register(ann, receiver.url)
    page = f"{PAGE}/{webhook.pk}"
    assert ann_client.post(page, {"act": "test"}).status_code == 302
    hooks.drain()
    row = WebhookDelivery.objects.get()
    text = ann_client.get(page).content.decode()

    assert "webhook.test" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert ann_client.post(f"{page}/deliveries/{row.pk}").status_code == 302
    hooks.drain()
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1


def test_a_new_secret_is_shown_once_and_signs(ann_client, ann, receiver):
    webhook = webhooks.register(ann, receiver.url)
    page = f"{PAGE}/{webhook.pk}"
    [secret] = set(SECRET.findall(ann_client.post(page, {"act": "rotate"}).content.decode()))
    ann_client.post(page, {"act": "test"})
    hooks.drain()

    assert verified(secret, *receiver.got[0])
    assert not SECRET.search(ann_client.get(page).content.decode())


def test_a_disabled_webhook_says_why_and_can_be_enabled(ann_client, ann, receiver):
    webhook = webhooks.register(ann, receiver.url)
    webhooks.disable(webhook, "It answered 410 Gone.")
    page = f"{PAGE}/{webhook.pk}"

    assert "It answered 410 Gone." in ann_client.get(page).content.decode()
    assert ann_client.post(page, {"act": "test"}).status_code == 404
    ann_client.post(page, {"act": "enable"})
    assert ann_client.post(page, {"act": "test"}).status_code == 302


def test_a_webhook_is_deleted(ann_client, ann, receiver):
    webhook = webhooks.register(ann, receiver.url)

    assert ann_client.post(f"{PAGE}/{webhook.pk}", {"act": "delete"}).status_code == 302
    assert not webhooks.of(ann).exists()


def test_what_single_requests_told_is_listed_and_resent(ann_client, ann, receiver):
    deliveries.tell(ann, "generation.failed", url=receiver.url)
    hooks.drain()
    account, row = webhooks.account(ann), WebhookDelivery.objects.get()
    page = f"{PAGE}/{account.pk}"

    assert page in ann_client.get(PAGE).content.decode()
    assert "generation.failed" in ann_client.get(page).content.decode()
    assert ann_client.post(f"{page}/deliveries/{row.pk}").status_code == 302
    assert ann_client.post(page, {"act": "delete"}).status_code == 404
    hooks.drain()
    assert len(receiver.got) == 2


def test_a_foreign_webhook_does_not_exist(bob_client, visitor, ann, receiver):
    webhook = webhooks.register(ann, receiver.url)
    row = deliveries.test(webhook)
    page = f"{PAGE}/{webhook.pk}"

    assert bob_client.get(page).status_code == 404
    for act in ("test", "rotate", "delete", "enable"):
        assert bob_client.post(page, {"act": act}).status_code == 404
    assert bob_client.post(f"{page}/deliveries/{row.pk}").status_code == 404
    assert receiver.url not in bob_client.get(PAGE).content.decode()
    assert visitor.get(page).status_code == 302
    assert WebhookEndpoint.objects.get().secret == webhook.secret
