"""How a visitor's images become a user's: once, whole, and without moving a credit."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User, Visitor
from generator.models import Generation, IdempotencyRecord, Upload


@transaction.atomic
def claim(visitor: Visitor, user: User) -> bool:
    """Gives all that `visitor` made and uploaded to `user`; False when somebody claimed it before.

    Trial generations stay free: they keep no wallet and get no ledger entry. The visitor's
    idempotency records end, because the visitor does.
    """
    unclaimed = Visitor.objects.filter(pk=visitor.pk, claimed_by=None)
    if not unclaimed.update(claimed_by=user):
        return False
    Generation.objects.filter(visitor=visitor).update(user=user, visitor=None)
    Upload.objects.filter(visitor=visitor).update(user=user, visitor=None)
    IdempotencyRecord.objects.filter(visitor=visitor).delete()
    return True
