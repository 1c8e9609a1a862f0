"""Who runs a step: leases on output rows, taken by one conditional UPDATE, fairly between users.

Times of leases are the database's own, so that workers with different clocks agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from generator.models import Output

LATE_POLL = timedelta(minutes=1)

_DUE = """
    due_at <= {now} AND (lease_until IS NULL OR lease_until < {now})
    AND (state IN ('submit', 'run', 'store') OR (state = 'failed' AND late_until > {now}))
"""
_TAKE = """
    UPDATE generator_output
    SET lease_until = {later}, epoch = epoch + 1,
        crashes = crashes + CASE WHEN lease_until IS NULL THEN 0 ELSE 1 END
    WHERE id IN ({chosen}) AND {due}
    RETURNING id, epoch
"""
_FAIR = """
    SELECT id FROM (
        SELECT id, due_at, row_number() OVER (PARTITION BY wallet_key ORDER BY due_at) AS turn
        FROM generator_output WHERE {due}
    ) AS ranked ORDER BY turn, due_at LIMIT {limit}
"""


@dataclass(frozen=True)
class Claim:
    """The right to run one step of an output: writes happen only where its epoch is still this one."""

    output_id: UUID
    epoch: int

    def rows(self) -> Any:
        """The output's row, as long as the claim holds."""
        return Output.objects.filter(pk=self.output_id, epoch=self.epoch)

    def release(self, due_at: datetime | None, **changes: Any) -> bool:
        """Give the lease back with these changes; False where somebody else has taken over."""
        return bool(self.rows().update(lease_until=None, due_at=due_at, **changes))


def _run(chosen: str, parameters: Sequence[Any], lease: float) -> list[Claim]:
    """Take the chosen rows that are due and not leased."""
    if connection.vendor == "postgresql":
        now, later = "now()", f"now() + interval '{float(lease)} seconds'"
        chosen = f"SELECT id FROM generator_output WHERE id IN ({chosen}) AND {_DUE} FOR UPDATE SKIP LOCKED"
    else:
        moment = timezone.now().replace(tzinfo=None)
        now = f"'{moment.isoformat(' ', 'microseconds')}'"
        later = f"'{(moment + timedelta(seconds=lease)).isoformat(' ', 'microseconds')}'"
    due = _DUE.format(now=now)
    sql = _TAKE.format(later=later, due=due, chosen=chosen.format(now=now, due=due))
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Claim(_uuid(pk), epoch) for pk, epoch in cursor.fetchall()]


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def claim(output_id: UUID) -> Claim | None:
    """The claim on one output, if it is due and nobody runs it."""
    key = output_id if connection.vendor == "postgresql" else output_id.hex
    taken = _run("%s", [key], settings.LEASE_SECONDS)
    return taken[0] if taken else None


def due(limit: int) -> list[Claim]:
    """Claims on up to `limit` due outputs: each user's first before anybody's second."""
    return _run(_FAIR.replace("{limit}", str(int(limit))), [], settings.LEASE_SECONDS)


def extend(claim: Claim, seconds: float) -> bool:
    """Hold the lease for `seconds` from now: before a call that may take longer than the lease."""
    until = timezone.now() + timedelta(seconds=seconds)
    return bool(claim.rows().update(lease_until=until))
