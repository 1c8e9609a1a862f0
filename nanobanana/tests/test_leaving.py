"""Deleting an account: out at once, nothing left to see, the ledger stays without a name."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys, tokens
from accounts.models import User
from accounts.owner import Owner
from billing.ledger import wallet_of
from billing.models import LedgerEntry
from conftest import PASSWORD
from gallery import showcase
from gallery.models import Item
from generator import catalogue_sync, engine
from generator.catalogue import validate
from generator.engine import admission
from generator.models import Generation
from nanobanana import leaving

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(visitor, ann):
    """Ann's browser, signed in with her password a moment ago."""
    visitor.post("/accounts/login/", {"login": "ann@example.com", "password": PASSWORD})
    return visitor


def make(user, prompt="a red fox"):
    """An accepted generation of the user."""
    catalogue_sync.sync()
    owner = Owner(user=user)
    return engine.submit(owner, validate({"prompt": prompt}, owner=owner))


def delete_account(browser, email="ann@example.com"):
    return browser.post("/settings/account/delete", {"email": email})


def test_an_account_is_deleted_after_its_address_was_typed(browser, ann):
    assert delete_account(browser, "bob@example.com").status_code == 400
    ann.refresh_from_db()
    assert ann.is_active

    assert delete_account(browser, "Ann@Example.com")["Location"] == "/"
    ann.refresh_from_db()
    assert not ann.is_active


def test_deleting_after_a_while_asks_for_the_password(browser, ann, time_machine):
    time_machine.move_to(timezone.now() + timedelta(minutes=16))

    assert delete_account(browser)["Location"].startswith("/accounts/reauthenticate/")
    ann.refresh_from_db()
    assert ann.is_active


def test_every_door_is_shut_at_once(browser, ann, ann_client, ann_key):
    token = tokens.issue(ann)[1]
    delete_account(browser)

    assert browser.get("/settings/profile").status_code == 302
    assert ann_client.get("/settings/profile").status_code == 302
    assert keys.verify(ann_key) is None
    assert tokens.verify(token) is None
    browser.post("/accounts/login/", {"login": "ann@example.com", "password": PASSWORD})
    assert browser.get("/settings/profile").status_code == 302


def test_nothing_of_the_person_is_left_and_the_address_is_free_again(browser, ann):
    keys.issue(ann, name="Ann's website")
    User.objects.filter(pk=ann.pk).update(name="Ann", handle="ann")
    delete_account(browser)
    row = str(User.objects.filter(pk=ann.pk).values().get()) + str(list(ann.api_keys.values()))

    assert "ann@example.com" not in row.lower()
    assert "'Ann" not in row
    fresh = {"email": "ann@example.com", "password1": PASSWORD}
    browser.post("/accounts/signup/", fresh)
    assert User.objects.get(email="ann@example.com").pk != ann.pk


def test_images_and_prompts_go_and_the_ledger_stays(browser, ann, run_engine):
    generation = make(ann)
    run_engine()
    entries = LedgerEntry.objects.count()
    output = generation.outputs.get()
    showcase.publish(Owner(user=ann), output)
    delete_account(browser)

    generation.refresh_from_db()
    output.refresh_from_db()
    assert generation.prompt == ""
    assert generation.deleted_at is not None
    assert output.deleted_at is not None
    assert not Item.objects.public().exists()
    assert LedgerEntry.objects.count() == entries
    assert wallet_of(ann).balance == 980


def test_what_still_waits_is_canceled_and_given_back(browser, ann):
    generation = make(ann)
    delete_account(browser)
    generation.refresh_from_db()

    assert generation.status == "canceled"
    assert generation.prompt == ""
    assert wallet_of(ann).balance == 1000


def test_what_was_running_is_cleared_once_it_has_ended(browser, ann, run_engine):
    generation = make(ann)
    admission.admit(generation)
    assert Generation.objects.get(pk=generation.pk).status == "processing"
    delete_account(browser)
    run_engine()
    leaving.clear_left()
    generation.refresh_from_db()

    assert generation.prompt == ""
    assert generation.deleted_at is not None


def test_other_people_keep_what_they_have(browser, bob, run_engine):
    generation = make(bob)
    run_engine()
    delete_account(browser)
    leaving.clear_left()
    generation.refresh_from_db()

    assert generation.deleted_at is None
    assert User.objects.get(pk=bob.pk).is_active
