"""Who runs a step: leases on output rows, taken by one conditional UPDATE, fairly between users.

Times of leases are the database's own, so that workers with different clocks agree.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from generator.models import Output

_OPEN = "state IN ('submit', 'run', 'store') OR (state = 'failed' AND late_until > {now})"
_FREE = "lease_until IS NULL OR lease_until < {now}"
_DUE = f"due_at <= {{now}} AND ({_FREE}) AND ({_OPEN})"
_TAKE = """
    UPDATE generator_output
    SET lease_until = {later}, epoch = epoch + 1,
        crashes = crashes + CASE WHEN lease_until IS NULL THEN 0 ELSE 1 END
    WHERE id IN ({chosen}) AND {due}
    RETURNING id, epoch, {now}
"""
# What a user has running counts as served: their next row stands behind others' first ones.
_FAIR = f"""
    SELECT id FROM (
        SELECT id, due_at, lease_until, row_number() OVER (
            PARTITION BY wallet_key ORDER BY CASE WHEN {_FREE} THEN 1 ELSE 0 END, due_at
        ) AS turn
        FROM generator_output WHERE due_at <= {{now}} AND ({_OPEN})
    ) AS ranked WHERE {_FREE} ORDER BY turn, due_at LIMIT {{limit}}
"""  # noqa: S608 (our own text)


@dataclass(frozen=True)
class Claim:
    """The right to run one step of an output: writes happen only where its epoch is
    still this one.
    """

    output_id: UUID
    epoch: int
    taken_at: datetime
    ticks: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The database's time, carried on by a clock that nobody sets."""
        return self.taken_at + timedelta(seconds=time.monotonic() - self.ticks)

    def rows(self) -> Any:
        """The output's row, as long as the claim holds."""
        return Output.objects.filter(pk=self.output_id, epoch=self.epoch)

    def release(self, due_at: datetime | None, **changes: Any) -> bool:
        """Give the lease back with these changes; False where somebody else has taken over.

        A step that ended by itself is no crash, so those before it are forgotten.
        """
        told = {"crashes": 0} | changes
        return bool(self.rows().update(lease_until=None, due_at=due_at, **told))

    def extend(self, seconds: float) -> bool:
        """Hold the lease for `seconds` from now; False where somebody else has taken over."""
        return bool(self.rows().update(lease_until=self.now() + timedelta(seconds=seconds)))


def database_now() -> datetime:
    """The clock all workers share: the database server's, or this machine's where that
    is a file.
    """
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        found: datetime = cursor.fetchone()[0]
        return found


def _run(chosen: str, parameters: Sequence[Any], lease: float) -> list[Claim]:
    """Take the chosen rows that are due and not leased."""
    moment = timezone.now()
    if connection.vendor == "postgresql":
        # Not now(), which stands still for the whole of a transaction.
        now = "statement_timestamp()"
        later = f"{now} + interval '{float(lease)} seconds'"
        rows = f"SELECT id FROM generator_output WHERE id IN ({chosen})"  # noqa: S608
        chosen = f"{rows} AND {_DUE} FOR UPDATE SKIP LOCKED"
    else:
        now, later = _text(moment), _text(moment + timedelta(seconds=lease))
    due = _DUE.format(now=now)
    sql = _TAKE.format(later=later, due=due, now=now, chosen=chosen.format(now=now))
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [
            Claim(_uuid(pk), epoch, at if isinstance(at, datetime) else moment)
            for pk, epoch, at in cursor.fetchall()
        ]


def _text(moment: datetime) -> str:
    """A time as SQLite's columns hold it."""
    return f"'{moment.replace(tzinfo=None).isoformat(' ', 'microseconds')}'"


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def claim(output_id: UUID) -> Claim | None:
    """The claim on one output, if it is due and nobody runs it."""
    key = output_id if connection.vendor == "postgresql" else output_id.hex
    taken = _run("%s", [key], settings.LEASE_SECONDS)
    return taken[0] if taken else None


def due(limit: int) -> list[Claim]:
    """Claims on up to `limit` due outputs: each user's first before anybody's second."""
    if limit < 1:
        return []
    return _run(_FAIR.replace("{limit}", str(int(limit))), [], settings.LEASE_SECONDS)
