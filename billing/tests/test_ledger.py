"""The ledger keeps every credit: entries, balances, grants, charges and refunds."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from billing import audit, ledger, periods, plans, triggers, usage
from billing.ledger import InsufficientCredits, Note
from billing.models import LedgerEntry, Plan, UsageDay, Wallet

pytestmark = [pytest.mark.money, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _exact(db):
    """Whatever a test did: the books agree after it."""
    yield
    assert list(audit.findings()) == []


@pytest.fixture
def wallet(ann: User) -> Wallet:
    """Ann's wallet with the Free plan's 1,000 credits."""
    return ledger.wallet_of(ann)


def charge(wallet: Wallet, credits: int) -> uuid.UUID:
    """Charge a made-up generation, as accepting one does."""
    generation = uuid.uuid4()
    with transaction.atomic():
        locked = ledger.current(ledger.lock(wallet.pk))
        ledger.charge(locked, credits, generation, "1 × Test")
        usage.count(locked, None, requests=1, credits=credits)
    wallet.refresh_from_db()
    return generation


def refund(wallet: Wallet, credits: int, generation: uuid.UUID) -> None:
    """Refund it, as ending it does."""
    with transaction.atomic():
        locked = ledger.current(ledger.lock(wallet.pk))
        ledger.refund(locked, credits, generation, "Not delivered")
        usage.count(locked, None, credits=-credits)
    wallet.refresh_from_db()


def buy(wallet: Wallet, credits: int, name: str = "") -> None:
    """Credits that never expire."""
    with transaction.atomic():
        locked = ledger.current(ledger.lock(wallet.pk))
        ledger.grant(locked, credits, Note(name or f"buy:{uuid.uuid4()}", "Pack"), bought=True)
    wallet.refresh_from_db()


def end_month(wallet: Wallet) -> None:
    """As if the wallet's month were over."""
    gone = timedelta(days=32)
    Wallet.objects.filter(pk=wallet.pk).update(
        created_at=wallet.created_at - gone,
        period_start=(wallet.period_start or timezone.now()) - gone,
        period_end=(wallet.period_end or timezone.now()) - gone,
    )
    wallet.refresh_from_db()


def kinds(wallet: Wallet) -> list[tuple[str, int]]:
    """The wallet's entries, oldest first."""
    return [(entry.kind, entry.amount) for entry in wallet.entries.order_by("seq")]


def split(wallet: Wallet) -> tuple[int, int]:
    """The balance as (monthly, bought)."""
    wallet.refresh_from_db()
    return wallet.monthly, wallet.bought


def test_a_new_user_finds_the_plans_credits_in_the_wallet(wallet):
    assert wallet.balance == 1000
    assert kinds(wallet) == [("grant", 1000)]


def test_looking_again_grants_nothing_more(wallet, ann):
    assert ledger.wallet_of(ann) == wallet
    assert kinds(wallet) == [("grant", 1000)]


def test_a_charge_and_its_refund_leave_two_entries_and_the_same_balance(wallet):
    generation = charge(wallet, 80)
    assert wallet.balance == 920
    refund(wallet, 80, generation)
    assert wallet.balance == 1000
    assert kinds(wallet) == [("grant", 1000), ("charge", -80), ("refund", 80)]


def test_what_is_not_there_cannot_be_spent(wallet):
    with pytest.raises(InsufficientCredits) as refused:
        charge(wallet, 1001)
    assert (refused.value.required, refused.value.balance) == (1001, 1000)
    assert kinds(wallet) == [("grant", 1000)]


def test_a_stale_balance_in_memory_cannot_overdraw(wallet):
    stale = Wallet.objects.get(pk=wallet.pk)
    charge(wallet, 990)
    with pytest.raises(InsufficientCredits), transaction.atomic():
        ledger.charge(stale, 20, uuid.uuid4(), "1 × Test")


def test_a_generation_is_charged_once(wallet):
    generation = charge(wallet, 20)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.charge(ledger.lock(wallet.pk), 20, generation, "again")


def test_a_generation_is_refunded_once(wallet):
    generation = charge(wallet, 80)
    refund(wallet, 20, generation)
    with pytest.raises(IntegrityError):
        refund(wallet, 60, generation)
    wallet.refresh_from_db()
    assert wallet.balance == 940


def test_what_was_never_charged_cannot_be_refunded(wallet):
    with pytest.raises(LedgerEntry.DoesNotExist):
        refund(wallet, 20, uuid.uuid4())


def test_bought_credits_are_spent_last(wallet):
    buy(wallet, 500)
    charge(wallet, 600)
    assert split(wallet) == (400, 500)
    charge(wallet, 600)
    assert split(wallet) == (0, 300)


def test_a_refund_restores_the_split_of_its_charge(wallet):
    buy(wallet, 500)
    generation = charge(wallet, 1200)
    assert split(wallet) == (0, 300)
    refund(wallet, 1200, generation)
    assert split(wallet) == (1000, 500)


def test_a_partial_refund_gives_back_first_what_was_spent_last(wallet):
    buy(wallet, 500)
    generation = charge(wallet, 1200)
    refund(wallet, 300, generation)
    assert split(wallet) == (100, 500)


def test_a_month_that_ends_takes_what_is_left_of_it_and_grants_anew(wallet, ann):
    buy(wallet, 300)
    charge(wallet, 400)
    end_month(wallet)
    assert ledger.wallet_of(ann).balance == 1300
    assert kinds(wallet)[-2:] == [("expire", -600), ("grant", 1000)]
    assert split(wallet) == (1000, 300)


def test_a_month_that_ends_with_nothing_left_expires_nothing(wallet, ann):
    charge(wallet, 1000)
    end_month(wallet)
    ledger.wallet_of(ann)
    assert kinds(wallet)[-2:] == [("charge", -1000), ("grant", 1000)]


def test_the_monthly_part_of_an_ended_month_comes_back_as_this_months(wallet, ann):
    buy(wallet, 200)
    generation = charge(wallet, 1100)
    end_month(wallet)
    refund(wallet, 1100, generation)
    assert split(wallet) == (2000, 200)


def test_pay_as_you_go_gets_no_monthly_credits(ann):
    wallet = ledger.wallet_of(ann)
    Wallet.objects.filter(pk=wallet.pk).update(plan=Plan.objects.get(slug="payg"))
    end_month(wallet)
    assert ledger.wallet_of(ann).balance == 0
    assert kinds(wallet) == [("grant", 1000), ("expire", -1000)]


def test_the_same_payment_grants_once_however_often_it_is_told(wallet):
    buy(wallet, 500, "payment:pi_1")
    with pytest.raises(IntegrityError):
        buy(wallet, 500, "payment:pi_1")
    wallet.refresh_from_db()
    assert wallet.balance == 1500


def test_credits_given_by_hand_stay_and_can_be_taken_again(wallet):
    ledger.adjust(wallet.pk, 50, Note("gift", "Sorry", actor="7"))
    assert split(wallet) == (1000, 50)
    ledger.adjust(wallet.pk, -1040, Note("take", "Mistake", actor="7"))
    assert split(wallet) == (0, 10)
    with pytest.raises(InsufficientCredits):
        ledger.adjust(wallet.pk, -11, Note("more", "Mistake", actor="7"))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE billing_ledgerentry SET amount = amount + 1",
        "UPDATE billing_ledgerentry SET reason = 'x'",
        "DELETE FROM billing_ledgerentry",
    ],
)
def test_the_database_itself_refuses_to_change_an_entry(sql, wallet):
    refused = pytest.raises(DatabaseError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert kinds(wallet) == [("grant", 1000)]


def test_the_orm_cannot_change_an_entry_either(wallet):
    entry = wallet.entries.get()
    entry.amount = 5
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.delete()


@pytest.mark.parametrize("changes", [{"balance": -1}, {"balance": 5, "bought": 6}, {"owed": -1}])
def test_the_database_itself_refuses_an_impossible_balance(changes, wallet):
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.filter(pk=wallet.pk).update(**changes)


def test_a_wallet_with_entries_cannot_be_deleted(wallet):
    with pytest.raises(IntegrityError):
        wallet.delete()


def test_the_triggers_come_back_when_they_were_lost(db):
    triggers.drop(connection)
    assert len([one for one in audit.findings() if one.startswith("M3")]) == 2
    triggers.ensure("default")
    assert triggers.present(connection) == set(triggers.NAMES)


def test_plans_that_staff_changed_are_left_alone(db):
    Plan.objects.filter(slug="free").update(monthly_credits=7)
    plans.load()
    assert Plan.objects.get(slug="free").monthly_credits == 7


def test_usage_adds_up_in_one_row_a_key_and_day(wallet):
    key = uuid.uuid4()
    for _ in range(2):
        generation = uuid.uuid4()
        with transaction.atomic():
            locked = ledger.lock(wallet.pk)
            ledger.charge(locked, 20, generation, "1 × Test")
            usage.count(locked, key, "nb_abc", requests=1, credits=20)
    charge(wallet, 40)
    rows = UsageDay.objects.order_by("key").values_list("key", "requests", "credits")
    assert list(rows) == [("", 1, 40), (str(key), 2, 40)]


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("charge"), st.integers(1, 900)),
        st.tuples(st.just("refund"), st.integers(1, 100)),
        st.tuples(st.just("buy"), st.integers(1, 900)),
        st.tuples(st.just("adjust"), st.integers(-400, 400).filter(bool)),
        st.tuples(st.just("month"), st.just(0)),
    ),
    max_size=14,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(OPERATIONS)
def test_any_sequence_of_movements_keeps_every_money_invariant(db, operations):
    with transaction.atomic():
        wallet = ledger.wallet_of(User.objects.create_user(f"{uuid.uuid4().hex}@example.com"))
        model = Model(wallet)
        for name, amount in operations:
            model.take(name, amount)
            wallet.refresh_from_db()
            assert (wallet.balance, wallet.bought) == (model.monthly + model.bought, model.bought)
            assert list(audit.findings()) == []
        transaction.set_rollback(True)


class Model:
    """What the wallet must hold, worked out by hand beside the real one."""

    def __init__(self, wallet: Wallet) -> None:
        self.wallet, self.monthly, self.bought = wallet, 1000, 0
        self.charged: list[tuple[uuid.UUID, int, int]] = []

    def take(self, name: str, amount: int) -> None:
        """Do one operation on the wallet and on paper."""
        getattr(self, name)(amount)

    def spend(self, amount: int) -> int:
        """Take from monthly first; how many bought ones that took."""
        bought = max(amount - self.monthly, 0)
        self.monthly, self.bought = self.monthly - (amount - bought), self.bought - bought
        return bought

    def charge(self, amount: int) -> None:
        if amount > self.monthly + self.bought:
            with pytest.raises(InsufficientCredits):
                charge(self.wallet, amount)
            return
        self.charged.append((charge(self.wallet, amount), amount, self.spend(amount)))

    def refund(self, share: int) -> None:
        if not self.charged:
            return
        generation, amount, bought = self.charged.pop()
        back = max(amount * share // 100, 1)
        refund(self.wallet, back, generation)
        self.bought += min(back, bought)
        self.monthly += back - min(back, bought)

    def buy(self, amount: int) -> None:
        buy(self.wallet, amount)
        self.bought += amount

    def adjust(self, amount: int) -> None:
        note = Note(f"adjust:{uuid.uuid4()}", "By hand")
        if -amount > self.monthly + self.bought:
            with pytest.raises(InsufficientCredits):
                ledger.adjust(self.wallet.pk, amount, note)
        elif amount < 0:
            ledger.adjust(self.wallet.pk, amount, note)
            self.spend(-amount)
        else:
            ledger.adjust(self.wallet.pk, amount, note)
            self.bought += amount

    def month(self, _: int) -> None:
        end_month(self.wallet)
        assert periods.due(self.wallet) is not None
        with transaction.atomic():
            ledger.current(ledger.lock(self.wallet.pk))
        self.monthly = 1000
