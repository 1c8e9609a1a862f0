"""Contract A's API keys: shown once, listed by prefix, dead at the request after revoking."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys, tokens
from accounts.models import ApiKey
from billing.ledger import wallet_of
from billing.models import UsageDay
from conftest import Api

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]


@pytest.fixture
def ann_token(ann):
    """Ann's program with an access token, which may manage keys."""
    return Api(tokens.issue(ann)[1])


def test_a_new_key_is_shown_once_and_works(ann_token):
    reply = ann_token.post("/v1/keys", {"name": "Website"})
    body = reply.json()

    assert reply.status_code == 201
    assert set(body) >= {"id", "name", "key", "prefix", "created_at", "expires_at"}
    assert body["name"] == "Website"
    assert body["prefix"] == body["key"][:7] + "…"
    assert body["expires_at"] is None
    assert body["scopes"] == ["read", "generate"]
    assert Api(body["key"]).get("/v1/account").status_code == 200
    assert body["key"] not in ann_token.get("/v1/keys").content.decode()


def test_the_list_shows_prefixes_use_and_caps_and_only_own_keys(ann_token, ann, bob_key):
    made = ann_token.post("/v1/keys", {"daily_credit_cap": 200, "monthly_credit_cap": 3000}).json()
    Api(made["key"]).get("/v1/account")
    today = timezone.now().date()
    wallet = wallet_of(ann)
    UsageDay.objects.create(wallet=wallet, key=made["id"], day=today, credits=40)
    if today.day > 1:
        UsageDay.objects.create(wallet=wallet, key=made["id"], day=today.replace(day=1), credits=5)

    [key] = ann_token.get("/v1/keys").json()["data"]

    assert key["id"] == made["id"]
    assert "key" not in key
    assert key["is_active"] is True
    assert key["last_used_at"].endswith("Z")
    assert (key["daily_credit_cap"], key["monthly_credit_cap"]) == (200, 3000)
    assert key["credits_today"] == 40
    assert key["credits_this_month"] == (45 if today.day > 1 else 40)


def test_three_queries_list_any_number_of_keys(ann_token, ann, django_assert_max_num_queries):
    for _ in range(5):
        keys.issue(ann)

    with django_assert_max_num_queries(3):
        assert len(ann_token.get("/v1/keys").json()["data"]) == 5


def test_revoking_stops_the_key_at_the_next_request_and_keeps_its_row(ann_token):
    made = ann_token.post("/v1/keys", {}).json()

    assert ann_token.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert Api(made["key"]).get("/v1/account").status_code == 401
    [row] = ann_token.get("/v1/keys").json()["data"]
    assert row["is_active"] is False
    assert ann_token.delete(f"/v1/keys/{made['id']}").status_code == 204


def test_a_foreign_key_and_none_at_all_answer_alike(ann_token, bob):
    foreign = keys.issue(bob)[0]
    paths = [str(foreign.pk), "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11", "1", "-1", "%00", "x" * 300]
    replies = [ann_token.delete(f"/v1/keys/{path}") for path in paths]
    bodies = [json.dumps({**reply.json(), "request_id": ""}) for reply in replies]

    assert {reply.status_code for reply in replies} == {404}
    assert len(set(bodies)) == 1
    assert ApiKey.objects.get(pk=foreign.pk).is_active


def test_a_key_manages_keys_only_with_its_scope_and_gives_only_what_it_has(ann, api):
    for reply in (api.get("/v1/keys"), api.post("/v1/keys"), api.delete("/v1/keys/x")):
        assert (reply.status_code, reply.json()["code"]) == (403, "insufficient_scope")
    manager = Api(keys.issue(ann, scopes=["read", "manage"])[1])

    assert manager.post("/v1/keys", {"scopes": ["read"]}).status_code == 201
    more = manager.post("/v1/keys", {"scopes": ["read", "generate"]})
    assert (more.status_code, more.json()["code"]) == (403, "insufficient_scope")
    assert manager.post("/v1/keys", {}).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": ["root"]},
        {"scopes": "read"},
        {"scopes": []},
        {"expires_at": "yesterday"},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"daily_credit_cap": 0},
        {"daily_credit_cap": -5},
        {"daily_credit_cap": 1.5},
        {"daily_credit_cap": True},
        {"monthly_credit_cap": "10"},
        {"monthly_credit_cap": 10**30},
        {"name": {}},
        {"name": "x" * 81},
    ],
)
def test_a_bad_wish_for_a_key_is_400_and_makes_none(ann_token, body):
    reply = ann_token.post("/v1/keys", body)

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == next(iter(body))
    assert not ApiKey.objects.exists()


def test_absent_wishes_may_be_null_false_or_empty(ann_token):
    body = {"name": None, "expires_at": "", "daily_credit_cap": False, "monthly_credit_cap": None}
    assert ann_token.post("/v1/keys", body).status_code == 201


def test_a_key_may_end_by_itself(ann_token, time_machine):
    later = timezone.now() + timedelta(hours=1)
    made = ann_token.post("/v1/keys", {"expires_at": later.isoformat()}).json()
    assert Api(made["key"]).get("/v1/account").status_code == 200

    time_machine.move_to(later + timedelta(seconds=1))
    assert Api(made["key"]).get("/v1/account").status_code == 401


def test_nobody_has_no_keys(anonymous_api):
    for reply in (anonymous_api.get("/v1/keys"), anonymous_api.post("/v1/keys")):
        assert reply.status_code == 401
        assert reply["WWW-Authenticate"] == "Bearer"
