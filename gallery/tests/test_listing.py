"""The gallery's order: complete, without doubles, at any depth, with any cursor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from gallery import listing, showcase
from gallery.models import Item, ItemCount

pytestmark = pytest.mark.queries


def _walk(order, size=2):
    """Every item, page by page, as a reader sees them."""
    seen, cursor = [], ""
    for _ in range(20):
        page = order(cursor, None, size)
        assert len(page.items) <= size
        seen += page.items
        cursor = page.next
        if not cursor:
            return seen
    raise AssertionError("the pages never end")


@pytest.fixture
def five(ann, show):
    """Five items, two of them published in the same instant, with 3, 1, 1, 0 and 0 likes."""
    items = [show(ann, title=str(number)) for number in range(5)]
    now = timezone.now()
    for number, (item, likes) in enumerate(zip(items, (3, 1, 1, 0, 0), strict=True)):
        age = timedelta(minutes=5 - max(number, 1))
        Item.objects.filter(pk=item.pk).update(created_at=now - age)
        ItemCount.objects.filter(item=item).update(likes=likes)
    return items


def test_newest_walks_through_everything_once_the_newest_first(five):
    walked = _walk(listing.newest)
    assert len({item.pk for item in walked}) == 5
    assert [item.title for item in walked[:3]] == ["4", "3", "2"]
    assert walked == sorted(walked, key=lambda item: (item.created_at, item.pk), reverse=True)


def test_top_walks_through_everything_once_the_most_liked_first(five):
    walked = _walk(listing.top)
    assert len({item.pk for item in walked}) == 5
    assert [item.count.likes for item in walked] == [3, 1, 1, 0, 0]


def test_trending_is_the_top_of_the_last_seven_days(five):
    Item.objects.filter(pk=five[0].pk).update(created_at=timezone.now() - timedelta(days=8))
    walked = _walk(listing.trending)
    assert [item.count.likes for item in walked] == [1, 1, 0, 0]


def test_a_page_stays_right_while_newer_items_come(five, ann, show):
    first = listing.newest("", None, 2)
    show(ann, title="new")
    second = listing.newest(first.next, None, 2)
    assert [item.title for item in first.items + second.items][:3] == ["4", "3", "2"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "-",
        "1-2",
        "0-" + "g" * 32,
        "9" * 40 + "-" + "0" * 32,
        "\0",
        "' OR 1=1",
        "１-" + "0" * 32,
    ],
)
@pytest.mark.parametrize("order", list(listing.SORTS.values()))
def test_a_cursor_that_is_none_gives_the_first_page(five, order, cursor):
    assert len(order(cursor, Item.objects.all()).items) == 5


def test_a_cursor_far_in_the_future_is_no_error(five):
    assert len(listing.newest("9" * 18 + "-" + "0" * 32).items) == 5


def test_what_is_not_public_is_on_no_page(five):
    showcase.withdraw(five[0])
    showcase.hide(five[4])
    for order in listing.SORTS.values():
        assert {item.title for item in order("", Item.objects.all()).items} == {"1", "2", "3"}


def test_a_search_needs_every_word_somewhere(ann, bob, show):
    bob.name = "Robert"
    bob.save()
    show(ann, title="Red fox", prompt="in snow")
    show(bob, title="Red hare", prompt="in grass")
    show(ann, title="Hidden words", prompt="a red secret", show_prompt=False)

    def found(q):
        return {item.title for item in listing.newest("", Item.objects.matching(q=q)).items}

    assert found("red SNOW") == {"Red fox"}
    assert found("robert") == {"Red hare"}
    assert found("red blue") == set()
    assert found("secret") == set(), "a prompt that is not shown is not searched"
    assert found("%") == set()


def test_the_model_and_the_author_narrow_the_list(ann, bob, show, picture):
    item = show(bob, output=picture(bob, model="sd3-medium"))
    show(ann)
    assert list(Item.objects.matching(model="sd3-medium")) == [item]
    assert list(Item.objects.matching(author=bob)) == [item]


def test_a_page_is_one_query_at_any_depth(five, django_assert_num_queries):
    cursor = listing.newest("", None, 2).next
    with django_assert_num_queries(1):
        page = listing.newest(cursor, None, 2)
        for item in page.items:
            assert item.author.public_name
            assert item.count.likes >= 0
            assert item.output.content_type
