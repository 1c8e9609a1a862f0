"""Contract A's webhooks: registered, tried, rotated and resent; and what a generation tells."""

from __future__ import annotations

import pytest

from accounts import keys, tokens, webhooks
from accounts.models import WebhookDelivery
from conftest import Api
from generator import hooks
from generator.models import Generation
from generator.tests.receivers import receiving, verified

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]


@pytest.fixture
def receiver(settings):
    """A receiver that this site may deliver to."""
    with receiving() as one:
        settings.FETCH_ALLOW_HOSTS = frozenset({one.host})
        yield one


@pytest.fixture
def ann_token(ann):
    """Ann's program with an access token, which may manage webhooks."""
    return Api(tokens.issue(ann)[1])


@pytest.fixture
def bob_token(bob):
    """Bob's program with an access token."""
    return Api(tokens.issue(bob)[1])


def test_a_webhook_is_registered_with_a_secret_that_is_shown_once(ann_token, receiver):
    reply = ann_token.post("/v1/webhooks", {"url": receiver.url})
    body = reply.json()

    assert reply.status_code == 201
    assert set(body) == {"id", "url", "events", "secret", "created_at"}
    assert body["secret"].startswith("whsec_")
    assert body["events"] == list(webhooks.EVENTS)
    [listed] = ann_token.get("/v1/webhooks").json()["data"]
    assert (listed["id"], listed["is_active"]) == (body["id"], True)
    assert body["secret"] not in ann_token.get("/v1/webhooks").content.decode()
    assert body["secret"] not in ann_token.get(f"/v1/webhooks/{body['id']}/").content.decode()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_parameter"),
        ({"url": 7}, "invalid_parameter"),
        ({"url": "no address"}, "url_not_allowed"),
        ({"url": "http://example.com/"}, "url_not_allowed"),
        ({"url": "https://127.0.0.1/"}, "url_not_allowed"),
        ({"url": "https://169.254.169.254/"}, "url_not_allowed"),
        ({"url": "https://[::1]/"}, "url_not_allowed"),
        ({"url": "https://2130706433/"}, "url_not_allowed"),
        ({"url": "https://user:word@example.com/"}, "url_not_allowed"),
        ({"url": "file:///etc/passwd"}, "url_not_allowed"),
        ({"url": "https://example.com/", "events": ["all"]}, "invalid_parameter"),
        ({"url": "https://example.com/", "events": "key.created"}, "invalid_parameter"),
        ({"url": "https://example.com/" + "a" * 3000}, "invalid_parameter"),
    ],
)
def test_what_is_no_webhook_is_refused(ann_token, body, code):
    reply = ann_token.post("/v1/webhooks", body)

    assert (reply.status_code, reply.json()["code"]) == (400, code)
    assert ann_token.get("/v1/webhooks").json() == {"data": [], "next": None}


def test_ten_webhooks_are_the_most(ann_token):
    made = [
        ann_token.post("/v1/webhooks", {"url": f"https://example.com/{n}"}).status_code
        for n in range(11)
    ]
    assert made == [201] * 10 + [409]


def test_a_webhook_hears_of_the_events_it_asked_for_alone(ann_token, ann, receiver):
    events = ["key.created"]
    ann_token.post("/v1/webhooks", {"url": receiver.url, "events": events})
    ann_token.post("/v1/webhooks", {"url": receiver.url, "events": ["credits.low"]})
    keys.issue(ann)
    hooks.drain()

    assert [body["type"] for body in receiver.bodies] == events


def test_a_finished_generation_is_told_as_it_is_shown(api, ann_token, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    shown = api.post("/v1/generate", {"prompt": "A cute banana"}).json()
    hooks.drain()

    [body] = receiver.bodies
    assert set(body) == {"type", "timestamp", "data"}
    assert body["type"] == "generation.completed"
    read = api.get(f"/v1/generations/{shown['id']}").json()
    assert set(body["data"]) == set(read)
    assert {**body["data"], "url": "", "images": []} == {**read, "url": "", "images": []}
    assert verified(made["secret"], *receiver.got[0])


def test_a_canceled_generation_is_told(api, ann_token, receiver):
    ann_token.post("/v1/webhooks", {"url": receiver.url})
    made = api.post("/v1/generate", {"prompt": "A cute banana"}, Prefer="respond-async").json()
    api.post(f"/v1/generations/{made['id']}/cancel")
    hooks.drain()

    assert [body["type"] for body in receiver.bodies] == ["generation.canceled"]
    assert receiver.bodies[0]["data"]["receipt"]["refunded"] == 20


def test_one_request_may_name_its_own_address(api, ann_token, receiver):
    secret = ann_token.get("/v1/webhooks/secret").json()["secret"]
    reply = api.post("/v1/generate", {"prompt": "A banana", "webhook_url": receiver.url})
    api.post("/v1/generate", {"prompt": "Another banana"})
    hooks.drain()

    assert reply.json()["warnings"] == []
    assert [body["data"]["id"] for body in receiver.bodies] == [reply.json()["id"]]
    assert verified(secret, *receiver.got[0])
    assert ann_token.get("/v1/webhooks").json()["data"] == []


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "http://example.com/", "ftp://x/", "https://"]
)
def test_an_inside_webhook_url_is_refused_and_nothing_charged(api, url):
    reply = api.post("/v1/generate", {"prompt": "A banana", "webhook_url": url})

    assert (reply.status_code, reply.json()["code"]) == (400, "url_not_allowed")
    assert api.post("/v1/generate", {"prompt": "a", "webhook_url": 7}).status_code == 400
    assert not Generation.objects.exists()


def test_a_test_event_goes_out_and_its_delivery_can_be_resent(ann_token, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    base = f"/v1/webhooks/{made['id']}"
    sent = ann_token.post(f"{base}/test")
    hooks.drain()

    [row] = ann_token.get(f"{base}/deliveries").json()["data"]
    assert (sent.status_code, sent.json()["status"]) == (202, "pending")
    assert row["id"] == sent.json()["id"]
    assert (row["status"], row["http_status"], row["answer"]) == ("delivered", 200, "thanks")
    again = ann_token.post(f"{base}/deliveries/{row['id']}/resend")
    hooks.drain()
    assert again.status_code == 202
    assert receiver.ids == [row["message_id"]] * 2


def test_deliveries_are_listed_in_pages(ann_token, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    base = f"/v1/webhooks/{made['id']}"
    sent = [ann_token.post(f"{base}/test").json()["id"] for _ in range(3)]
    first = ann_token.get(f"{base}/deliveries?limit=2").json()
    second = ann_token.get(first["next"].partition("//")[2].partition("/")[2].join(["/", ""]))

    ids = [row["id"] for row in first["data"] + second.json()["data"]]
    assert ids == sent[::-1]
    assert second.json()["next"] is None
    assert ann_token.get(f"{base}/deliveries?cursor=x").status_code == 400


def test_a_rotation_shows_the_new_secret_and_signs_with_both(ann_token, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    turned = ann_token.post(f"/v1/webhooks/{made['id']}/rotate").json()
    ann_token.post(f"/v1/webhooks/{made['id']}/test")
    hooks.drain()

    assert turned["secret"] != made["secret"]
    assert verified(made["secret"], *receiver.got[0])
    assert verified(turned["secret"], *receiver.got[0])


def test_a_deleted_webhook_hears_nothing_more(ann_token, ann, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    ann_token.post(f"/v1/webhooks/{made['id']}/test")

    assert ann_token.delete(f"/v1/webhooks/{made['id']}").status_code == 204
    assert ann_token.delete(f"/v1/webhooks/{made['id']}").status_code == 404
    assert hooks.drain() == 0
    assert WebhookDelivery.objects.count() == 0


def test_a_disabled_webhook_is_neither_tried_nor_resent(ann_token, receiver):
    receiver.status = 410
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    base = f"/v1/webhooks/{made['id']}"
    row = ann_token.post(f"{base}/test").json()
    hooks.drain()

    assert ann_token.get(base).json()["is_active"] is False
    assert ann_token.post(f"{base}/test").status_code == 409
    assert ann_token.post(f"{base}/deliveries/{row['id']}/resend").status_code == 409


def test_a_foreign_webhook_is_as_unknown_as_none(ann_token, bob_token, receiver):
    made = ann_token.post("/v1/webhooks", {"url": receiver.url}).json()
    row = ann_token.post(f"/v1/webhooks/{made['id']}/test").json()
    random = "00000000-0000-4000-8000-000000000000"
    routes = [
        ("get", "{0}"), ("delete", "{0}"), ("post", "{0}/test"), ("post", "{0}/rotate"),
        ("get", "{0}/deliveries"), ("post", "{0}/deliveries/{1}/resend"),
    ]  # fmt: skip
    for method, path in routes:
        foreign = bob_token.send(method, "/v1/webhooks/" + path.format(made["id"], row["id"]))
        unknown = bob_token.send(method, "/v1/webhooks/" + path.format(random, random))
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.json()["code"] == unknown.json()["code"]
    assert bob_token.get("/v1/webhooks").json()["data"] == []


def test_a_key_without_manage_may_not_touch_webhooks(api, anonymous_api):
    some = "/v1/webhooks/00000000-0000-4000-8000-000000000000"
    for method, path in [
        ("get", "/v1/webhooks"), ("post", "/v1/webhooks"), ("get", "/v1/webhooks/secret"),
        ("get", some), ("delete", some), ("post", f"{some}/rotate"),
    ]:  # fmt: skip
        refused = api.send(method, path)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")
        assert anonymous_api.send(method, path).status_code == 401
