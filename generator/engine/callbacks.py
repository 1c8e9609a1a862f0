"""What a provider's callback does: the order is asked about now instead of at its next turn."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from generator.engine import claims
from generator.engine.acceptance import nudge
from generator.engine.endings import OPEN
from generator.models import Attempt, Output


def called_back(attempt: Attempt) -> bool:
    """Make the attempt's output due now, if it still runs; False where nothing was left to do.

    Nothing else changes: the step that follows asks the provider itself.
    """
    now = claims.database_now()
    rows = Output.objects.filter(
        Q(state__in=Output.LIVE) | Q(late_until__gt=now),
        pk=attempt.output_id,
        attempts__pk=attempt.pk,
        attempts__state__in=OPEN,
        due_at__gt=now,
    )
    changed = bool(Output.objects.filter(pk__in=rows.values("pk")).update(due_at=now))
    if changed:
        generation = attempt.output.generation
        transaction.on_commit(lambda: nudge(generation))
    return changed
