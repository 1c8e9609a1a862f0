"""Signing up, in and out by the pages, and what stays with whom."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User, Visitor
from accounts.owner import Owner
from billing.ledger import wallet_of
from billing.models import LedgerEntry
from conftest import PASSWORD
from generator import claims, engine
from generator.catalogue import validate
from generator.models import Generation, IdempotencyRecord, Upload
from nanobanana.tests.entrance import is_in, link, sign_in, sign_up

pytestmark = pytest.mark.django_db


def be_visitor(client):
    """Makes this browser a visitor."""
    visitor = Visitor.objects.create()
    session = client.session
    session["visitor"] = str(visitor.pk)
    session.save()
    return visitor


def make_trial_image(visitor):
    owner = Owner(visitor=visitor, address="127.0.0.1")
    return engine.submit(owner, validate({"prompt": "a red fox"}, owner=owner), key="trial")


def test_signing_up_lets_one_in_at_once_with_the_first_credits(visitor, posting):
    with posting():
        reply = sign_up(visitor)
    user = User.objects.get()

    assert (reply.status_code, reply["Location"]) == (302, "/dashboard")
    assert is_in(visitor)
    assert wallet_of(user).balance == 1000
    assert LedgerEntry.objects.count() == 1
    [message] = mail.outbox
    assert message.to == ["mira@example.com"]
    assert "Welcome to NanoBanana" in message.subject


def test_the_mailed_link_confirms_only_when_the_button_is_pressed(visitor, posting):
    with posting():
        sign_up(visitor)
    path = link(mail.outbox[0])

    assert "Confirm your email" in visitor.get(path).content.decode()
    assert not EmailAddress.objects.get().verified
    visitor.post(path)
    assert EmailAddress.objects.get().verified
    assert "too old" in visitor.get("/accounts/confirm-email/made-up-key/").content.decode()


def test_where_confirmation_is_required_nobody_is_in_before_it(visitor, mandatory, posting):
    with posting():
        reply = sign_up(visitor)
    assert reply["Location"] == "/accounts/confirm-email/"
    assert not is_in(visitor)
    sign_in(visitor, "mira@example.com")
    assert not is_in(visitor)

    visitor.post(link(mail.outbox[0]))
    sign_in(visitor, "mira@example.com")
    assert is_in(visitor)


def test_a_taken_address_is_told_on_the_page_and_makes_no_account(visitor, ann):
    reply = sign_up(visitor, "ANN@example.com")

    assert "An account with this email exists" in reply.content.decode()
    assert User.objects.count() == 1


def test_a_taken_address_looks_free_where_confirmation_is_required(
    visitor, ann, mandatory, posting
):
    with posting():
        reply = sign_up(visitor, "ann@example.com")

    assert reply["Location"] == "/accounts/confirm-email/"
    assert User.objects.count() == 1
    assert mail.outbox[0].to == ["ann@example.com"]
    assert "tried to sign up" in mail.outbox[0].body


@pytest.mark.parametrize("password", ["shorty7", "password123", "12345678901"])
def test_a_weak_password_is_refused_and_the_address_is_kept_in_the_form(visitor, password):
    page = sign_up(visitor, password=password).content.decode()

    assert 'aria-invalid="true"' in page
    assert 'value="mira@example.com"' in page
    assert password not in page
    assert not User.objects.exists()


def test_an_account_made_with_capitals_is_the_same_account(visitor):
    sign_up(visitor, "Mira@Example.COM")
    other = Client()
    sign_in(other, "mira@EXAMPLE.com")

    assert User.objects.get().email == "mira@example.com"
    assert is_in(other)


# A visitor's images -------------------------------------------------------------------------------


@pytest.fixture
def trial(visitor, catalogue):
    """A browser that made an image as a visitor, and that image."""
    return visitor, make_trial_image(be_visitor(visitor))


@pytest.fixture
def catalogue(db):
    """The models on offer."""
    from generator import catalogue_sync

    catalogue_sync.sync()


def test_signing_up_keeps_what_the_visitor_made(trial):
    client, generation = trial
    sign_up(client)
    user = User.objects.get()
    generation.refresh_from_db()

    assert (generation.user, generation.visitor) == (user, None)
    assert generation.wallet is None
    assert wallet_of(user).balance == 1000
    assert Visitor.objects.get().claimed_by == user
    assert not IdempotencyRecord.objects.exists()
    assert "visitor" not in client.session


def test_signing_in_keeps_what_the_visitor_made(trial, ann):
    client, generation = trial
    sign_in(client)

    assert Generation.objects.get(user=ann) == generation


def test_registering_by_the_api_keeps_what_this_browsers_visitor_made(trial):
    client, generation = trial
    body = {"email": "mira@example.com", "password": PASSWORD}
    reply = client.post("/v1/auth/register", body, content_type="application/json")

    assert reply.status_code == 201
    assert Generation.objects.get(user=User.objects.get()) == generation


def test_an_account_that_is_not_confirmed_yet_gets_nothing_until_it_is(trial, mandatory):
    client, generation = trial
    sign_up(client)
    generation.refresh_from_db()
    assert generation.user is None

    EmailAddress.objects.update(verified=True)
    sign_in(client, "mira@example.com")
    generation.refresh_from_db()
    assert generation.user == User.objects.get()


def test_a_visitor_is_claimed_once(trial, ann, bob):
    _, generation = trial
    visitor = generation.visitor
    facts = {"size": 1, "width": 1, "height": 1, "sha256": "0", "content_type": "image/png"}
    upload = Upload.objects.create(visitor=visitor, file_key="u/1.png", **facts)

    assert claims.claim(visitor, ann)
    upload.refresh_from_db()
    assert (upload.user, upload.visitor) == (ann, None)
    assert not claims.claim(visitor, bob)
    generation.refresh_from_db()
    assert generation.user == ann


# Signing in and out -------------------------------------------------------------------------------


def test_a_wrong_password_and_an_unknown_address_get_the_same_page(ann):
    pages = [
        sign_in(Client(), password="wrong password"),
        sign_in(Client(), "nobody@example.com", "wrong password"),
    ]
    texts = [
        re.sub(r'value="[^"]*(@example.com|")', "", page.content.decode().split("<main")[1])
        for page in pages
    ]

    assert "The email or the password is not right." in texts[0]
    assert texts[0] == texts[1]


def test_guessing_is_stopped_with_a_page_that_says_how_long(ann, settings):
    client = Client()
    replies = [
        sign_in(client, f"a{n}@example.com", headers={"X-Forwarded-For": f"6.6.6.{n}"})
        for n in range(11)
    ]

    assert [reply.status_code for reply in replies] == [200] * 10 + [429]
    assert 0 < int(replies[-1]["Retry-After"]) <= 60
    assert "Too many tries" in replies[-1].content.decode()


def test_a_success_in_between_does_not_forgive_the_failures(ann):
    for _ in range(4):
        sign_in(Client(), password="wrong password")
    assert sign_in(Client()).status_code == 302
    sign_in(Client(), password="wrong password")

    assert sign_in(Client()).status_code == 429


def test_behind_a_trusted_proxy_each_client_is_counted_by_itself(ann, settings):
    settings.TRUSTED_PROXIES = 1

    def attempt(address):
        headers = {"X-Forwarded-For": f"6.6.6.6, {address}"}
        data = {"login": f"{address}@example.com", "password": "wrong password"}
        return Client().post("/accounts/login/", data, headers=headers).status_code

    assert [attempt("203.0.113.1") for _ in range(6)][-1] == 429
    assert attempt("203.0.113.2") == 200


def test_staff_sign_in_by_the_protected_page(visitor, sam):
    reply = visitor.get("/admin/login/")
    assert reply["Location"] == "/accounts/login/?next=%2Fadmin%2Flogin%2F"
    reply = visitor.post("/admin/login/", {"username": "sam@example.com", "password": PASSWORD})
    assert reply.status_code == 302
    assert not is_in(visitor)


def test_staff_made_by_an_operator_need_no_confirmation(visitor, sam, mandatory):
    sign_in(visitor, "sam@example.com")

    assert is_in(visitor)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "https:evil.example", "/\\evil.example",
     "\\\\evil.example", "%2f%2fevil.example", "javascript:alert(1)", "data:text/html,x",
     "http://testserver@evil.example", "/\t/evil.example", "\x01//evil.example", "///evil.example",
     "http://localhost:9/x", "dashboard"],
)  # fmt: skip
def test_after_signing_in_one_stays_on_this_site(ann, target):
    assert sign_in(Client(), next=target)["Location"] == "/dashboard"


def test_after_signing_in_one_goes_on_where_one_wanted(ann):
    assert sign_in(Client(), next="/settings/keys?x=1")["Location"] == "/settings/keys?x=1"


def test_signing_in_changes_the_sessions_id_and_signing_out_ends_it(visitor, ann):
    be_visitor(visitor)
    before = visitor.session.session_key
    sign_in(visitor)
    inside = visitor.cookies["session"].value
    assert inside != before

    visitor.get("/accounts/logout/")
    assert is_in(visitor)
    assert visitor.post("/accounts/logout/")["Location"] == "/"
    thief = Client()
    thief.cookies["session"] = inside
    assert not is_in(thief)


def test_the_sessions_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor, ann):
    cookie = sign_in(visitor).cookies["session"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["domain"] == ""


def test_unticking_keep_me_signed_in_ends_the_session_with_the_browser(ann):
    assert sign_in(Client()).cookies["session"]["max-age"] == ""
    assert sign_in(Client(), remember="on").cookies["session"]["max-age"] == 60 * 60 * 24 * 30


def test_a_deactivated_user_is_out_at_the_next_request(ann_client, ann):
    ann.is_active = False
    ann.save()

    assert not is_in(ann_client)
    assert sign_in(Client())["Location"] == "/accounts/inactive/"
