"""Sets of gallery items: what the public may see, what matches, what comes next."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import BooleanField, F, Func, Q, Value

if TYPE_CHECKING:
    from accounts.models import User
    from gallery.models import Item  # noqa: F401 (the base class names it)

MAX_WORDS = 8
PUBLIC = Q(
    is_public=True,
    hidden_by_staff=False,
    output__published=True,
    output__deleted_at=None,
    author__is_active=True,
)
"""The output's own columns stand here so that deleting a generation, which knows nothing of the
gallery, takes its pictures out of it in the same instant; a banned author's vanish too."""


def row_before(columns: tuple[str, str], values: tuple[Value, Value]) -> Func:
    """`(a, b) < (x, y)` as one row comparison, which an index answers at any depth.

    Spelled out (a < x OR a = x AND b < y), PostgreSQL reads and drops every earlier row.
    """
    rows = (
        Func(*parts, template="(%(expressions)s)", output_field=BooleanField())
        for parts in ((F(columns[0]), F(columns[1])), values)
    )
    return Func(*rows, template="%(expressions)s", arg_joiner=" < ", output_field=BooleanField())


class ItemQuerySet(models.QuerySet["Item"]):
    """Gallery items."""

    def public(self) -> Self:
        """What anybody may see at this moment."""
        return self.filter(PUBLIC)

    def for_cards(self) -> Self:
        """With all that a tile shows, in the same query."""
        return self.select_related("author", "output", "count")

    def seen_by(self, user: Any) -> Self:
        """The public ones, and one's own that are not public (any more)."""
        if not user.is_authenticated:
            return self.public()
        return self.filter(PUBLIC | Q(author=user, output__deleted_at=None))

    def matching(self, q: str = "", model: str = "", author: User | None = None) -> Self:
        """Narrowed to a model, an author, and every word in title, prompt or author's name."""
        found = self
        if model:
            found = found.filter(model=model)
        if author is not None:
            found = found.filter(author=author)
        for word in q.split()[:MAX_WORDS]:
            found = found.filter(
                Q(title__icontains=word)
                | Q(prompt__icontains=word)
                | Q(author__name__icontains=word)
                | Q(author__handle__iexact=word)
            )
        return found

    def older_than(self, created_at: datetime, pk: UUID) -> Self:
        """What comes after this item in the order of `newest`."""
        return self.filter(
            row_before(
                ("created_at", "id"),
                (Value(created_at, models.DateTimeField()), Value(pk, models.UUIDField())),
            )
        )

    def liked_less_than(self, likes: int, pk: UUID) -> Self:
        """What comes after this item in the order of `top`."""
        return self.filter(
            row_before(
                ("count__likes", "count__item_id"),
                (Value(likes, models.BigIntegerField()), Value(pk, models.UUIDField())),
            )
        )
