"""The database's own refusal to change a ledger entry, on both databases.

Created by a migration and again after every migrate: altering the table on SQLite drops triggers
with it.
"""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "billing_ledgerentry"
NAMES = ("ledger_no_update", "ledger_no_delete")

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON billing_ledgerentry
BEGIN SELECT RAISE(ABORT, 'ledger entries are append-only'); END
"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'ledger entries are append-only' USING ERRCODE =
'integrity_constraint_violation'; END $$
"""
_POSTGRES = """
CREATE OR REPLACE TRIGGER {name} BEFORE {verb} ON billing_ledgerentry
FOR EACH ROW EXECUTE FUNCTION ledger_append_only()
"""


def create(connection: BaseDatabaseWrapper) -> None:
    """Create both triggers where they are missing."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgres:
            cursor.execute(_FUNCTION)
        for name, verb in zip(NAMES, ("UPDATE", "DELETE"), strict=True):
            cursor.execute((_POSTGRES if postgres else _SQLITE).format(name=name, verb=verb))


def drop(connection: BaseDatabaseWrapper) -> None:
    """Remove both triggers: for `flush`, which empties whole tables."""
    suffix = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{suffix}")


def present(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of those that exist."""
    table = "pg_trigger" if connection.vendor == "postgresql" else "sqlite_master"
    column = "tgname" if connection.vendor == "postgresql" else "name"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {column} IN (%s, %s)", NAMES)  # noqa: S608 (no input)
        return {row[0] for row in cursor.fetchall()}


def ensure(using: str) -> None:
    """Create the triggers on a database where the table is there."""
    connection = connections[using]
    if TABLE in connection.introspection.table_names():
        create(connection)
