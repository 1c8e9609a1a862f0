"""Keys as budgets: a key spends no more than its caps of a day and a month, however many call."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts import keys
from accounts.owner import Owner
from billing import ledger, usage
from billing.models import UsageDay
from generator import engine, limits
from generator.models import Generation
from generator.providers.base import Refused
from generator.tests.harness import scenarios
from generator.tests.harness.stage import Stage, balance, lift, movements, violations


@pytest.fixture
def capped(ann):
    """Makes ann as she comes in by a new key with these caps."""

    def make(day: int | None = None, month: int | None = None) -> Owner:
        key = keys.issue(ann, daily_credit_cap=day, monthly_credit_cap=month)[0]
        return Owner(user=ann, key=key)

    return make


@pytest.fixture
def submit(stage):
    """Accepts an order of 20 credits a picture."""
    return lambda owner, **data: engine.submit(owner, stage.draft(owner, **data))


@pytest.mark.money
def test_the_next_day_is_a_new_day_but_the_same_month(capped, ann, time_machine):
    owner, wallet = capped(day=20, month=40), ledger.wallet_of(ann)

    def spend() -> None:
        limits.check_key(wallet, owner.key, 20)
        usage.count(wallet, owner.key.pk, credits=20)

    time_machine.move_to(datetime(2026, 3, 9, 23, 59, tzinfo=UTC), tick=False)
    spend()
    with pytest.raises(limits.KeyCapReached, match="a day"):
        spend()
    time_machine.move_to(datetime(2026, 3, 10, tzinfo=UTC), tick=False)
    spend()
    time_machine.move_to(datetime(2026, 3, 11, tzinfo=UTC), tick=False)
    with pytest.raises(limits.KeyCapReached, match="a month"):
        spend()
    time_machine.move_to(datetime(2026, 4, 1, tzinfo=UTC), tick=False)
    spend()


@pytest.mark.engine
@pytest.mark.money
class TestMoney:
    """What a cap lets through."""

    @pytest.fixture(autouse=True)
    def _exact(self, db):
        """Whatever a test did: money and generations are exact after it."""
        yield
        assert violations() == []

    def test_a_key_spends_up_to_its_cap_and_not_one_credit_more(self, submit, capped):
        owner = capped(day=59)
        submit(owner)
        submit(owner)
        with pytest.raises(limits.KeyCapReached) as refused:
            submit(owner)
        error = refused.value
        assert (error.period, error.cap, error.used, error.required) == ("day", 59, 40, 20)

    def test_a_price_that_just_fits_is_accepted(self, submit, capped):
        assert submit(capped(day=60, month=60), n=3).price == 60

    def test_what_a_cap_refuses_costs_nothing_and_leaves_no_trace(self, submit, capped, ann):
        owner = capped(day=10)
        ledger.wallet_of(ann)
        with pytest.raises(limits.KeyCapReached):
            submit(owner)
        assert balance(ann) == 1000
        assert not Generation.objects.exists()
        assert not UsageDay.objects.exists()

    def test_a_refund_gives_the_key_its_room_back(self, stage, submit, capped):
        owner = capped(day=20, month=20)
        stage.first.start = [Refused("No.")]
        generation = submit(owner)
        with pytest.raises(limits.KeyCapReached):
            submit(owner)
        stage.go_on(generation)
        assert movements(generation) == [("charge", -20), ("refund", 20)]
        assert usage.spent(generation.wallet, owner.key.pk) == (0, 0)
        assert submit(owner).price == 20

    def test_each_key_has_its_own_budget_and_the_pages_have_none(self, submit, capped, ann):
        first, second = capped(day=20), capped(day=20)
        submit(first)
        submit(second)
        submit(Owner(user=ann))
        with pytest.raises(limits.KeyCapReached):
            submit(first)

    def test_a_key_without_caps_spends_the_wallet_and_asks_no_statement_more(
        self, capped, django_assert_num_queries
    ):
        owner = capped()
        wallet = ledger.wallet_of(owner.user)
        with django_assert_num_queries(0):
            limits.check_key(wallet, owner.key, 10**9)


@pytest.mark.races
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestRaces:
    """What a cap lets through when many call at once."""

    @pytest.fixture
    def stage(self, scripted_module, settings, tmp_path, transactional_db):
        """The stage, with real commits."""
        yield from Stage.open(scripted_module, settings, tmp_path)

    def test_calls_at_once_never_take_a_key_above_its_cap(self, stage, ann, capped):
        lift(ann)
        owner, other = capped(day=190), capped(month=100)
        draft = stage.draft(owner)
        jobs = [owner, other] * 100
        seen = scenarios.at_once(lambda who: engine.submit(who, draft).status, jobs)
        assert seen == {"pending": 9 + 5, limits.KeyCapReached.__name__: 200 - 14}
        wallet = ledger.wallet_of(ann)
        assert usage.spent(wallet, owner.key.pk) == (180, 180)
        assert usage.spent(wallet, other.key.pk) == (100, 100)
        assert violations() == []
