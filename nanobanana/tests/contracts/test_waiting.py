"""How a request waits for its generation: held by the front on a socket, or in plain WSGI."""

from __future__ import annotations

import io
import socket
import threading
import time

import httpx
import pytest
from PIL import Image

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, IdempotencyRecord
from generator.providers.base import Done, Failed, Refused, ResultFile, Waiting
from nanobanana.api import waiting
from nanobanana.tests.contracts import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.contracts]

FOX = {"prompt": "a fox", "model": "scripted"}
HOLDS = [Waiting("task-1", 60.0)]
PICTURE = io.BytesIO()
Image.new("RGB", (64, 64), "orange").save(PICTURE, "PNG")
DONE = Done((ResultFile(data=PICTURE.getvalue()),))


class Program:
    """Ann's program, over either way in."""

    def __init__(self, url: str, key: str, api) -> None:
        self.url, self.key, self.api = url, key, api

    def post(self, body, **headers):
        return self.send("post", "/v1/generate", body, **headers)

    def send(self, method, path, body=None, **headers):
        if not self.url:
            reply = self.api.send(method, path, body, **headers)
            return httpx.Response(
                reply.status_code, headers=dict(reply.items()), content=reply.content
            )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named["Authorization"] = f"Bearer {self.key}"
        with httpx.Client(trust_env=False, timeout=20) as client:
            return client.request(method, self.url + path, json=body, headers=named)


@pytest.fixture(params=["plain", "front"])
def program(request, stage, ann_key, api):
    """The same requests through Django alone, and through the front with a worker beside it."""
    if request.param == "plain":
        yield Program("", ann_key, api)
        return
    with running.site() as site:
        yield Program(site.url, ann_key, api)


@pytest.fixture
def front(stage, ann_key, api):
    with running.site() as site:
        yield Program(site.url, ann_key, api)


def test_it_waits_until_the_picture_is_there(program, stage, ann):
    stage.first.poll = [Waiting("task-1", 0.1), DONE]
    reply = program.post(FOX)

    assert reply.status_code == 200
    assert reply.json()["status"] == "completed"
    assert reply.headers["X-Credits-Remaining"] == "980"
    assert reply.headers["X-RateLimit-Remaining"] == "9"
    assert reply.headers["X-Request-Id"].startswith("req_")
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_respond_async_is_202_at_once(program, stage):
    stage.first.poll = HOLDS
    reply = program.post(FOX, Prefer="respond-async")

    assert reply.status_code == 202
    assert reply.json()["status"] in {"pending", "processing"}
    assert reply.headers["Location"] == f"/v1/generations/{reply.json()['id']}"
    assert int(reply.headers["Retry-After"]) > 0
    assert (reply.headers["X-Credits-Used"], reply.headers["X-Credits-Remaining"]) == ("20", "980")
    shown = program.send("get", reply.headers["Location"])
    assert shown.json()["id"] == reply.json()["id"]


@pytest.mark.parametrize("prefer", ["wait=1", "foo, wait=1", "WAIT=1; x=y"])
def test_a_bounded_wait_is_202_when_it_is_over(program, stage, prefer):
    stage.first.poll = HOLDS
    begun = time.monotonic()
    reply = program.post(FOX, Prefer=prefer)

    assert reply.status_code == 202
    assert 0.9 < time.monotonic() - begun < 4
    assert reply.headers["Location"].endswith(reply.json()["id"])


def test_the_limit_bounds_every_wait_and_it_runs_on(program, stage, settings, ann):
    settings.WAIT_LIMIT = 1
    stage.first.poll = HOLDS
    reply = program.post(FOX, Prefer="wait=100", Idempotency_Key="k")

    assert reply.status_code == 202
    made = Generation.objects.get()
    assert not made.is_ended
    stage.first.poll = [DONE]
    stage.later(made, 61)
    again = program.post(FOX, Idempotency_Key="k")
    assert (again.status_code, again.json()["id"]) == (200, reply.json()["id"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert wallet_of(ann).balance == 980


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused("No."), 400, "content_policy_violation"),
        (Failed("no"), 502, "upstream_error"),
    ],
)
def test_a_failure_is_told_with_its_status(program, stage, ann, error, status, code):
    stage.first.poll = [Waiting("task-1", 0.1), error]
    reply = program.post(FOX)

    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.headers["X-Credits-Remaining"] == "1000"
    assert wallet_of(ann).balance == 1000


def test_a_repeat_waits_with_the_first(front, stage):
    stage.first.poll = [Waiting("task-1", 1.0), DONE]
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(front.post(FOX, Idempotency_Key="k")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert [reply.status_code for reply in replies] == [200] * 4
    assert len({reply.json()["id"] for reply in replies}) == 1
    assert sum("Idempotency-Replayed" in reply.headers for reply in replies) == 3


def test_a_client_that_hangs_up_loses_nothing_and_its_retry_joins(front, stage, ann, ann_key):
    stage.first.poll = [Waiting("task-1", 1.0), DONE]
    host, port = front.url.removeprefix("http://").split(":")
    body = b'{"prompt": "a fox", "model": "scripted"}'
    with socket.create_connection((host, int(port))) as client:
        client.sendall(
            b"POST /v1/generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {ann_key}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        _until(Generation.objects.exists)
    _until(IdempotencyRecord.objects.filter(held_until=None).exists)
    reply = front.post(FOX, x_stainless_retry_count="1")

    assert reply.status_code == 200
    assert reply.json()["id"] == Generation.objects.get().public_id
    assert wallet_of(ann).balance == 980


def test_a_delivered_answer_is_noted_and_no_retry_takes_it(program, stage):
    first = program.post(FOX)
    _until(IdempotencyRecord.objects.exclude(delivered_at=None).exists)
    second = program.post(FOX, x_stainless_retry_count="1")
    assert first.json()["id"] != second.json()["id"]


def test_the_fronts_own_question_is_nobody_elses(program, stage, bob):
    made = program.post(FOX).json()["id"].removeprefix("gen_")
    reply = program.send("get", f"/v1/generate?generation={made}&left=5")
    assert (reply.status_code, reply.json()["code"]) == (405, "method_not_allowed")


def test_a_key_that_was_revoked_meanwhile_hears_nothing(front, stage, ann):
    stage.first.poll = [Waiting("task-1", 1.0), DONE]
    replies = []
    thread = threading.Thread(target=lambda: replies.append(front.post(FOX)))
    thread.start()
    _until(Generation.objects.exists)
    keys.revoke(ann.api_keys.get())
    thread.join(20)
    assert replies[0].status_code == 401


def test_events_tell_every_state_and_end(program, stage, ann):
    stage.first.poll = [Waiting("task-1", 0.3, progress=40), DONE]
    made = stage.submit(ann)
    told = _events(program, made.public_id)

    assert told[-1]["event"] == "completed"
    assert '"status": "completed"' in told[-1]["data"]
    assert [one["event"] for one in told[:-1]] == ["progress"] * (len(told) - 1)
    versions = [int(one["id"]) for one in told]
    assert versions == sorted(set(versions))


def test_events_go_on_after_the_last_one_seen(program, stage, ann):
    made = stage.run(ann)
    [last] = _events(program, made.public_id)
    [again] = _events(program, made.public_id, last=str(int(last["id"]) - 1))
    assert again == last

    over = program.send("get", f"/v1/generations/{made.public_id}/events", Last_Event_ID=last["id"])
    assert (over.status_code, over.content) == (204, b"")


@pytest.mark.parametrize("seen", ["x", "-1", "9" * 5000, "", "1.5"])
def test_an_odd_last_event_id_means_from_the_beginning(program, stage, ann, seen):
    made = stage.run(ann)
    assert _events(program, made.public_id, last=seen)[-1]["event"] == "completed"


def test_patience_follows_the_header(rf, settings):
    settings.WAIT_LIMIT = 120
    cases = {"": 120, "wait=5": 5, "wait=500": 120, "wait=x": 120, "wait=": 120}
    cases |= {"respond-async": 0, "respond-async, wait=10": 0}
    for header, seconds in cases.items():
        assert waiting.patience(rf.get("/", headers={"Prefer": header})) == seconds


def _events(program, name, last=None):
    """The events of a stream, read to its end."""
    headers = {"Accept": "text/event-stream"} | ({} if last is None else {"Last_Event_ID": last})
    if program.url:
        reply = program.send("get", f"/v1/generations/{name}/events", **headers)
        kind, text = reply.headers["Content-Type"], reply.text
    else:
        reply = program.api.get(f"/v1/generations/{name}/events", **headers)
        kind, text = reply["Content-Type"], b"".join(reply.streaming_content).decode()
    assert kind.startswith("text/event-stream")
    blocks = [block for block in text.split("\n\n") if "data:" in block]
    return [
        dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith("retry"))
        for block in blocks
    ]


def _until(fact, seconds=10.0):
    ends = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < ends
        time.sleep(0.02)
