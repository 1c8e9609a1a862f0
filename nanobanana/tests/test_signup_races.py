"""Many at once: one account for an address, one owner for a visitor, one first grant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.test import Client

from accounts.models import User, Visitor
from billing.ledger import wallet_of
from billing.models import LedgerEntry
from conftest import PASSWORD
from generator import claims
from generator.models import Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

MANY = 12


def at_once(act: Callable[[int], object]) -> list[object]:
    """What `act` gives for each of many numbers, all begun at the same moment."""
    gate = Barrier(MANY)

    def run(number: int) -> object:
        try:
            gate.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(run, range(MANY)))


def test_one_address_becomes_one_account_by_the_api():
    body = {"email": "mira@example.com", "password": PASSWORD}

    def register(_number):
        reply = Client().post("/v1/auth/register", body, content_type="application/json")
        return reply.status_code

    statuses = at_once(register)

    assert sorted(statuses) == [201] + [400] * (MANY - 1)
    assert User.objects.count() == 1
    assert LedgerEntry.objects.count() == 1


def test_one_address_becomes_one_account_by_the_page():
    form = {"email": "mira@example.com", "password1": PASSWORD}
    statuses = at_once(lambda _: Client().post("/accounts/signup/", form).status_code)

    assert set(statuses) <= {200, 302}
    assert User.objects.count() == 1
    assert wallet_of(User.objects.get()).balance == 1000


def test_one_visitor_is_claimed_by_one_account():
    visitor = Visitor.objects.create()
    facts = {"size": 1, "width": 1, "height": 1, "sha256": "0", "content_type": "image/png"}
    upload = Upload.objects.create(visitor=visitor, file_key="u/1.png", **facts)
    users = [User.objects.create_user(f"u{number}@example.com") for number in range(MANY)]

    claimed = at_once(lambda number: claims.claim(visitor, users[number]))

    assert sorted(claimed) == [False] * (MANY - 1) + [True]
    upload.refresh_from_db()
    assert upload.user == users[claimed.index(True)]
