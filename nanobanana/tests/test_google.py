"""Signing in with Google, against an OpenID provider over real sockets."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.google import views
from django.test import Client
from oidc_provider_mock import User as Person
from oidc_provider_mock import run_server_in_thread

from accounts import addresses, keys, tokens
from accounts.models import User, Visitor
from billing.ledger import wallet_of
from conftest import PASSWORD

pytestmark = pytest.mark.django_db

CLAIMS = {"email": "Mira@Example.com", "email_verified": True, "name": "Mira Banana"}


@pytest.fixture(scope="module")
def provider():
    """An OpenID provider that listens; each person is added by a test."""
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(autouse=True)
def google(provider, settings, monkeypatch):
    """Google login is on, and its endpoints are the provider's, as GOOGLE_ISSUER sets them."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    settings.GOOGLE_LOGIN = True
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": settings.SOCIALACCOUNT_PROVIDERS["google"]
        | {"APPS": [{"client_id": "nanobanana", "secret": "secret"}]}
    }
    adapter = views.GoogleOAuth2Adapter
    monkeypatch.setattr(views, "ID_TOKEN_ISSUER", provider)
    monkeypatch.setattr(adapter, "authorize_url", f"{provider}/oauth2/authorize")
    monkeypatch.setattr(adapter, "access_token_url", f"{provider}/oauth2/token")
    monkeypatch.setattr(adapter, "identity_url", f"{provider}/userinfo")
    return provider


@contextmanager
def knowing(provider, sub="g-1", **changes):
    """Google knows this person."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()
    yield Person(sub=sub, claims=claims)


def begin(client, **data):
    """Presses the button; gives Google's address that the browser is sent to."""
    reply = client.post("/accounts/google/login/", {"process": "login", **data})
    assert reply.status_code == 302
    return reply["Location"]


def consent(address, sub="g-1"):
    """The person says yes at Google; gives the path the browser comes back to."""
    reply = httpx.post(address, data={"sub": sub})
    assert reply.status_code == 302
    back = urlsplit(reply.headers["Location"])
    return f"{back.path}?{back.query}"


def enter(client, provider, sub="g-1", next="", **claims):
    """A whole Google login; gives the answer to the callback."""
    with knowing(provider, sub, **claims):
        return client.get(consent(begin(client, next=next), sub))


def is_in(client):
    """Whether this browser is signed in."""
    return client.get("/settings/profile").status_code == 200


def test_a_new_person_gets_an_account_with_a_proved_address(visitor, google):
    reply = enter(visitor, google)
    user = User.objects.get()

    assert reply["Location"] == "/dashboard"
    assert is_in(visitor)
    assert (user.email, user.name) == ("mira@example.com", "Mira Banana")
    assert not user.has_usable_password()
    assert addresses.is_proved(user, user.email)
    assert wallet_of(user).balance == 1000


def test_the_same_person_comes_back_to_the_same_account(visitor, google):
    enter(visitor, google)
    enter(Client(), google, email="moved@example.com")

    assert User.objects.count() == 1
    assert User.objects.get().email == "mira@example.com"


def test_google_sign_up_keeps_what_the_visitor_made_and_goes_where_one_wanted(visitor, google):
    made_by = Visitor.objects.create()
    session = visitor.session
    session["visitor"] = str(made_by.pk)
    session.save()
    reply = enter(visitor, google, next="/settings/keys")

    assert reply["Location"] == "/settings/keys"
    assert Visitor.objects.get().claimed_by == User.objects.get()


def test_going_on_to_another_site_is_refused(visitor, google):
    assert enter(visitor, google, next="//evil.example")["Location"] == "/dashboard"


def test_where_confirmation_is_required_googles_word_is_enough(visitor, google, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    enter(visitor, google)

    assert is_in(visitor)


# Addresses that are not what they seem ------------------------------------------------------------


def test_who_lay_in_wait_with_the_victims_address_is_shut_out(visitor, google):
    attacker = Client()
    attacker.post("/accounts/signup/", {"email": "mira@example.com", "password1": PASSWORD})
    planted = User.objects.get()
    key, token = keys.issue(planted)[1], tokens.issue(planted)[1]
    assert is_in(attacker)

    enter(visitor, google)

    victim = User.objects.get(email="mira@example.com")
    assert victim != planted
    assert SocialAccount.objects.get().user == victim
    assert is_in(visitor)
    assert not is_in(attacker)
    assert keys.verify(key) is None
    assert tokens.verify(token) is None
    late = Client()
    late.post("/accounts/login/", {"login": "mira@example.com", "password": PASSWORD})
    assert not is_in(late)
    planted.refresh_from_db()
    assert not planted.is_active


def test_who_only_asked_for_the_victims_address_loses_the_claim_and_nothing_else(
    visitor, google, bob, bob_client
):
    EmailAddress.objects.create(user=bob, email="mira@example.com")
    enter(visitor, google)

    assert User.objects.get(email="mira@example.com") != bob
    assert not EmailAddress.objects.filter(user=bob).exists()
    assert is_in(bob_client)


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_that_google_has_not_verified_opens_nothing(visitor, google, verified):
    reply = enter(visitor, google, email_verified=verified)

    assert reply.status_code == 403
    assert not is_in(visitor)
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()


def test_an_unverified_address_of_google_touches_no_account(visitor, google, ann, ann_client):
    enter(visitor, google, email="ann@example.com", email_verified=False)

    assert not is_in(visitor)
    assert is_in(ann_client)
    assert not SocialAccount.objects.exists()


def test_an_account_that_proved_the_address_is_not_linked_without_its_password(
    visitor, google, ann, ann_client
):
    addresses.vouch(ann)
    reply = enter(visitor, google, email="ann@example.com")

    assert reply.status_code == 403
    assert "An account with this email exists" in reply.content.decode()
    assert not is_in(visitor)
    assert not SocialAccount.objects.exists()
    assert is_in(ann_client)


def test_staff_are_never_taken_over_by_google(visitor, google, sam):
    reply = enter(visitor, google, email="sam@example.com")

    assert reply.status_code == 403
    sam.refresh_from_db()
    assert sam.is_active
    assert not is_in(visitor)


def test_a_deactivated_user_is_not_let_in_by_google(visitor, google):
    enter(visitor, google)
    User.objects.update(is_active=False)
    late = Client()
    reply = enter(late, google)

    assert reply["Location"] == "/accounts/inactive/"
    assert not is_in(late)


# Connecting in the settings -----------------------------------------------------------------------


def connect(client, provider):
    """Connects Google after the password was given anew."""
    client.post("/accounts/login/", {"login": "ann@example.com", "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    with knowing(provider):
        return client.get(consent(begin(client, process="connect")))


def test_a_signed_in_user_connects_google_and_signs_in_with_it(visitor, google, ann):
    reply = connect(visitor, google)
    assert reply["Location"] == "/settings/account"
    assert "Mira@Example.com" in visitor.get("/settings/account").content.decode()

    other = Client()
    enter(other, google)
    assert is_in(other)
    assert User.objects.get() == ann


def test_connecting_asks_for_the_password_first(google, ann, visitor):
    visitor.post("/accounts/login/", {"login": "ann@example.com", "password": PASSWORD})
    with knowing(google):
        reply = visitor.get(consent(begin(visitor, process="connect")))

    assert reply["Location"].startswith("/accounts/reauthenticate/")
    assert not SocialAccount.objects.exists()


def test_google_is_disconnected_only_from_an_account_with_a_password(visitor, google, ann):
    connect(visitor, google)
    account = SocialAccount.objects.get()
    visitor.post("/accounts/3rdparty/", {"account": account.pk})
    assert not SocialAccount.objects.exists()

    alone = Client()
    enter(alone, google, "g-2", email="alone@example.com")
    account = SocialAccount.objects.get()
    alone.post("/accounts/3rdparty/", {"account": account.pk})
    assert SocialAccount.objects.exists()


# The protocol -------------------------------------------------------------------------------------


def test_nothing_begins_by_a_link(visitor, google):
    reply = visitor.get("/accounts/google/login/")

    assert reply.status_code == 200
    assert "Continue with Google" in reply.content.decode()
    assert "state" not in str(dict(visitor.session))


def test_the_button_needs_the_csrf_token(google):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/accounts/google/login/").status_code == 403


def test_the_request_to_google_has_a_state_and_pkce(visitor, google):
    query = parse_qs(urlsplit(begin(visitor)).query)

    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 16
    assert query["client_id"] == ["nanobanana"]
    assert set(query["scope"][0].split()) == {"openid", "email", "profile"}


def test_a_callback_without_or_with_a_foreign_state_opens_nothing(visitor, google, client):
    with knowing(google):
        back = consent(begin(client))
    tampered = re.sub(r"state=[^&]+", "state=aaaaaaaaaaaaaaaa", back)
    stateless = re.sub(r"&?state=[^&]+", "", back)

    for path in (back, tampered, stateless):
        assert visitor.get(path).status_code == 401
    assert not is_in(visitor)
    assert not User.objects.exists()


def test_a_callback_works_once(visitor, google):
    with knowing(google):
        back = consent(begin(visitor))
        visitor.get(back)
        visitor.post("/accounts/logout/")
        again = visitor.get(back)

    assert again.status_code == 401
    assert not is_in(visitor)


def test_a_code_that_google_does_not_know_opens_nothing(visitor, google):
    with knowing(google):
        back = re.sub(r"code=[^&]+", "code=made-up", consent(begin(visitor)))

    assert visitor.get(back).status_code == 401
    assert not is_in(visitor)


def test_saying_no_at_google_is_told_kindly(visitor, google):
    reply = httpx.post(begin(visitor), data={"action": "deny"})
    back = urlsplit(reply.headers["Location"])
    reply = visitor.get(f"{back.path}?{back.query}", follow=True)

    assert not is_in(visitor)
    assert reply.status_code in {200, 401}


def test_google_that_does_not_answer_is_no_crash(visitor, google, monkeypatch):
    with knowing(google):
        back = consent(begin(visitor))
    closed = "http://127.0.0.1:9/token"
    monkeypatch.setattr(views.GoogleOAuth2Adapter, "access_token_url", closed)

    assert visitor.get(back).status_code == 401


def test_without_credentials_google_does_not_exist(visitor, google, settings):
    settings.GOOGLE_LOGIN = False

    assert "Google" not in visitor.get("/accounts/login/").content.decode().split("<main")[1]
    for path in ("/accounts/google/login/", "/accounts/google/login/callback/"):
        assert visitor.get(path).status_code == 404
        assert visitor.post(path).status_code in {404, 405}


@pytest.mark.slow
def test_the_issuer_setting_moves_every_endpoint(tmp_path):
    """In a process of its own: allauth reads these settings once."""
    program = (
        "import django; django.setup()\n"
        "from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter as a\n"
        "print(a.authorize_url, a.access_token_url, a.identity_url, a.id_token_issuer)"
    )
    issuer = "http://localhost:9999"
    facts = {"GOOGLE_ISSUER": f"{issuer}/", "DATA_DIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | facts, capture_output=True, text=True,
        check=True,
    )  # fmt: skip

    paths = ("/oauth2/authorize", "/oauth2/token", "/userinfo", "")
    assert ran.stdout.split() == [issuer + path for path in paths]
