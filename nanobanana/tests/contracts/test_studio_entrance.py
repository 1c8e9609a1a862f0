"""Contract C's way in: a session beside the token, and who one is."""

import json

import pytest
from django.test import Client

from accounts.models import User
from billing.ledger import wallet_of
from billing.models import Plan, Wallet
from conftest import PASSWORD, Api
from generator import engine

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

NEW = {"email": "new@example.com", "password": PASSWORD, "name": "Mira"}


def post(client, path, body=None, **headers):
    """A browser's POST of JSON."""
    return client.post(
        path, json.dumps(body or {}), content_type="application/json", headers=headers
    )


def test_signing_up_and_in_opens_a_session_and_gives_a_token(visitor):
    made = post(visitor, "/api/auth/register", NEW)
    assert made.status_code == 201
    assert set(made.json()) >= {"id", "email", "name", "createdAt"}

    reply = post(visitor, "/api/auth/login", NEW)
    body = reply.json()
    assert reply.status_code == 200
    assert (body["token_type"], body["user"]["email"]) == ("bearer", "new@example.com")
    for who in (visitor, Api(body["access_token"])):
        me = who.get("/api/auth/me").json()
        assert (me["authenticated"], me["id"]) == (True, made.json()["id"])


def test_the_profile_tells_plan_and_use(api, ann):
    api.post("/api/generate", {"prompt": "a fox", "settings": {"count": 2}})
    engine.drain()
    me = api.get("/api/auth/me/").json()
    assert (me["email"], me["credits"]) == ("ann@example.com", 960)
    assert me["subscription"] == {"type": "free", "expiresAt": None}
    assert me["usage"] == {"imagesGenerated": 2, "monthlyLimit": 50}


def test_a_paid_plan_ends_at_a_time_and_a_pack_has_no_month(api, ann):
    wallet = wallet_of(ann)
    Wallet.objects.filter(pk=wallet.pk).update(plan=Plan.objects.get(slug="pro"))
    me = api.get("/api/auth/me").json()
    assert me["subscription"]["type"] == "pro"
    assert me["subscription"]["expiresAt"].endswith("Z")
    assert me["usage"]["monthlyLimit"] == 2000
    free = Plan.objects.filter(monthly_credits=0).first()
    Wallet.objects.filter(pk=wallet.pk).update(plan=free)
    assert api.get("/api/auth/me").json()["usage"]["monthlyLimit"] is None


def test_a_visitor_gets_both_cookies_and_hears_what_is_left(visitor):
    reply = visitor.get("/api/auth/me")
    assert reply.json() == {"authenticated": False, "trial": {"left": 3}}
    assert {"session", "csrftoken"} <= set(reply.cookies)
    post(visitor, "/api/generate", {"prompt": "a fox"})
    assert visitor.get("/api/auth/me").json()["trial"] == {"left": 2}


def test_a_taken_address_and_a_bad_password_are_refused_as_in_contract_a(visitor, ann):
    taken = post(visitor, "/api/auth/register", NEW | {"email": "ann@example.com"})
    wrong = post(visitor, "/api/auth/login", {"email": "ann@example.com", "password": "wrong one"})
    assert (taken.status_code, taken.json()["code"]) == (400, "email_taken")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_login")
    assert visitor.get("/api/auth/me").json()["authenticated"] is False


def test_an_unconfirmed_account_gets_neither_session_nor_token(visitor, mandatory):
    post(visitor, "/api/auth/register", NEW)
    reply = post(visitor, "/api/auth/login", NEW)
    assert (reply.status_code, reply.json()["code"]) == (403, "email_not_verified")
    assert visitor.get("/api/auth/me").json()["authenticated"] is False


def test_the_session_has_a_new_id_after_signing_in(ann):
    browser = Client()
    browser.get("/api/auth/me")
    before = browser.cookies["session"].value
    post(browser, "/api/auth/login", {"email": "ann@example.com", "password": PASSWORD})
    assert browser.cookies["session"].value != before


def test_logging_out_ends_the_session_with_its_csrf_token_only(ann):
    browser = Client(enforce_csrf_checks=True)
    post(browser, "/api/auth/login", {"email": "ann@example.com", "password": PASSWORD})
    assert post(browser, "/api/auth/logout").status_code == 403
    browser.get("/api/auth/me")
    token = browser.cookies["csrftoken"].value
    assert post(browser, "/api/auth/logout", **{"X-CSRFToken": token}).status_code == 204
    assert browser.get("/api/auth/me").json()["authenticated"] is False


def test_logging_out_ends_a_token_but_no_key(visitor, api, ann):
    login = {"email": "ann@example.com", "password": PASSWORD}
    program = Api(post(visitor, "/api/auth/login", login).json()["access_token"])
    assert program.post("/api/auth/logout").status_code == 204
    assert program.get("/api/auth/me").status_code == 401
    assert api.post("/api/auth/logout").status_code == 403


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize("value", [None, "", 5, [], {}, "\x00", True, "\ud800"])
@pytest.mark.parametrize("path", ["/api/auth/register", "/api/auth/login"])
def test_bad_fields_are_named_and_make_nothing(anonymous_api, path, field, value):
    reply = anonymous_api.post(path, NEW | {field: value})
    assert reply.status_code == 400
    assert not User.objects.exists()
