"""What billing does on the clock."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.models import Wallet


@shared_task
def renew() -> int:
    """Move every wallet whose month has ended into its new one; returns how many."""
    ended = Wallet.objects.filter(period_end__lte=timezone.now()).values_list("pk", flat=True)
    for wallet_id in list(ended[:5000]):
        with transaction.atomic():
            ledger.current(ledger.lock(wallet_id))
    return len(ended)
