"""The settings pages: a profile, and keys that are shown once."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User
from conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(visitor, ann):
    """Ann's browser, signed in with her password a moment ago."""
    visitor.post("/accounts/login/", {"login": "ann@example.com", "password": PASSWORD})
    return visitor


def make_key(browser, **fields):
    """Fills in and sends the form for a new key."""
    page = browser.get("/settings/keys").content.decode()
    mark = re.search(r'name="form" value="(\w+)"', page)[1]
    wishes = {"form": mark, "name": "Website", "scopes": ["read", "generate"]} | fields
    return browser.post("/settings/keys", wishes)


def shown_key(reply):
    """The plain key on a page, if there is one."""
    found = keys.PATTERN.search(reply.content.decode())
    return found and found[0]


@pytest.mark.parametrize("path", ["", "/profile", "/account", "/keys", "/account/delete"])
def test_the_settings_are_behind_the_sign_in(visitor, path):
    reply = visitor.get(f"/settings{path}", follow=True)

    assert reply.redirect_chain[-1][0].startswith("/accounts/login/?next=/settings")


@pytest.mark.parametrize("path", ["/profile", "/account", "/keys", "/account/delete"])
def test_every_settings_page_opens(browser, path):
    assert browser.get(f"/settings{path}").status_code == 200


@pytest.mark.parametrize(
    "path", ["email", "password/change", "reauthenticate", "logout", "3rdparty"]
)
def test_every_page_of_the_account_opens(browser, path):
    assert browser.get(f"/accounts/{path}/").status_code == 200


def test_a_profile_is_saved_and_changes_nothing_else(browser, ann):
    more = {"is_staff": "on", "is_superuser": "on", "email": "x@example.com", "id": "1"}
    browser.post("/settings/profile", {"name": " Mira ", "handle": "Mira-B", **more})
    ann.refresh_from_db()

    assert (ann.name, ann.handle) == ("Mira", "mira-b")
    assert (ann.email, ann.is_staff, ann.is_superuser) == ("ann@example.com", False, False)


@pytest.mark.parametrize(
    "handle",
    ["a", "-ab", "ab-", "a--b", "mira b", "maker-123abc", "é-é-é", "x" * 41, "a/b/c", "taken"],
)
def test_an_address_that_cannot_be_is_refused(browser, bob, handle):
    User.objects.filter(pk=bob.pk).update(handle="taken")
    reply = browser.post("/settings/profile", {"name": "", "handle": handle})

    assert reply.status_code == 400
    assert User.objects.get(email="ann@example.com").handle is None


@pytest.mark.parametrize("name", ["a\u202eb", "a\nb", "x" * 81])
def test_a_name_that_turns_text_around_is_refused(browser, name):
    assert browser.post("/settings/profile", {"name": name, "handle": ""}).status_code == 400


def test_a_name_is_shown_as_text(browser):
    browser.post("/settings/profile", {"name": "<script>alert(1)</script>", "handle": ""})
    page = browser.get("/settings/profile").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_two_people_may_have_no_address(browser, bob_client):
    for client in (browser, bob_client):
        assert client.post("/settings/profile", {"name": "", "handle": ""}).status_code == 302


def test_a_new_key_is_shown_in_one_answer_only(browser, ann):
    reply = make_key(browser)
    plain = shown_key(reply)

    assert keys.verify(plain).user == ann
    assert "no-store" in reply["Cache-Control"]
    assert shown_key(browser.get("/settings/keys")) is None
    assert f"{plain[:7]}…" in browser.get("/settings/keys").content.decode()
    assert plain not in str(dict(browser.session))


def test_reloading_the_answer_makes_no_second_key(browser):
    page = browser.get("/settings/keys").content.decode()
    mark = re.search(r'name="form" value="(\w+)"', page)[1]
    wishes = {"form": mark, "name": "Website", "scopes": ["read"]}
    browser.post("/settings/keys", wishes)
    again = browser.post("/settings/keys", wishes)

    assert again.status_code == 302
    assert ApiKey.objects.count() == 1


def test_a_key_gets_the_wishes_of_the_form(browser):
    make_key(browser, scopes=["manage"], expires_on="2999-12-31", daily_credit_cap="200")
    key = ApiKey.objects.get()

    assert key.scopes == ["manage"]
    assert key.expires_at.isoformat() == "3000-01-01T00:00:00+00:00"
    assert (key.daily_credit_cap, key.monthly_credit_cap) == (200, None)


@pytest.mark.parametrize(
    "wish",
    [{"scopes": []}, {"scopes": ["root"]}, {"expires_on": "2001-01-01"}, {"expires_on": "soon"},
     {"daily_credit_cap": "0"}, {"monthly_credit_cap": "-1"}, {"name": "x" * 81}],
)  # fmt: skip
def test_a_wish_that_cannot_be_makes_no_key(browser, wish):
    reply = make_key(browser, **wish)

    assert reply.status_code == 400
    assert 'class="err"' in reply.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_after_a_question(browser, ann):
    key, plain = keys.issue(ann, name="Website")
    path = f"/settings/keys/{key.pk}/revoke"

    assert "Revoke Website" in browser.get(path).content.decode()
    assert keys.verify(plain)
    assert browser.post(path)["Location"] == "/settings/keys"
    assert keys.verify(plain) is None
    assert "Revoked" in browser.get("/settings/keys").content.decode()


def test_revoking_after_a_while_asks_for_the_password_and_goes_on(browser, ann, time_machine):
    key, plain = keys.issue(ann)
    path = f"/settings/keys/{key.pk}/revoke"
    time_machine.move_to(timezone.now() + timedelta(minutes=16))
    asked = browser.post(path)["Location"]
    assert asked.startswith("/accounts/reauthenticate/")
    assert keys.verify(plain)

    browser.post(asked, {"password": "wrong password"})
    assert keys.verify(plain)
    browser.post(asked, {"password": PASSWORD})
    assert keys.verify(plain) is None


def test_a_foreign_key_does_not_exist(browser, bob):
    foreign, plain = keys.issue(bob)

    for send in (browser.get, browser.post):
        assert send(f"/settings/keys/{foreign.pk}/revoke").status_code == 404
    assert keys.verify(plain)
    assert foreign.shown not in browser.get("/settings/keys").content.decode()


def test_an_unproved_address_is_called_so(browser, ann):
    assert "Not confirmed" in browser.get("/settings/account").content.decode()
    EmailAddress.objects.update_or_create(
        user=ann, email=ann.email, defaults={"verified": True, "primary": True}
    )
    assert "Not confirmed" not in browser.get("/settings/account").content.decode()


def test_an_address_becomes_the_accounts_by_its_mailed_link_alone(browser, ann):
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})
    browser.post("/accounts/email/", {"action_add": "", "email": "other@example.com"})
    assert EmailAddress.objects.filter(email="other@example.com", verified=False).exists()
    for action in ("action_primary", "action_remove"):
        email = "other@example.com" if action == "action_primary" else "ann@example.com"
        browser.post("/accounts/email/", {action: "", "email": email})

    ann.refresh_from_db()
    assert ann.email == "ann@example.com"
    browser.post("/accounts/email/", {"action_remove": "", "email": "other@example.com"})
    assert not EmailAddress.objects.filter(email="other@example.com").exists()


def test_no_page_has_script_or_style_of_its_own(browser, ann):
    keys.issue(ann)
    for path in ("profile", "account", "keys", "account/delete"):
        page = browser.get(f"/settings/{path}").content.decode()
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page)
