"""Finds a key or token with its user by its digest, by a statement that is compiled once.

Every API request does this first. Building and compiling the same query each time costs more than
running it; here only the rows are read and made into models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection

from accounts.models import AccessToken, ApiKey, User

Credential = TypeVar("Credential", ApiKey, AccessToken)


@dataclass(frozen=True)
class Statement:
    """A SELECT with one parameter, and how its columns become values of models."""

    sql: str
    converters: Mapping[int, tuple[list[Callable[..., Any]], Any]]
    own: tuple[str, ...]
    users: tuple[str, ...]

    def row(self, digest: bytes) -> list[Any] | None:
        """The one row with this digest, its columns converted as Django does."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, (digest,))
            found = cursor.fetchone()
        if found is None:
            return None
        values = list(found)
        for place, (convert, column) in self.converters.items():
            for one in convert:
                values[place] = one(values[place], column, connection)
        return values


def by_digest(model: type[Credential], digest: bytes) -> Credential | None:
    """The key or token whose secret has this digest, with its user; one query."""
    statement = _statement(model, connection.vendor)
    values = statement.row(digest)
    if values is None:
        return None
    count = len(statement.own)
    found: Credential = model.from_db(connection.alias, statement.own, values[:count])
    found.user = User.from_db(connection.alias, statement.users, values[count:])
    return found


@cache
def _statement(model: type[Credential], vendor: str) -> Statement:
    """Django's own SQL for the query, compiled for this database."""
    rows = model.objects.select_related("user").filter(digest=b"").order_by()
    compiler = rows.query.get_compiler(connection=connection)
    sql, _ = compiler.as_sql()
    columns = [column for column, _, _ in compiler.select]
    return Statement(
        sql,
        compiler.get_converters(columns),
        tuple(field.attname for field in model._meta.concrete_fields),
        tuple(field.attname for field in User._meta.concrete_fields),
    )
