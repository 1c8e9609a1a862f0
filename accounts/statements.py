"""INSERT statements of models, compiled once: what the hot path writes with.

Django builds and compiles the same statement anew for each row, which costs more than running it.
Values still pass through the model's own fields, so both databases get what they would from `save`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.db import connection, models


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model in one statement, in the caller's transaction.

    An automatic primary key is left to the database and not read back. No signals are sent.
    """
    sql, values, fields = _statement(type(rows[0]), connection.vendor)
    parameters = [
        field.get_db_prep_save(field.pre_save(row, True), connection)
        for row in rows
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} {', '.join([values] * len(rows))}", parameters)


@cache
def _statement(model: type[models.Model], _vendor: str) -> tuple[str, str, list[models.Field]]:
    """`INSERT INTO … VALUES`, one row's placeholders, and the fields they stand for."""
    fields = [
        field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    table = quote(model._meta.db_table)
    return f"INSERT INTO {table} ({columns}) VALUES", f"({', '.join(['%s'] * len(fields))})", fields
