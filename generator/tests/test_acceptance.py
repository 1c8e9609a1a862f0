"""Accepting a generation: all of it or nothing, within the plan's rate, line and places, once for
each key.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import Visitor
from accounts.owner import Owner
from billing import ledger
from billing.ledger import InsufficientCredits
from billing.models import LedgerEntry, Plan, UsageDay, Wallet
from generator import catalogue, engine, idempotency, limits
from generator.engine import admission, claims
from generator.models import Generation, IdempotencyRecord, Output
from generator.providers.base import RateLimited, Refused, Waiting
from generator.tests.harness import bugs, scenarios
from generator.tests.harness.stage import balance, lift, movements, violations

pytestmark = [pytest.mark.engine, pytest.mark.money]
BODY = "0" * 64


@pytest.fixture(autouse=True)
def _exact(stage):
    """Whatever a test did: money and generations are exact after it."""
    yield
    assert violations() == []


@pytest.fixture
def guest(stage, settings):
    """A visitor as an owner, on a site where the standard model is painted by the demo."""
    settings.DEMO = True
    stage.turn_off("SCRIPTED_FIRST")
    return Owner(visitor=Visitor.objects.create(), address="192.0.2.1")


def trial(owner: Owner, n: int = 1) -> Generation:
    """A visitor's order for the standard model."""
    return engine.submit(owner, catalogue.validate({"prompt": "a fox", "n": n}, owner=owner))


def plan(person, **changes) -> None:
    """Change the plan of the person's wallet."""
    wallet = ledger.wallet_of(person)
    Plan.objects.filter(pk=wallet.plan_id).update(**changes)


# All or nothing -----------------------------------------------------------------------------------


def test_an_accepted_generation_is_charged_and_waits(stage, ann):
    generation = stage.submit(ann, n=3)
    assert (generation.status, generation.price) == ("pending", 60)
    assert movements(generation) == [("charge", -60)]
    assert generation.outputs.count() == 3
    day = UsageDay.objects.get()
    assert (day.requests, day.credits, day.images) == (1, 60, 0)


def test_what_cannot_be_paid_leaves_nothing_behind(stage, ann):
    lift(ann, 50)
    with pytest.raises(InsufficientCredits) as refused:
        stage.submit(ann, n=3, key="k", body=BODY)
    assert (refused.value.required, refused.value.balance) == (60, 50)
    assert not Generation.objects.exists()
    assert not IdempotencyRecord.objects.exists()
    assert not LedgerEntry.objects.filter(kind="charge").exists()


def test_without_a_key_too_what_cannot_be_paid_leaves_nothing_behind(stage, ann):
    lift(ann, 10)
    with pytest.raises(InsufficientCredits):
        stage.submit(ann)
    assert not Generation.objects.exists()


def test_a_month_that_has_just_ended_pays_for_what_the_old_one_could_not(stage, ann):
    wallet = lift(ann, 10)
    now = timezone.now()
    Wallet.objects.filter(pk=wallet.pk).update(
        created_at=now - timedelta(days=40), period_end=now - timedelta(seconds=1)
    )
    assert stage.submit(ann).status == "pending"
    assert balance(ann) == 980


# Rate, line and places ----------------------------------------------------------------------------


def test_the_rate_is_what_was_accepted_in_the_moving_hour(stage, ann):
    plan(ann, hourly_rate=3)
    made = [stage.submit(ann) for _ in range(3)]
    with pytest.raises(limits.RateLimited) as refused:
        stage.submit(ann)
    assert 3590 < refused.value.retry_after <= 3600
    Generation.objects.filter(pk=made[0].pk).update(
        created_at=timezone.now() - timedelta(minutes=59)
    )
    assert limits.rate_of(ledger.wallet_of(ann)).reset <= 60
    stage.pass_time(made[0], 61)
    assert limits.rate_of(ledger.wallet_of(ann)).remaining == 1
    stage.submit(ann)
    with pytest.raises(limits.RateLimited):
        stage.submit(ann)


def test_a_failed_generation_counts_for_the_rate_all_the_same(stage, ann):
    plan(ann, hourly_rate=1)
    stage.first.start = [Refused("No.")]
    stage.run(ann)
    with pytest.raises(limits.RateLimited):
        stage.submit(ann)


def test_a_lifted_rate_has_no_limits(stage, ann):
    plan(ann, hourly_rate=1, at_once=1)
    lift(ann)
    for _ in range(4):
        stage.submit(ann)
    admission.admit_all()
    assert Generation.objects.filter(status="processing").count() == 4
    assert limits.rate_of(ledger.wallet_of(ann)) is None


def test_the_line_holds_a_hundred(stage, ann):
    plan(ann, hourly_rate=1000)
    draft = stage.draft(Owner(user=ann))
    lift(ann, 5000)
    Wallet.objects.update(rate_lifted=False)
    for _ in range(limits.LINE):
        engine.submit(Owner(user=ann), draft)
    with pytest.raises(limits.RateLimited, match="100 generations"):
        engine.submit(Owner(user=ann), draft)


def test_no_more_run_than_the_plan_allows_at_once_and_the_oldest_first(stage, ann):
    stage.first.poll = [Waiting("task-1", 5)]
    made = [stage.submit(ann, f"fox {number}") for number in range(4)]
    engine.sweep()
    running = Generation.objects.filter(status="processing").order_by("created_at")
    assert list(running) == made[:2]
    assert [engine.place_in_line(one) for one in Generation.objects.order_by("created_at")] == [
        None,
        None,
        1,
        2,
    ]
    stage.first.poll = [stage.module.DONE]
    stage.pass_time(made[0], 6)
    stage.first.start = [Waiting("task-2", 5)]
    assert stage.go_on(made[0]).status == "completed"
    assert set(Generation.objects.filter(status="processing")) == {made[1], made[2]}


def test_a_user_with_a_long_line_does_not_keep_others_waiting(stage, ann, bob):
    lift(ann, 2000)
    for number in range(40):
        stage.submit(ann, f"fox {number}")
    stage.submit(bob, "one bear")
    admission.admit_all()
    first = claims.due(8)
    owners = Output.objects.filter(pk__in=[claim.output_id for claim in first])
    assert str(bob.pk) in set(owners.values_list("wallet_key", flat=True))


def test_what_a_user_has_running_counts_as_their_turn(stage, ann, bob):
    lift(ann, 2000)
    for number in range(10):
        stage.submit(ann, f"fox {number}")
    admission.admit_all()
    assert len(claims.due(3)) == 3
    stage.submit(bob, "one bear")
    admission.admit_all()
    following = claims.due(1)[0]
    assert Output.objects.get(pk=following.output_id).wallet_key == str(bob.pk)


# Keys ---------------------------------------------------------------------------------------------


def test_the_same_key_and_body_is_the_same_generation(stage, ann):
    first = stage.submit(ann, key="k", body=BODY)
    with pytest.raises(idempotency.Repeat) as repeat:
        stage.submit(ann, key="k", body=BODY)
    assert repeat.value.record.generation == first
    assert repeat.value.record.credits_remaining == 980
    assert balance(ann) == 980


def test_the_same_key_with_another_body_does_nothing(stage, ann):
    stage.submit(ann, key="k", body=BODY)
    with pytest.raises(idempotency.Mismatch):
        stage.submit(ann, key="k", body="1" * 64)
    assert Generation.objects.count() == 1


def test_keys_belong_to_their_user(stage, ann, bob):
    stage.submit(ann, key="k", body=BODY)
    stage.submit(bob, key="k", body=BODY)
    assert Generation.objects.count() == 2


def test_a_repeat_is_answered_even_when_credits_and_rate_are_used_up(stage, ann):
    plan(ann, hourly_rate=1)
    stage.submit(ann, key="k", body=BODY)
    lift(ann, 1)
    Wallet.objects.update(rate_lifted=False)
    with pytest.raises(idempotency.Repeat):
        stage.submit(ann, key="k", body=BODY)


def test_a_key_lasts_seven_days(stage, ann):
    lift(ann)
    first = stage.submit(ann, key="k", body=BODY)
    stage.pass_time(first, 7 * 86_400 - 60)
    with pytest.raises(idempotency.Repeat):
        stage.submit(ann, key="k", body=BODY)
    stage.pass_time(first, 120)
    assert stage.submit(ann, key="k", body=BODY) != first
    idempotency.forget()
    engine.drain()


def test_a_key_without_a_body_is_kept_as_well(stage, ann):
    stage.submit(ann, key="k")
    with pytest.raises(idempotency.Repeat):
        stage.submit(ann, key="k")


def test_a_refused_request_leaves_its_key_free(stage, ann):
    lift(ann, 10)
    with pytest.raises(InsufficientCredits):
        stage.submit(ann, key="k", body=BODY)
    lift(ann, 100)
    assert stage.submit(ann, key="k", body=BODY).status == "pending"


# Retries without a key ----------------------------------------------------------------------------


def test_a_retry_is_never_handed_the_picture_of_a_sibling(stage, ann):
    assert scenarios.siblings(stage, ann) == []


def test_the_harness_finds_joining_by_prompt_alone(stage, ann):
    with bugs.planted("joining by prompt alone"):
        assert scenarios.siblings(stage, ann) == [
            "two retries were handed the first, still being answered and "
            "the first, still being answered"
        ]


def test_what_was_delivered_is_not_joined(stage, ann):
    generation = stage.submit(ann, body=BODY)
    idempotency.released(generation.pk, delivered=True)
    assert idempotency.join(Owner(user=ann), BODY) is None


def test_what_is_older_than_ten_minutes_is_not_joined(stage, ann):
    generation = stage.submit(ann, body=BODY)
    idempotency.released(generation.pk, delivered=False)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(seconds=601))
    assert idempotency.join(Owner(user=ann), BODY) is None


def test_an_abandoned_request_is_joined_once(stage, ann):
    generation = stage.submit(ann, body=BODY)
    idempotency.released(generation.pk, delivered=False)
    joined = idempotency.join(Owner(user=ann), BODY)
    assert joined is not None
    assert joined.generation == generation
    assert idempotency.join(Owner(user=ann), BODY) is None


def test_another_users_request_is_never_joined(stage, ann, bob):
    generation = stage.submit(ann, body=BODY)
    idempotency.released(generation.pk, delivered=False)
    assert idempotency.join(Owner(user=bob), BODY) is None


# Visitors -----------------------------------------------------------------------------------------


def test_a_visitor_makes_three_pictures_free_of_everything(guest):
    made = [trial(guest) for _ in range(3)]
    with pytest.raises(limits.TrialUsed):
        trial(guest)
    assert all(engine.cancel(one) for one in made[1:])
    engine.drain()
    made[0].refresh_from_db()
    assert made[0].status == "completed"
    assert [movements(one) for one in made] == [[], [], []]


def test_three_at_once_are_three(guest):
    trial(guest, n=3)
    assert limits.trial_left(guest.visitor, guest.address) == 0


def test_a_canceled_trial_is_given_back(guest):
    generation = trial(guest, n=3)
    engine.cancel(generation)
    assert limits.trial_left(guest.visitor, guest.address) == 3


def test_an_address_has_ten_however_many_visitors_share_it(guest):
    for _ in range(3):
        trial(Owner(visitor=Visitor.objects.create(), address=guest.address), n=3)
    assert limits.trial_left(None, guest.address) == 1
    with pytest.raises(limits.TrialUsed):
        trial(Owner(visitor=Visitor.objects.create(), address=guest.address), n=2)


def test_all_visitors_together_have_a_daily_total(guest, settings):
    settings.TRIAL_DAILY_TOTAL = 2
    with pytest.raises(limits.TrialUsed):
        trial(guest, n=3)
    settings.TRIAL_DAILY_TOTAL = 0
    with pytest.raises(limits.TrialUsed):
        trial(guest)


def test_a_trial_is_for_the_standard_model(guest):
    draft = catalogue.validate({"prompt": "a fox", "model": "nano-banana-pro"}, owner=guest)
    with pytest.raises(limits.TrialUsed, match="standard model"):
        engine.submit(guest, draft)


# Under way ----------------------------------------------------------------------------------------


def test_a_busy_provider_of_one_user_delays_nobody_else(stage, ann, bob):
    stage.first.start = [RateLimited("429", 60), Waiting("task-1", 0)]
    waiting = stage.run(ann)
    done = stage.run(bob)
    assert (waiting.status, done.status) == ("processing", "completed")


def test_a_sweep_finds_what_no_message_told_of(stage, ann):
    generation = stage.submit(ann)
    Generation.objects.filter(pk=generation.pk).update(
        created_at=F("created_at") - timedelta(seconds=30)
    )
    assert stage.go_on(generation).status == "completed"
