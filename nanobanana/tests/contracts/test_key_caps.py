"""A key's cap as every group of contracts says it: nothing is made, nothing is charged."""

import pytest

from accounts import keys
from billing.ledger import wallet_of
from conftest import Api
from generator.models import Generation

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]
FOX = {"prompt": "a fox", "model": "scripted", "size": "64x64"}


@pytest.fixture
def capped(ann):
    """Ann's program with a key that may use 30 credits a day."""
    return Api(keys.issue(ann, daily_credit_cap=30)[1])


@pytest.fixture
def spent(capped, stage, ann):
    """The same after one picture of 20 credits."""
    first = capped.post("/v1/generate", FOX, Prefer="respond-async", Idempotency_Key="one")
    assert first.status_code == 202
    yield capped
    assert Generation.objects.count() == 1
    assert wallet_of(ann).balance == 980


@pytest.mark.parametrize(
    "path", ["/api/v1/images/generate", "/api/generate", "/api/nano-banana/generate"]
)
def test_a_reached_cap_is_402_key_cap_reached(spent, path):
    reply = spent.post(path, FOX)
    error = reply.json()["error"]

    assert (reply.status_code, reply.json()["code"]) == (402, "key_cap_reached")
    assert (error["period"], error["cap"], error["used"], error["required"]) == ("day", 30, 20, 20)
    assert "30 credits a day" in reply.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/generate", "/v1/images/generations"])
def test_below_v1_a_reached_cap_is_429_insufficient_quota(spent, path):
    reply = spent.post(path, FOX)

    assert (reply.status_code, reply["x-should-retry"]) == (429, "false")
    assert reply.json()["error"]["code"] == "insufficient_quota"
    assert reply.json()["error"]["cap"] == 30


def test_below_v1beta_it_is_googles_resource_exhausted(spent):
    body = {"contents": [{"parts": [{"text": "a fox"}]}]}
    reply = spent.post("/v1beta/models/scripted:generateContent", body)
    error = reply.json()["error"]

    assert (reply.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["reason"] == "INSUFFICIENT_QUOTA"


def test_a_repeat_of_what_was_paid_is_answered_at_the_cap(spent):
    again = spent.post("/v1/generate", FOX, Prefer="respond-async", Idempotency_Key="one")
    assert again.status_code == 202


def test_anns_other_keys_go_on(capped, api, stage):
    capped.post("/v1/generate", FOX, Prefer="respond-async")
    assert capped.post("/v1/generate", FOX).status_code == 429
    assert api.post("/v1/generate", FOX, Prefer="respond-async").status_code == 202


@pytest.mark.parametrize("cap", ["daily_credit_cap", "monthly_credit_cap"])
def test_a_capped_key_makes_no_keys_that_could_spend_past_it(ann, cap):
    scopes = ["read", "generate", "manage"]
    program = Api(keys.issue(ann, scopes=scopes, **{cap: 30})[1])
    reply = program.post("/v1/keys", {})

    assert (reply.status_code, reply.json()["code"]) == (403, "permission_denied")
    assert ann.api_keys.count() == 1
