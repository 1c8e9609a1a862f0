"""Checks the invariants of generations, attempts, outputs and their files; writes nothing.

Names of the invariants: docs/reliability.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from billing.audit import rows
from generator import files, storage
from generator.models import Generation, Output

GRACE = timedelta(seconds=65)

_UNCHARGED = """
    SELECT g.id FROM generator_generation g
    LEFT JOIN billing_ledgerentry c ON c.generation = g.id AND c.kind = 'charge'
    WHERE (g.wallet_id IS NOT NULL AND g.price > 0
           AND (c.id IS NULL OR -c.amount <> g.price OR c.wallet_id <> g.wallet_id))
       OR (g.wallet_id IS NULL AND (c.id IS NOT NULL OR g.price <> 0))
"""
_CHARGE_WITHOUT = """
    SELECT c.generation FROM billing_ledgerentry c
    LEFT JOIN generator_generation g ON g.id = c.generation
    WHERE c.kind = 'charge' AND g.id IS NULL
"""
_REFUNDS = """
    SELECT g.id FROM generator_generation g
    LEFT JOIN billing_ledgerentry r ON r.generation = g.id AND r.kind = 'refund'
    WHERE coalesce(r.amount, 0) <> CASE WHEN g.wallet_id IS NULL THEN 0 ELSE g.refunded END
"""
_DELIVERY = """
    SELECT g.id FROM generator_generation g
    LEFT JOIN (
        SELECT generation_id, count(*) AS slots,
               sum(CASE WHEN state = 'delivered' THEN 1 ELSE 0 END) AS made,
               sum(CASE WHEN state IN ('delivered', 'failed', 'canceled')
                   THEN 0 ELSE 1 END) AS left_open
        FROM generator_output GROUP BY generation_id
    ) AS o ON o.generation_id = g.id
    WHERE coalesce(o.slots, 0) <> g.n
       OR (g.status IN ('completed', 'failed', 'canceled') AND o.left_open > 0)
       OR (g.status = 'completed' AND o.made = 0)
       OR (g.status IN ('failed', 'canceled') AND g.refunded <> g.price)
       OR (g.status = 'completed' AND g.refunded <> 0
           AND g.refunded < g.price * (g.n - o.made) / g.n)
       OR (g.status = 'completed' AND g.refunded = 0 AND o.made <> g.n AND g.price > 0)
"""
_TIMES = """
    SELECT id FROM generator_generation
    WHERE started_at < created_at OR completed_at < started_at OR duration_ms < 0
"""
_OPEN_ATTEMPTS = """
    SELECT output_id FROM generator_attempt WHERE state IN ('intent', 'accepted', 'unknown')
    GROUP BY output_id HAVING count(*) > 1
"""
_DELIVERED_TWICE = """
    SELECT output_id FROM generator_attempt WHERE state = 'done'
    GROUP BY output_id HAVING count(*) > 1
"""
CHECKS = (
    ("M4", "not exactly one charge at the price of generation", _UNCHARGED),
    ("M4", "a charge without its generation", _CHARGE_WITHOUT),
    ("M5", "refund entries do not match generation", _REFUNDS),
    ("M5", "delivered and refunded do not add up in generation", _DELIVERY),
    ("G7", "times run backwards in generation", _TIMES),
    ("G3", "more than one open attempt of output", _OPEN_ATTEMPTS),
    ("G2", "more than one finished attempt of output", _DELIVERED_TWICE),
)


def findings(*, with_files: bool = True) -> Iterator[str]:
    """One sentence for each violation; with files, each delivered one is read and hashed."""
    for name, words, sql in CHECKS:
        for where in rows(sql):
            yield f"{name}: {words} {where}"
    yield from _overdue()
    if with_files:
        yield from _files()


def _overdue() -> Iterator[str]:
    """G1: open generations past their deadline, a lease and a sweep."""
    limit = timezone.now() - GRACE - timedelta(seconds=settings.LEASE_SECONDS)
    late = Generation.objects.filter(status__in=("pending", "processing"), deadline_at__lt=limit)
    for pk in late.values_list("pk", flat=True)[:100]:
        yield f"G1: past its deadline and still open: generation {pk}"


def _files() -> Iterator[str]:
    """G4: a delivered file that is missing, or is not what was stored."""
    for output in Output.objects.delivered().filter(generation__deleted_at=None).iterator(200):
        try:
            data = storage.read(output)
        except (files.NoSuchFile, files.StoreDown):
            yield f"G4: no file of output {output.pk}"
            continue
        if hashlib.sha256(data).hexdigest() != output.sha256 or len(data) != output.size:
            yield f"G4: another file than was stored, of output {output.pk}"
