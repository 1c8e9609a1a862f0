"""Signing in with Google, against an OpenID provider over real sockets."""

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import addresses, keys, tokens
from accounts.models import User, Visitor
from billing.ledger import wallet_of
from conftest import PASSWORD
from nanobanana.tests.entrance import begin, consent, enter, is_in, knowing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("google")]


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
