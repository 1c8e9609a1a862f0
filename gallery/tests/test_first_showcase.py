"""The first showcase: real generations of the house, once, and never with somebody's money."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate

from accounts.models import User
from gallery import first_showcase
from gallery.models import Item
from generator.models import Generation

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    sizes = [(prompt, "512x512") for prompt, _ in first_showcase.PICTURES]
    monkeypatch.setattr(first_showcase, "PICTURES", tuple(sizes))


@pytest.fixture
def demo_on(settings):
    settings.DEMO = True


@pytest.mark.usefixtures("demo_on")
def test_a_new_site_shows_pictures_that_were_really_made(visitor):
    assert first_showcase.paint(2) == 2
    for item in Item.objects.public():
        assert item.by_demo
        assert item.author.handle == "nanobanana"
        assert Generation.objects.get(outputs=item.output).price == 20
        assert visitor.get(f"/gallery/{item.pk}").status_code == 200
        assert visitor.get(f"/p/{item.output_id}/320").status_code == 200


@pytest.mark.usefixtures("demo_on")
def test_it_paints_once_in_a_sites_life():
    first_showcase.paint(1)
    Item.objects.all().delete()
    assert first_showcase.paint(1) == 0


def test_it_paints_nothing_where_pictures_would_cost_money(settings):
    settings.DEMO = False
    assert first_showcase.paint(1) == 0
    assert not Generation.objects.exists()


def test_nobody_can_sign_in_as_the_house():
    house = first_showcase.house()
    assert not house.has_usable_password()
    assert authenticate(email=house.email, password="") is None
    assert first_showcase.house() == house
    assert User.objects.count() == 1
