"""Contracts B and C over a socket, with the front and a worker behind it."""

from __future__ import annotations

import httpx
import pytest

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, Output, Upload
from nanobanana.tests.contracts import running
from nanobanana.tests.contracts.running import picture, png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.contracts, pytest.mark.slow]

GENERATE = "/api/v1/images/generate"
FOX = {"prompt": "a fox in the snow", "imageSize": "512x512"}


@pytest.fixture
def site(transactional_db, settings):
    with running.site() as site:
        yield site


@pytest.fixture
def client(site, ann):
    """Ann's program, with her key."""
    headers = {"Authorization": f"Bearer {keys.issue(ann)[1]}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=20, trust_env=False) as client:
        yield client


def test_a_held_request_gets_the_reply_of_the_contract(client, ann):
    reply = client.post(GENERATE + "/", json=FOX)
    body = reply.json()
    assert reply.status_code == 200
    assert picture(client.get(body["images"][0]["url"]).content).size == (512, 512)
    assert body["credits"] == {"used": 10, "remaining": 990}
    assert reply.headers["x-credits-remaining"] == "990"
    assert reply.headers["x-ratelimit-remaining"] == "9"
    assert not [name for name in reply.headers if name.startswith("x-nb-")]


def test_a_bounded_wait_ends_in_202_and_an_unbounded_one_in_504(client, site, settings):
    site.working.clear()
    settings.WAIT_LIMIT = 1
    bounded = client.post(GENERATE, json=FOX, headers={"Prefer": "wait=1"})
    assert (bounded.status_code, bounded.json()["images"]) == (202, [])
    keyed = {"Idempotency-Key": "once"}
    late = client.post(GENERATE, json=FOX, headers=keyed)
    assert (late.status_code, late.json()["code"]) == (504, "timeout")

    site.working.set()
    settings.WAIT_LIMIT = 20
    joined = client.post(GENERATE, json=FOX, headers=keyed)
    assert (joined.status_code, joined.headers["idempotency-replayed"]) == (200, "true")
    assert joined.json()["promptId"] == late.json()["promptId"]
    assert Generation.objects.count() == 2


def test_nobody_else_asks_for_a_held_reply(client):
    client.post(GENERATE, json=FOX)
    made = Generation.objects.get()
    assert client.get(GENERATE, params={"generation": made.pk.hex}).status_code == 405


def test_the_web_app_orders_and_listens_to_the_end(client):
    order = {"prompt": "a fox", "mode": "text-to-image"}
    made = client.post("/api/generate", json=order)
    assert made.status_code == 202
    with client.stream("GET", f"{made.headers['location']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        text = "".join(stream.iter_text())
    assert "event: completed" in text
    done = client.get(made.headers["location"]).json()
    assert picture(client.get(done["outputImages"][0]).content).size == (1024, 1024)


def test_a_form_above_the_limit_is_413_and_leaves_nothing(client, ann):
    big = {"file": ("a.png", bytes(12 * 1024 * 1024), "image/png")}
    reply = client.post("/api/upload", files=big)
    assert (reply.status_code, reply.json()["code"]) == (413, "payload_too_large")
    small = client.post("/api/upload", files={"file": ("a.png", png(), "image/png")})
    assert (small.status_code, small.json()["width"]) == (201, 96)
    assert Upload.objects.count() == 1
    assert not Output.objects.exists()
    assert wallet_of(ann).balance == 1000
