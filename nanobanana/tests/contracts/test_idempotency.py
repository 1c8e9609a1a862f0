"""A charging request is accepted at most once: by its key, or as a stock client's retry."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from billing.ledger import wallet_of
from conftest import Api
from generator import idempotency
from generator.models import Generation, IdempotencyRecord
from generator.providers.base import Failed, Waiting
from nanobanana.api.idempotency import digest

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

FOX = {"prompt": "a fox", "model": "scripted"}
RETRY = {"x_stainless_retry_count": "1"}


def without_signatures(body):
    return body | {
        "url": "",
        "images": [one | {"url": "", "thumbnail_url": ""} for one in body["images"]],
    }


def test_a_repeat_after_the_end_is_the_same_reply(api, stage, ann):
    first = api.post("/v1/generate", FOX, Idempotency_Key="k-1")
    stage.submit(ann)
    second = api.post("/v1/generate", FOX, Idempotency_Key='"k-1"')

    assert (first.status_code, second.status_code) == (200, 200)
    assert second["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert without_signatures(first.json()) == without_signatures(second.json())
    assert first["X-Credits-Remaining"] == second["X-Credits-Remaining"] == "980"
    assert Generation.objects.count() == 2


def test_the_body_counts_by_its_fields_not_its_bytes(api, stage):
    api.post("/v1/generate", '{"prompt": "a fox", "model": "scripted"}', Idempotency_Key="k")
    reply = api.post("/v1/generate", '{"model":"scripted","prompt":"a fox"}', Idempotency_Key="k")
    assert reply["Idempotency-Replayed"] == "true"


def test_another_body_with_the_key_is_422_and_changes_nothing(api, stage, ann):
    api.post("/v1/generate", FOX, Idempotency_Key="k")
    reply = api.post("/v1/generate", FOX | {"n": 2}, Idempotency_Key="k")

    assert (reply.status_code, reply.json()["error"]["type"]) == (422, "conflict_error")
    assert wallet_of(ann).balance == 980


def test_a_failure_is_replayed_as_the_failure_it_was(api, stage, ann):
    stage.first.start = [Failed("no")]
    first = api.post("/v1/generate", FOX, Idempotency_Key="k")
    second = api.post("/v1/generate", FOX, Idempotency_Key="k")

    assert (first.status_code, second.status_code) == (502, 502)
    assert second["Idempotency-Replayed"] == "true"
    assert second["X-Credits-Remaining"] == first["X-Credits-Remaining"] == "1000"
    assert second.json()["error"] == first.json()["error"]


def test_a_refusal_is_not_kept(api, stage):
    assert api.post("/v1/generate", FOX | {"n": 9}, Idempotency_Key="k").status_code == 400
    reply = api.post("/v1/generate", FOX, Idempotency_Key="k")
    assert reply.status_code == 200
    assert "Idempotency-Replayed" not in reply


def test_a_repeat_while_it_runs_joins_it(api, stage, ann):
    stage.first.poll = [Waiting("task-1", 60.0)]
    first = api.post("/v1/generate", FOX, Idempotency_Key="k", Prefer="respond-async")
    second = api.post("/v1/generate", FOX, Idempotency_Key="k", Prefer="respond-async")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    assert second["Idempotency-Replayed"] == "true"
    assert second["X-Credits-Used"] == "20"
    assert wallet_of(ann).balance == 980


def test_keys_belong_to_their_user(api, bob_api, stage):
    ids = {
        one.post("/v1/generate", FOX, Idempotency_Key="k").json()["id"] for one in (api, bob_api)
    }
    assert len(ids) == 2


def test_a_key_lasts_seven_days(api, stage):
    first = api.post("/v1/generate", FOX, Idempotency_Key="k").json()["id"]
    stage.pass_time(Generation.objects.get(), 7 * 86400 - 60)
    assert api.post("/v1/generate", FOX, Idempotency_Key="k").json()["id"] == first
    stage.pass_time(Generation.objects.get(), 120)
    assert api.post("/v1/generate", FOX, Idempotency_Key="k").json()["id"] != first


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb", "é", " "])
def test_what_is_no_key_is_400(api, stage, ann, key):
    reply = api.post("/v1/generate", FOX, Idempotency_Key=key)
    assert (reply.status_code, reply.json()["code"]) == (400, "idempotency_key_invalid")
    assert not Generation.objects.exists()


def test_255_characters_are_a_key(api, stage):
    assert api.post("/v1/generate", FOX, Idempotency_Key="x" * 255).status_code == 200


def test_the_digest_is_of_the_route_too():
    assert digest("A", FOX) != digest("B", FOX)
    assert digest("A", FOX) == digest("A", dict(reversed(FOX.items())))


# Stock clients that retry without a key -----------------------------------------------------------


def abandoned(api):
    """A keyless request whose client left before its answer."""
    reply = api.post("/v1/generate", FOX, Prefer="respond-async")
    IdempotencyRecord.objects.update(held_until=None, delivered_at=None)
    return reply.json()["id"]


def test_a_retry_joins_the_request_that_was_never_answered(api, stage, ann):
    first = abandoned(api)
    reply = api.post("/v1/generate", FOX, **RETRY)

    assert reply.json()["id"] == first
    assert wallet_of(ann).balance == 980


@pytest.mark.parametrize("count", ["0", "", "x", "-1", "9" * 5000])
def test_what_is_no_retry_is_a_request_of_its_own(api, stage, count):
    first = abandoned(api)
    assert api.post("/v1/generate", FOX, x_stainless_retry_count=count).json()["id"] != first


def test_a_retry_never_takes_what_was_delivered(api, stage):
    first = api.post("/v1/generate", FOX).json()["id"]
    assert api.post("/v1/generate", FOX, **RETRY).json()["id"] != first


def test_a_retry_never_takes_what_a_connection_still_waits_on(api, stage):
    first = api.post("/v1/generate", FOX, Prefer="respond-async").json()["id"]
    idempotency.held([Generation.objects.get().pk])
    assert api.post("/v1/generate", FOX, **RETRY).json()["id"] != first


def test_a_retry_takes_only_its_own_users_and_its_own_body(api, bob_api, stage):
    first = abandoned(api)
    assert bob_api.post("/v1/generate", FOX, **RETRY).json()["id"] != first
    assert api.post("/v1/generate", FOX | {"n": 2}, **RETRY).json()["id"] != first


def test_a_retry_after_ten_minutes_is_a_request_of_its_own(api, stage):
    first = abandoned(api)
    stage.pass_time(Generation.objects.get(), timedelta(minutes=11).total_seconds())
    assert api.post("/v1/generate", FOX, **RETRY).json()["id"] != first


def test_two_retries_of_two_siblings_get_one_each(api, stage):
    siblings = {abandoned(api), abandoned(api)}
    got = [api.post("/v1/generate", FOX, **RETRY).json()["id"] for _ in range(2)]
    assert set(got) == siblings
    assert api.post("/v1/generate", FOX, **RETRY).json()["id"] not in siblings


# At the same time ---------------------------------------------------------------------------------


def in_parallel(key, requests):
    """The replies to all of `requests` (headers each), sent at once."""

    def one(headers):
        try:
            return Api(key).post("/v1/generate", FOX, **headers)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(one, requests))


@pytest.mark.django_db(transaction=True)
def test_one_key_eight_times_at_once_is_one_generation(stage, ann, ann_key):
    replies = in_parallel(ann_key, [{"Idempotency_Key": "k", "Prefer": "wait=5"}] * 8)

    assert {reply.status_code for reply in replies} <= {200, 202, 409}
    assert len({reply.json()["id"] for reply in replies if reply.status_code < 300}) == 1
    assert Generation.objects.count() == 1
    assert wallet_of(ann).balance == 980


@pytest.mark.django_db(transaction=True)
def test_the_same_prompt_without_a_key_is_as_many_as_were_sent(stage, ann, ann_key):
    replies = in_parallel(ann_key, [{"Prefer": "respond-async"}] * 5 + [RETRY] * 1)

    assert len({reply.json()["id"] for reply in replies}) == Generation.objects.count() >= 5
