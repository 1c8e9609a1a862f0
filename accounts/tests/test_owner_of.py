"""Whose a request is, and which place it comes from."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.test import RequestFactory

from accounts.models import Visitor
from accounts.owner_of import address_group, owner_of

pytestmark = pytest.mark.django_db


def browser(user=None, **meta):
    """A request with an empty session."""
    request = RequestFactory().get("/", **meta)
    request.user = user or AnonymousUser()
    request.session = SessionStore()
    return request


def test_a_signed_in_user_owns_what_the_request_makes(ann):
    owner = owner_of(browser(ann))

    assert (owner.user, owner.visitor, owner.key) == (ann, None, None)
    assert owner.address == "127.0.0.1"


def test_nobody_becomes_a_visitor_only_when_asked_to():
    request = browser()
    assert owner_of(request) is None
    assert not Visitor.objects.exists()

    owner = owner_of(request, create_visitor=True)
    assert owner.visitor == Visitor.objects.get()
    assert owner_of(request) == owner
    assert owner_of(request, create_visitor=True) == owner


def test_two_browsers_are_two_visitors():
    owners = [owner_of(browser(), create_visitor=True) for _ in range(2)]
    assert owners[0].id != owners[1].id


def test_a_claimed_visitor_is_nobody_again(ann):
    request = browser()
    visitor = owner_of(request, create_visitor=True).visitor
    visitor.claimed_by = ann
    visitor.save()

    assert owner_of(request) is None
    assert owner_of(request, create_visitor=True).visitor != visitor


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", ""),
        ("unix:", ""),
    ],
)
def test_an_address_counts_by_its_ipv4_or_its_ipv6_network(address, group):
    assert address_group(browser(REMOTE_ADDR=address)) == group


@pytest.mark.parametrize(
    ("proxies", "forwarded", "group"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "nonsense", ""),
    ],
)
def test_only_trusted_proxies_are_believed_about_the_address(settings, proxies, forwarded, group):
    settings.TRUSTED_PROXIES = proxies
    headers = {
        "HTTP_X_FORWARDED_FOR": forwarded,
        "HTTP_X_REAL_IP": "6.6.6.6",
        "HTTP_FORWARDED": "for=6.6.6.6",
    }

    assert address_group(browser(**headers)) == group
