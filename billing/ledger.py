"""The only writer of ledger entries and balances: every credit that moves passes through `post`.

Lock order everywhere: wallet, then generation, then output, then attempt. Amounts are whole
credits.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from accounts import statements
from accounts.models import User
from billing import periods
from billing.models import LedgerEntry, Membership, Wallet

Kind = LedgerEntry.Kind
_MOVE = """
    UPDATE billing_wallet SET balance = balance + %s, seq = seq + 1,
        bought = CASE WHEN bought + %s < balance + %s THEN bought + %s ELSE balance + %s END
    WHERE id = %s AND balance >= %s
"""


class InsufficientCredits(Exception):
    """The wallet does not hold what is asked for; nothing was changed."""

    def __init__(self, required: int, balance: int) -> None:
        super().__init__(f"{required} credits needed, {balance} left")
        self.required = required
        self.balance = balance


@dataclass(frozen=True)
class Note:
    """Why credits move: an idempotency key that makes it happen once, who did it, for which
    generation.
    """

    idem_key: str
    reason: str
    generation: UUID | None = None
    actor: str = "system"


def lock(wallet_id: int) -> Wallet:
    """The wallet, locked until the transaction ends; first in the lock order."""
    return Wallet.objects.select_for_update().get(pk=wallet_id)


def post(
    wallet: Wallet, kind: Kind, amount: int, note: Note, *, bought: int | None = None
) -> LedgerEntry:
    """Move `amount` credits (negative: out) and write the entry, in the caller's transaction.

    `wallet` is read and locked by `lock`. Outgoing credits are monthly ones first; `bought` says
    how many of the amount are bought ones where the kind decides it. Raises InsufficientCredits,
    and IntegrityError where the same `idem_key` moved credits before.
    """
    after = wallet.balance + amount
    if not _move(wallet, amount, bought or 0):
        raise InsufficientCredits(-amount, wallet.balance)
    bought_after = min(wallet.bought + (bought or 0), after)
    entry = LedgerEntry(
        wallet=wallet,
        seq=wallet.seq + 1,
        kind=kind,
        amount=amount,
        bought_amount=bought_after - wallet.bought,
        balance_after=after,
        generation=note.generation,
        idem_key=note.idem_key,
        actor=note.actor,
        reason=note.reason,
    )
    statements.insert([entry])
    wallet.balance, wallet.bought, wallet.seq = after, bought_after, wallet.seq + 1
    return entry


def _move(wallet: Wallet, amount: int, bought: int) -> bool:
    """Move the balance if it holds enough: one guarded statement, whatever was read before."""
    with connection.cursor() as cursor:
        values = (amount, bought, amount, bought, amount, wallet.pk, -amount)
        cursor.execute(_MOVE, values)
        return bool(cursor.rowcount)


def charge(wallet: Wallet, credits: int, generation: UUID, reason: str) -> LedgerEntry:
    """Take a generation's price before any provider is called. Raises InsufficientCredits."""
    note = Note(f"charge:{generation}", reason, generation)
    return post(wallet, Kind.CHARGE, -credits, note)


def refund(
    wallet: Wallet, credits: int, generation: UUID, reason: str, actor: str = "system"
) -> LedgerEntry:
    """Give back a generation's credits, whole or in part, restoring the split of its charge.

    Bought credits come back as bought; a monthly part of an ended period comes back as this
    period's. Called only inside the transaction that ends the generation (or by a staff refund of
    an ended one); the unique index refuses a second one.
    """
    charged = LedgerEntry.objects.get(generation=generation, kind=Kind.CHARGE)
    bought = min(credits, -charged.bought_amount)
    note = Note(f"refund:{generation}", reason, generation, actor)
    return post(wallet, Kind.REFUND, credits, note, bought=bought)


def grant(wallet: Wallet, credits: int, note: Note, *, bought: bool = False) -> LedgerEntry:
    """Give credits; `bought` ones never expire."""
    return post(wallet, Kind.GRANT, credits, note, bought=credits if bought else 0)


@transaction.atomic
def adjust(wallet_id: int, credits: int, note: Note) -> LedgerEntry:
    """Give (as bought ones, which stay) or take credits by hand. Raises InsufficientCredits."""
    wallet = current(lock(wallet_id))
    return post(wallet, Kind.ADJUST, credits, note, bought=max(credits, 0))


def current(wallet: Wallet) -> Wallet:
    """The locked wallet, moved into the present period: what is left expires, the new month is
    granted.
    """
    period = periods.due(wallet)
    if period is None:
        return wallet
    if wallet.monthly > 0:
        expired = Note(
            f"expire:{wallet.pk}:{wallet.period_end:%Y%m%d%H%M%S}", "Monthly credits ended"
        )
        post(wallet, Kind.EXPIRE, -wallet.monthly, expired, bought=0)
    if wallet.plan.monthly_credits:
        reason = f"{wallet.plan.title} plan, month from {period.start:%d %B %Y}"
        granted = Note(f"month:{wallet.pk}:{period.start:%Y%m%d%H%M%S}", reason)
        grant(wallet, wallet.plan.monthly_credits, granted)
    wallet.period_start, wallet.period_end = period.start, period.end
    wallet.save(update_fields=("period_start", "period_end"))
    return wallet


def wallet_of(user: User) -> Wallet:
    """The user's wallet with its plan, opened (with the welcome grant) at first touch and never
    stale.
    """
    member = Membership.objects.select_related("wallet__plan").filter(user=user).first()
    if member is None:
        return _open(user)
    if periods.due(member.wallet) is None:
        return member.wallet
    with transaction.atomic():
        return current(lock(member.wallet_id))


@transaction.atomic
def _open(user: User) -> Wallet:
    """Open the user's wallet once: whoever comes second waits for the user's row and finds it."""
    User.objects.select_for_update().get(pk=user.pk)
    member = Membership.objects.select_related("wallet__plan").filter(user=user).first()
    if member is not None:
        return member.wallet
    wallet = Wallet.objects.create()
    Membership.objects.create(wallet=wallet, user=user)
    return current(lock(wallet.pk))
