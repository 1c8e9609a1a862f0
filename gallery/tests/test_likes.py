"""Likes: one a person, counted exactly, under any number of clicks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import User
from gallery import showcase
from gallery.models import Item, ItemCount, Like

pytestmark = pytest.mark.queries


def _agree(item):
    likes = ItemCount.objects.get(item=item).likes
    assert likes == Like.objects.filter(item=item).count()
    return likes


def test_a_like_counts_once_however_often_it_is_said(ann, bob, show):
    item = show(ann)
    assert [showcase.like(bob, item) for _ in range(3)] == [1, 1, 1]
    assert showcase.like(ann, item) == 2
    assert _agree(item) == 2


def test_a_like_is_taken_back_once_however_often_it_is_said(ann, bob, show):
    item = show(ann)
    showcase.like(bob, item)
    showcase.like(ann, item)
    assert [showcase.unlike(bob, item) for _ in range(3)] == [1, 1, 1]
    assert _agree(item) == 1


def test_what_is_not_public_cannot_be_liked(ann, bob, show):
    item = show(ann)
    showcase.withdraw(item)
    with pytest.raises(Item.DoesNotExist):
        showcase.like(bob, item)
    assert _agree(item) == 0


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_five_hundred_parallel_likes_by_fifty_users_are_fifty_likes(ann, show):
    item = show(ann)
    crowd = [User.objects.create_user(f"u{n}@example.com") for n in range(50)]

    def click(number):
        try:
            return showcase.like(crowd[number % 50], item)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(click, range(500)))
    assert _agree(item) == 50


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_counter_and_rows_agree_when_people_change_their_minds_all_at_once(ann, show):
    item = show(ann)
    crowd = [User.objects.create_user(f"u{n}@example.com") for n in range(10)]

    def click(number):
        act = showcase.unlike if number % 3 == 0 else showcase.like
        try:
            act(crowd[number % 10], item)
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(click, range(300)))
    _agree(item)
