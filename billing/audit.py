"""Checks the money invariants of the whole database, in a handful of queries; writes nothing.

Names of the invariants: docs/reliability.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from billing import triggers

_CHAIN = """
    SELECT wallet_id, seq FROM (
        SELECT wallet_id, seq, amount, balance_after,
               row_number() OVER w AS place,
               lag(balance_after, 1, 0) OVER w AS before
        FROM billing_ledgerentry WINDOW w AS (PARTITION BY wallet_id ORDER BY seq)
    ) AS chained
    WHERE seq <> place OR balance_after <> before + amount
"""
_TOTALS = """
    SELECT w.id FROM billing_wallet w
    LEFT JOIN (
        SELECT wallet_id, sum(amount) AS total, sum(bought_amount) AS bought, max(seq) AS last
        FROM billing_ledgerentry GROUP BY wallet_id
    ) AS e ON e.wallet_id = w.id
    WHERE w.balance <> coalesce(e.total, 0) OR w.bought <> coalesce(e.bought, 0)
       OR w.seq <> coalesce(e.last, 0)
"""
_NEGATIVE = (
    "SELECT id FROM billing_wallet WHERE balance < 0 OR bought < 0 OR bought > balance OR owed < 0"
)
_TWICE = """
    SELECT generation FROM billing_ledgerentry
    WHERE generation IS NOT NULL AND kind IN ('charge', 'refund')
    GROUP BY generation, kind HAVING count(*) > 1
"""
_ORPHAN_REFUND = """
    SELECT r.generation FROM billing_ledgerentry r
    LEFT JOIN billing_ledgerentry c ON c.generation = r.generation AND c.kind = 'charge'
    WHERE r.kind = 'refund' AND (c.id IS NULL OR r.amount > -c.amount)
"""
_USAGE = """
    SELECT w.id FROM billing_wallet w
    LEFT JOIN (
        SELECT wallet_id, sum(credits) AS counted FROM billing_usageday GROUP BY wallet_id
    ) AS u ON u.wallet_id = w.id
    LEFT JOIN (
        SELECT wallet_id, -sum(amount) AS spent FROM billing_ledgerentry
        WHERE kind IN ('charge', 'refund') GROUP BY wallet_id
    ) AS e ON e.wallet_id = w.id
    WHERE coalesce(u.counted, 0) <> coalesce(e.spent, 0)
"""
CHECKS = (
    ("M1", "the chain of entries breaks in wallet", _CHAIN),
    ("M1", "balance is not the sum of entries of wallet", _TOTALS),
    ("M2", "a negative or impossible balance in wallet", _NEGATIVE),
    ("M5", "more than one charge or refund of generation", _TWICE),
    ("M5", "a refund without or above its charge of generation", _ORPHAN_REFUND),
    ("M7", "usage is not what the ledger says in wallet", _USAGE),
)


def rows(sql: str) -> list[str]:
    """The first column of at most a hundred rows, as text."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS found LIMIT 100")  # noqa: S608 (our own text)
        return [str(row[0]) for row in cursor.fetchall()]


def findings() -> Iterator[str]:
    """One sentence for each violation: its invariant, what is wrong, and where."""
    for missing in sorted(set(triggers.NAMES) - triggers.present(connection)):
        yield f"M3: the trigger {missing} is missing"
    for name, words, sql in CHECKS:
        for where in rows(sql):
            yield f"{name}: {words} {where}"
