"""The gallery's order: newest, top and trending, by cursors that stay right as items come."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from gallery.models import Item
from gallery.querysets import ItemQuerySet

SIZE = 24
TRENDING = timedelta(days=7)
_CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """Items of one page and the cursor of the next one, empty on the last."""

    items: list[Item]
    next: str


def newest(cursor: str = "", items: ItemQuerySet | None = None, size: int = SIZE) -> Page:
    """Public items, the newest first; a cursor that is none gives the first page."""
    found = _public(items).order_by("-created_at", "-id")
    after = _read(cursor)
    if after is not None:
        since, pk = after
        found = found.older_than(_EPOCH + timedelta(microseconds=since), pk)
    return _page(found, size, lambda item: (item.created_at - _EPOCH) // timedelta(microseconds=1))


def top(cursor: str = "", items: ItemQuerySet | None = None, size: int = SIZE) -> Page:
    """Public items, the most liked first; a cursor that is none gives the first page."""
    found = _public(items).filter(count__visible=True)
    found = found.order_by("-count__likes", "-count__item_id")
    after = _read(cursor)
    if after is not None:
        found = found.liked_less_than(*after)
    return _page(found, size, lambda item: item.count.likes)


def trending(cursor: str = "", items: ItemQuerySet | None = None, size: int = SIZE) -> Page:
    """The most liked items of the last seven days."""
    found = Item.objects.all() if items is None else items
    return top(cursor, found.filter(created_at__gte=timezone.now() - TRENDING), size)


SORTS: dict[str, Callable[..., Page]] = {
    "newest": newest,
    "trending": trending,
    "top": top,
}


def _public(items: ItemQuerySet | None) -> ItemQuerySet:
    return (Item.objects.all() if items is None else items).public().for_cards()


def _page(found: ItemQuerySet, size: int, key: Callable[[Item], int]) -> Page:
    """One row more than shown tells whether there is a next page, without a count."""
    rows = list(found[: size + 1])
    more = len(rows) > size
    return Page(rows[:size], f"{key(rows[size - 1])}-{rows[size - 1].id.hex}" if more else "")


def _read(cursor: str) -> tuple[int, UUID] | None:
    match = _CURSOR.fullmatch(cursor)
    # Past the year 9999 there is no date to compare with.
    return (min(int(match[1]), 10**17), UUID(match[2])) if match else None
