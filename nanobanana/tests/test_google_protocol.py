"""How the browser goes to Google and comes back: once, with a state and a code of its own."""

import os
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.socialaccount.providers.google import views
from django.test import Client

from accounts.models import User
from nanobanana.tests.entrance import begin, consent, is_in, knowing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]


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
