"""KIE's callbacks: which are authentic, and that the simulator's own are."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest

from generator.providers.base import Order, upstream_id
from generator.simulators.base import Simulator
from generator.simulators.messages import Response
from generator.tests.providers.conftest import adapter
from generator.tests.providers.kie_wire import TASK, kie

ORDER = Order("attempt-1", "nano-banana", "google/nano-banana", "text", "a fox")
STAMP = 1795000000
SIGNATURE = "v34jIcisv6HO4obBHF725TtJVIZ/fmPRSVB6wKM8mI0="
SIGNED = {"X-Webhook-Timestamp": str(STAMP), "X-Webhook-Signature": SIGNATURE}


@pytest.fixture
def signed_just_now(time_machine):
    time_machine.move_to(STAMP + 10, tick=False)


@pytest.mark.parametrize("name", ["taskId", "task_id"])
def test_a_signed_callback_names_its_task(name, signed_just_now):
    body = json.dumps({"code": 200, "data": {name: TASK, "state": "success"}}).encode()
    assert kie({}).callback(SIGNED, body) == TASK
    assert kie({}).callback({key.upper(): text for key, text in SIGNED.items()}, body) == TASK


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Webhook-Signature": SIGNATURE.replace("v3", "v4")},
        {"X-Webhook-Signature": "é"},
        {"X-Webhook-Signature": ""},
        {"X-Webhook-Timestamp": str(STAMP + 1)},
        {"X-Webhook-Timestamp": "١٧٩٥٠٠٠٠٠٠"},
        {"X-Webhook-Timestamp": ""},
    ],
)
def test_a_callback_that_is_not_signed_right_is_not_authentic(changed, signed_just_now):
    body = json.dumps({"data": {"taskId": TASK}}).encode()
    with pytest.raises(ValueError, match="callback"):
        kie({}).callback(SIGNED | changed, body)


def test_the_signature_of_one_task_is_none_for_another(signed_just_now):
    with pytest.raises(ValueError, match="signature"):
        kie({}).callback(SIGNED, b'{"data": {"taskId": "task_google_2"}}')


@pytest.mark.parametrize("late", [301, -301])
def test_a_callback_signed_more_than_five_minutes_away_is_refused(late, time_machine):
    time_machine.move_to(STAMP + late, tick=False)
    with pytest.raises(ValueError, match="too old"):
        kie({}).callback(SIGNED, json.dumps({"data": {"taskId": TASK}}).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"\xff", b'{"data": null}', b'{"data": {"taskId": 5}}', b"[" * 99_999],
)
def test_a_callback_without_a_task_is_refused(body):
    with pytest.raises(ValueError, match="no task id"):
        kie({}).callback(SIGNED, body)


def test_without_a_key_for_signatures_the_secret_address_alone_vouches(sim, provider):
    assert provider.callback({}, b'{"data": {"taskId": "t-1"}}') == "t-1"


class Receiver(Simulator):
    """A site that takes callbacks."""

    slug = "receiver"

    def answer(self, request):
        self.got = request
        return Response(200)


def test_the_simulators_own_callback_is_authentic(sim):
    sim.hmac_key = "shared-between-both"
    with Receiver() as site:
        provider = adapter(sim, hmac_key="shared-between-both")
        order = dataclasses.replace(ORDER, callback_url=f"{site.url}/callbacks/kie/s3cret")
        waiting = provider.start(order)
        deadline = time.monotonic() + 5
        while not hasattr(site, "got") and time.monotonic() < deadline:
            time.sleep(0.005)
        assert site.got.path == "/callbacks/kie/s3cret"
        assert provider.callback(site.got.headers, site.got.body) == upstream_id(waiting.remote_id)
