"""Who may begin: pending generations enter processing up to their wallet's "at once",
oldest first.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import Count, DateTimeField, F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from billing import ledger
from billing.models import Wallet
from generator.engine import claims
from generator.models import Generation, Output

Status = Generation.Status


def admit(generation: Generation) -> list[UUID]:
    """Let the owner's next generations begin; returns the outputs that are due now."""
    if generation.wallet_id is None:
        return _begin([generation.pk])
    return admit_wallet(generation.wallet_id)


def admit_wallet(wallet_id: int) -> list[UUID]:
    """Let as many of the wallet's pending generations begin as it may run at once."""
    with transaction.atomic():
        wallet = ledger.lock(wallet_id)
        pending = Generation.objects.filter(wallet=wallet_id, status=Status.PENDING)
        return _begin(list(_places(wallet, pending)))


def _places(wallet: Wallet, pending: QuerySet[Generation]) -> QuerySet[Generation, UUID]:
    ids = pending.order_by("created_at", "id").values_list("pk", flat=True)
    if wallet.rate_lifted:
        return ids[:500]
    running = Generation.objects.filter(wallet=wallet, status=Status.PROCESSING).count()
    return ids[: max(wallet.plan.at_once - running, 0)]


@transaction.atomic
def _begin(ids: list[UUID]) -> list[UUID]:
    """Move these from pending to processing; only the one that does so makes their outputs due."""
    if not ids:
        return []
    now = claims.database_now()
    begun = [
        pk
        for pk in ids
        if Generation.objects.filter(pk=pk, status=Status.PENDING).update(
            status=Status.PROCESSING,
            # Never before it was made, whichever clock said when that was.
            started_at=Greatest("created_at", Value(now, DateTimeField())),
            version=F("version") + 1,
        )
    ]
    outputs = Output.objects.filter(generation__in=begun, state=Output.State.WAITING)
    due = list(outputs.values_list("pk", flat=True))
    outputs.update(state=Output.State.SUBMIT, due_at=now)
    return due


def admit_all() -> None:
    """Let everything begin that may."""
    for wallet_id in waiting_wallets():
        admit_wallet(wallet_id)
    if waiting_visitors(1):
        begin_visitors()


def waiting_wallets(limit: int = 200) -> list[int]:
    """Wallets with a pending generation and a free place: what the sweep admits."""
    is_open = Q(status__in=(Status.PENDING, Status.PROCESSING), wallet__isnull=False)
    lines = (
        Generation.objects.filter(is_open)
        .order_by()
        .values("wallet", "wallet__rate_lifted", "wallet__plan__at_once")
        .annotate(
            running=Count("pk", filter=Q(status=Status.PROCESSING)),
            waiting=Count("pk", filter=Q(status=Status.PENDING)),
        )
    )
    free = Q(wallet__rate_lifted=True) | Q(running__lt=F("wallet__plan__at_once"))
    return list(lines.filter(free, waiting__gt=0).values_list("wallet", flat=True)[:limit])


def waiting_visitors(limit: int = 200) -> list[UUID]:
    """Visitors' generations that nobody has begun."""
    open_ones = Generation.objects.filter(status=Status.PENDING, wallet=None)
    return list(open_ones.values_list("pk", flat=True)[:limit])


def begin_visitors() -> list[UUID]:
    """Let every visitor's generation begin; the trial's own limits bound how many there are."""
    return _begin(waiting_visitors())


def place_in_line(generation: Generation) -> int | None:
    """How many of the owner's generations begin before this pending one, plus one; None
    once begun.
    """
    if generation.status != Status.PENDING:
        return None
    before = Generation.objects.filter(
        wallet=generation.wallet_id, status=Status.PENDING, created_at__lt=generation.created_at
    )
    return before.count() + 1
