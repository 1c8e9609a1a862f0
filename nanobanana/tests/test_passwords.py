"""Passwords and addresses: what a mailed link does, once, and what ends with it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import keys, tokens
from accounts.models import ApiKey, User
from conftest import PASSWORD
from nanobanana.tests.entrance import is_in, link, sign_in, sign_up

pytestmark = pytest.mark.django_db

NEW_PASSWORD = "another battery staple"


# Passwords ----------------------------------------------------------------------------------------


def reset_link(posting, email="ann@example.com"):
    with posting():
        Client().post("/accounts/password/reset/", {"email": email})
    return link(mail.outbox[-1])


def set_password(path, password=NEW_PASSWORD):
    """Follows a reset link and sends its form."""
    client = Client()
    page = client.get(path, follow=True)
    if not page.redirect_chain:
        return page
    data = {"password1": password, "password2": password}
    return client.post(page.redirect_chain[-1][0], data)


def test_asking_for_a_new_password_tells_nobody_who_has_an_account(ann, posting):
    with posting():
        known = Client().post("/accounts/password/reset/", {"email": "ann@example.com"})
        unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to[0] for message in mail.outbox] == ["ann@example.com", "nobody@example.com"]


def test_a_reset_link_works_once_and_ends_other_sessions_and_tokens(ann, ann_client, posting):
    token = tokens.issue(ann)[1]
    path = reset_link(posting)
    assert set_password(path)["Location"] == "/accounts/password/reset/key/done/"

    assert not is_in(ann_client)
    assert tokens.verify(token) is None
    ann.refresh_from_db()
    assert ann.check_password(NEW_PASSWORD)
    assert "no longer works" in set_password(path, "a third battery").content.decode()


def test_a_reset_by_the_owner_of_an_unproved_address_ends_the_keys_of_who_made_the_account(
    ann, posting
):
    strangers = keys.issue(ann)[1]
    SocialAccount.objects.create(user=ann, provider="google", uid="a stranger's")
    set_password(reset_link(posting))
    assert keys.verify(strangers) is None
    assert not SocialAccount.objects.exists()
    assert EmailAddress.objects.get(user=ann).verified

    own = keys.issue(ann)[1]
    set_password(reset_link(posting), "a third battery")
    assert keys.verify(own)


def test_a_reset_proves_nothing_while_another_address_waits_for_its_proof(ann, posting):
    EmailAddress.objects.create(user=ann, email="other@example.com")
    set_password(reset_link(posting, "other@example.com"))

    assert not EmailAddress.objects.filter(verified=True).exists()
    assert User.objects.get().email == "ann@example.com"


def test_links_of_mails_end_after_three_days(ann, visitor, posting, time_machine):
    with posting():
        sign_up(visitor)
    confirming, resetting = link(mail.outbox[0]), reset_link(posting)
    time_machine.move_to(timezone.now() + timedelta(days=3, minutes=1))

    assert "too old" in Client().get(confirming).content.decode()
    assert Client().post(confirming).status_code == 404
    assert "no longer works" in set_password(resetting).content.decode()


def test_a_link_for_one_person_opens_nothing_of_another(ann, bob, posting):
    secret = reset_link(posting).split("-", 1)[1]
    reset_link(posting, "bob@example.com")
    foreign = link(mail.outbox[-1]).split("-", 1)[0] + "-" + secret

    assert "no longer works" in set_password(foreign).content.decode()
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)


def test_a_reset_link_names_this_site_whatever_host_was_asked_for(ann, posting, settings):
    assert Client().get("/accounts/login/", headers={"Host": "evil.example"}).status_code == 400
    settings.SITE_URL = "https://images.example"
    with posting():
        Client().post("/accounts/password/reset/", {"email": "ann@example.com"})

    assert "https://images.example/accounts/password/reset/key/" in mail.outbox[0].body


def test_changing_the_password_keeps_this_session_and_ends_the_others(ann, ann_client, ann_key):
    token = tokens.issue(ann)[1]
    here = Client()
    sign_in(here)
    data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert here.post("/accounts/password/change/", data)["Location"] == "/settings/account"

    assert is_in(here)
    assert not is_in(ann_client)
    assert tokens.verify(token) is None
    assert keys.verify(ann_key)


# E-mail addresses ---------------------------------------------------------------------------------


def change_email(client, email, posting):
    """Asks for another address (with the password) and gives the mailed link."""
    client.post("/accounts/email/", {"action_add": "", "email": email})
    with posting():
        client.post("/accounts/reauthenticate/?next=/accounts/email/", {"password": PASSWORD})
        client.post("/accounts/email/", {"action_add": "", "email": email})
    return link(next(message for message in mail.outbox if message.to == [email]))


def test_a_new_address_counts_once_confirmed_and_the_old_one_is_told(ann, ann_client, posting):
    here = Client()
    sign_in(here)
    path = change_email(here, "ann@new.example", posting)
    ann.refresh_from_db()
    assert ann.email == "ann@example.com"

    with posting():
        here.post(path)
    ann.refresh_from_db()
    assert ann.email == "ann@new.example"
    assert is_in(here)
    assert not is_in(ann_client)
    assert mail.outbox[-1].to == ["ann@example.com"]
    assert "ann@new.example" in mail.outbox[-1].body


def test_an_address_somebody_proved_cannot_be_taken(ann, bob, posting):
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    here = Client()
    sign_in(here)
    here.post(change_email(here, "bob@example.com", posting))

    ann.refresh_from_db()
    assert ann.email == "ann@example.com"
    assert User.objects.get(email="bob@example.com") == bob


# Mails --------------------------------------------------------------------------------------------


def test_no_mail_carries_markup_or_an_empty_subject(ann, posting):
    reset_link(posting)
    for message in mail.outbox:
        assert message.subject.strip()
        assert "{" not in message.body
        assert message.body.rstrip().endswith("http://127.0.0.1:8000")


def test_a_password_is_never_part_of_a_url_or_page(visitor):
    page = sign_up(visitor, email="nonsense", password="my secret horse battery").content.decode()

    assert "my secret horse battery" not in page
    assert not ApiKey.objects.exists()
