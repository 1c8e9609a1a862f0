"""Contract A's way in: register, log in and out, and API keys."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import AccessToken, User
from billing.ledger import wallet_of
from billing.models import LedgerEntry
from conftest import PASSWORD, Api

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

NEW = {"email": "New@Example.com", "password": PASSWORD, "name": "Mira"}


def login(api, email="ann@example.com", password=PASSWORD):
    return api.post("/v1/auth/login", {"email": email, "password": password})


def token_api(reply):
    """A program with the access token of a login's reply."""
    return Api(reply.json()["access_token"])


# Registering --------------------------------------------------------------------------------------


def test_registering_makes_an_account_with_its_first_credits(anonymous_api):
    reply = anonymous_api.post("/v1/auth/register", NEW)
    user = User.objects.get()

    assert reply.status_code == 201
    body = reply.json()
    assert set(body) == {"id", "email", "name", "created_at"}
    assert (body["id"], body["email"], body["name"]) == (str(user.pk), "new@example.com", "Mira")
    assert body["created_at"].endswith("Z")
    assert user.check_password(PASSWORD)
    assert wallet_of(user).balance == 1000
    assert LedgerEntry.objects.count() == 1


def test_a_new_account_logs_in_at_once_where_confirmation_is_optional(anonymous_api):
    anonymous_api.post("/v1/auth/register", NEW)

    assert login(anonymous_api, "new@example.com").status_code == 200


def test_a_taken_address_is_told_where_confirmation_is_optional(anonymous_api, ann):
    reply = anonymous_api.post("/v1/auth/register", NEW | {"email": "ANN@example.com"})

    assert reply.status_code == 400
    assert reply.json()["code"] == "email_taken"
    assert reply.json()["error"]["param"] == "email"
    assert User.objects.count() == 1


def test_a_taken_address_looks_like_a_free_one_where_confirmation_is_required(
    anonymous_api, ann, mandatory, posting
):
    with posting():
        free = anonymous_api.post("/v1/auth/register", NEW)
        taken = anonymous_api.post("/v1/auth/register", NEW | {"email": "ann@example.com"})

    assert (free.status_code, taken.status_code) == (201, 201)
    assert set(free.json()) == set(taken.json())
    assert taken.json()["id"] != str(ann.pk)
    assert taken.json()["name"] == "Mira"
    assert set(free.headers) == set(taken.headers)
    assert User.objects.count() == 2
    to_new, to_ann = mail.outbox
    assert (to_new.to, to_ann.to) == (["new@example.com"], ["ann@example.com"])
    assert "/accounts/confirm-email/" in to_new.body
    assert "You have an account already" in to_ann.body


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": 5}, "email"),
        ({"email": "a@b.cd" + "x" * 300}, "email"),
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "new@example.com"}, "password"),
        ({"password": 12345678901}, "password"),
        ({"password": "a\0bcdefghij"}, "password"),
        ({"name": ["x"]}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": "a\u202eb"}, "name"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_made(anonymous_api, change, param):
    reply = anonymous_api.post("/v1/auth/register", NEW | change)

    assert reply.status_code == 400
    assert reply.json()["error"]["param"] == param
    assert param in reply.json()["error"]["fields"]
    assert not User.objects.exists()


def test_fields_that_are_none_of_the_callers_business_change_nothing(anonymous_api):
    more = {"is_staff": True, "is_superuser": True, "id": "1", "balance": 9, "email_verified": True}
    anonymous_api.post("/v1/auth/register", NEW | more)
    user = User.objects.get()

    assert (user.is_staff, user.is_superuser) == (False, False)
    assert not EmailAddress.objects.get(user=user).verified


def test_sign_ups_of_one_address_are_limited_over_page_and_api(anonymous_api, settings, visitor):
    settings.ACCOUNT_RATE_LIMITS = {"signup": "2/h/ip"}
    visitor.post("/accounts/signup/", {"email": "x@example.com", "password1": PASSWORD})
    assert anonymous_api.post("/v1/auth/register", NEW).status_code == 201

    reply = anonymous_api.post("/v1/auth/register", NEW, X_Forwarded_For="6.6.6.6")
    assert reply.status_code == 429
    assert reply.json()["code"] == "rate_limited"
    assert 3500 < int(reply["Retry-After"]) <= 3600
    assert Client().post("/accounts/signup/", {}).status_code == 429


# Logging in and out -------------------------------------------------------------------------------


def test_logging_in_gives_a_token_that_is_kept_hashed(anonymous_api, ann):
    reply = login(anonymous_api, "ANN@example.com")
    body = reply.json()

    assert reply.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 10080 * 60
    assert token_api(reply).get("/v1/account").json()["email"] == "ann@example.com"
    assert body["access_token"] not in str(AccessToken.objects.values().get())


def test_logging_out_ends_this_token_alone(anonymous_api, ann):
    first, second = (token_api(login(anonymous_api)) for _ in range(2))

    assert first.post("/v1/auth/logout").status_code == 204
    assert first.get("/v1/account").status_code == 401
    assert second.get("/v1/account").status_code == 200


def test_a_browser_logs_out_by_the_api_with_its_csrf_token_only(ann):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/v1/auth/logout").status_code == 403

    client.get("/settings/profile")
    token = client.cookies["csrftoken"].value
    assert client.post("/v1/auth/logout", headers={"X-CSRFToken": token}).status_code == 204
    assert client.get("/settings/profile").status_code == 302


def test_a_key_does_not_log_out(api):
    assert api.post("/v1/auth/logout").status_code == 403
    assert api.get("/v1/account").status_code == 200


def test_a_wrong_password_and_an_unknown_address_are_told_alike(anonymous_api, ann, bob):
    bob.is_active = False
    bob.save()
    replies = [
        login(anonymous_api, password="wrong password"),
        login(anonymous_api, "nobody@example.com"),
        login(anonymous_api, "bob@example.com"),
    ]
    bodies = [{**reply.json(), "request_id": ""} for reply in replies]

    assert [reply.status_code for reply in replies] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert bodies[0]["code"] == "invalid_login"


def test_an_unknown_address_costs_as_many_password_hashes_as_a_wrong_password(
    anonymous_api, ann, settings
):
    settings.PASSWORD_HASHERS = ["nanobanana.tests.contracts.test_auth.CountingHasher"]
    ann.set_password(PASSWORD)
    ann.save()

    def hashes(email):
        CountingHasher.calls = 0
        login(anonymous_api, email, "wrong password")
        return CountingHasher.calls

    assert hashes("nobody@example.com") == hashes("ann@example.com") > 0


def test_an_unconfirmed_account_is_told_so_only_after_its_right_password(
    anonymous_api, mandatory, posting
):
    anonymous_api.post("/v1/auth/register", NEW)

    wrong = login(anonymous_api, "new@example.com", "wrong password")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_login")
    right = login(anonymous_api, "new@example.com")
    assert (right.status_code, right.json()["code"]) == (403, "email_not_verified")
    assert not AccessToken.objects.exists()

    EmailAddress.objects.update(verified=True)
    assert login(anonymous_api, "new@example.com").status_code == 200


def test_guessing_is_stopped_whatever_address_the_headers_claim(anonymous_api, ann):
    replies = [
        anonymous_api.post(
            "/v1/auth/login",
            {"email": f"a{n}@example.com", "password": "wrong password"},
            X_Forwarded_For=f"6.6.6.{n}", Forwarded=f"for=6.6.6.{n}", X_Real_IP=f"6.6.6.{n}",
            CF_Connecting_IP=f"6.6.6.{n}",
        )
        for n in range(11)
    ]  # fmt: skip

    assert [reply.status_code for reply in replies] == [401] * 10 + [429]
    assert 0 < int(replies[-1]["Retry-After"]) <= 60


def test_a_success_in_between_does_not_forgive_the_failures(anonymous_api, ann):
    for _ in range(4):
        login(anonymous_api, password="wrong password")
    assert login(anonymous_api).status_code == 200
    assert login(anonymous_api, password="wrong password").status_code == 401

    assert login(anonymous_api).status_code == 429


@pytest.mark.parametrize("body", [{}, {"email": "ann@example.com"}, {"email": [], "password": {}}])
def test_a_login_without_its_fields_is_400(anonymous_api, body):
    assert anonymous_api.post("/v1/auth/login", body).status_code == 400


class CountingHasher:
    """Counts how often a password is hashed."""

    algorithm = "counting"
    calls = 0

    def encode(self, password, salt):
        CountingHasher.calls += 1
        return f"counting${salt}${password}"

    def salt(self):
        return "salt"

    def verify(self, password, encoded):
        return self.encode(password, "salt") == encoded

    def must_update(self, encoded):
        return False

    def harden_runtime(self, password, encoded):
        return None
