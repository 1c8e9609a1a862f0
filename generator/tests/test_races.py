"""Many at once, on PostgreSQL: money is spent once, and everything happens once."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User, Visitor
from accounts.owner import Owner
from billing import ledger
from billing.models import LedgerEntry, Wallet
from generator import catalogue, engine, limits
from generator.models import Generation
from generator.tests.harness import bugs, scenarios
from generator.tests.harness.stage import Stage, lift, movements, violations

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def stage(scripted_module, settings, tmp_path, transactional_db):
    """The stage, with real commits."""
    yield from Stage.open(scripted_module, settings, tmp_path)


def test_a_thousand_requests_at_once_spend_credit_for_ten_exactly_ten_times(stage, ann):
    assert scenarios.double_spend(stage, ann, requests=1000, credit_for=10) == []


def test_a_key_sent_a_thousand_times_at_once_is_one_generation(stage, ann):
    assert scenarios.same_key(stage, ann, requests=1000) == []


def test_a_wallet_looked_at_by_many_at_once_is_opened_once(ann):
    assert scenarios.first_touches(ann, 40) == []


def test_a_month_that_many_see_end_at_once_is_granted_once(ann):
    wallet = ledger.wallet_of(ann)
    now = timezone.now()
    Wallet.objects.filter(pk=wallet.pk).update(
        created_at=now - timedelta(days=40), period_end=now - timedelta(days=1)
    )
    seen = scenarios.at_once(lambda _: ledger.wallet_of(User.objects.get()).balance, range(40))
    assert set(seen) == {"1000"}
    kinds = LedgerEntry.objects.order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == ["grant", "expire", "grant"]
    assert violations() == []


def test_a_visitors_requests_at_once_get_three_trials(stage, ann, settings):
    visitor = Visitor.objects.create()
    owner = Owner(visitor=visitor, address="192.0.2.1")
    settings.DEMO = True
    stage.turn_off("SCRIPTED_FIRST")
    draft = catalogue.validate({"prompt": "a fox"}, owner=owner)
    assert scenarios.trials(stage, owner, draft, requests=30, allowed=3) == []


def test_the_hourly_rate_holds_at_every_instant(stage, ann):
    ledger.wallet_of(ann)
    draft = stage.draft(Owner(user=ann))
    seen = scenarios.at_once(lambda _: engine.submit(Owner(user=ann), draft).status, range(60))
    assert seen == {"pending": 10, limits.RateLimited.__name__: 50}
    assert violations() == []


def test_cancel_and_finish_at_once_end_it_once(stage, ann):
    lift(ann)
    stage.module.First.can_cancel = True
    generations = [stage.submit(ann, f"fox {number}") for number in range(40)]

    def one_side(job):
        number, generation = job
        if number % 2:
            engine.advance(generation.pk)
            engine.advance(generation.pk)
            return "advanced"
        try:
            engine.cancel(Generation.objects.get(pk=generation.pk))
        except engine.NotPossible:
            return "too late"
        return "canceled"

    jobs = [(side, one) for one in generations for side in (0, 1, 2, 3)]
    random.Random(3).shuffle(jobs)
    seen = scenarios.at_once(one_side, jobs)
    assert set(seen) <= {"advanced", "too late", "canceled"}
    engine.drain()
    assert violations() == []
    for generation in generations:
        generation.refresh_from_db()
        ended = {"completed": [("charge", -20)], "canceled": [("charge", -20), ("refund", 20)]}
        assert movements(generation) == ended[generation.status]


def test_every_message_five_times_runs_everything_once(stage, ann):
    lift(ann)
    generations = [stage.submit(ann, f"fox {number}") for number in range(30)]
    ids = [generation.pk for generation in generations for _ in range(5)]
    random.Random(4).shuffle(ids)
    seen = scenarios.at_once(engine.advance, ids)
    assert set(seen) == {"None"}
    engine.sweep()
    assert set(Generation.objects.values_list("status", flat=True)) == {"completed"}
    assert stage.first.count("start") == 30
    assert violations() == []


@pytest.mark.parametrize("bug", ["no guard in the charge", "get-then-save balance"])
def test_the_race_itself_finds_a_planted_bug(bug, stage, ann):
    with bugs.planted(bug):
        found = scenarios.double_spend(stage, ann, requests=200, credit_for=10)
    print(bug, *found, sep="\n  ")  # noqa: T201 (shown in docs/reliability.md)
    assert found
