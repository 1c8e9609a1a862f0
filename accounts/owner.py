"""Whose something is: a user (perhaps through an API key) or a visitor, in one small value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import ApiKey, User, Visitor


@dataclass(frozen=True)
class Owner:
    """Who a request acts for: exactly one of `user` and `visitor`, and the `key` it came by."""

    user: User | None = None
    visitor: Visitor | None = None
    key: ApiKey | None = None
    address: str = ""

    @property
    def id(self) -> str:
        """A text that no other owner has."""
        person = self.user or self.visitor
        return str(person.pk) if person else ""

    @property
    def columns(self) -> dict[str, Any]:
        """The owner's columns of a row: for creating one, and for filtering on it."""
        return {"user": self.user} if self.user else {"visitor": self.visitor}

    def owns(self, row: Any) -> bool:
        """Whether a row with `user_id` and `visitor_id` columns is this owner's."""
        if self.user is not None:
            return bool(row.user_id == self.user.pk)
        return self.visitor is not None and row.visitor_id == self.visitor.pk
