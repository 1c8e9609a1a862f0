"""A generation's life: one step after the other, whatever its upstream answers."""

from __future__ import annotations

import os
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from billing.models import Wallet
from generator import engine, storage
from generator.engine import claims, endings, steps, submission
from generator.models import Attempt, Generation, Output, Route, StoredBytes
from generator.providers.base import (
    Done,
    Failed,
    Misconfigured,
    RateLimited,
    Refused,
    ResultFile,
    Unavailable,
    Unknown,
    Waiting,
)
from generator.tests.harness.stage import attempts, balance, movements, violations

pytestmark = pytest.mark.engine

CHARGED = [("charge", -20)]
REFUNDED = [("charge", -20), ("refund", 20)]
STILL = Waiting("task-1", 5.0, progress=40)


@pytest.fixture(autouse=True)
def _exact(stage):
    """Whatever a test did: money and generations are exact after it."""
    yield
    assert violations() == []


# Success ------------------------------------------------------------------------------------------


def test_a_prompt_becomes_one_stored_picture_charged_once(stage, ann):
    done = stage.run(ann)
    output = done.outputs.get()
    assert (done.status, output.state) == ("completed", "delivered")
    assert (output.width, output.height, output.content_type) == (64, 64, "image/png")
    assert movements(done) == CHARGED
    assert (done.cost_micros, done.provider) == (1234, "first")
    assert stage.first.count("start") == stage.first.count("poll") == 1


def test_a_provider_that_answers_at_once_is_never_polled(stage, ann):
    stage.first.start = [stage.module.DONE]
    done = stage.run(ann)
    assert (done.status, done.provider) == ("completed", "first")
    assert stage.first.count("poll") == 0


def test_cost_comes_from_the_catalogue_where_the_provider_does_not_say(stage, ann):
    stage.first.poll = [Done(stage.module.DONE.files)]
    assert stage.run(ann).cost_micros == 500


def test_progress_only_ever_grows(stage, ann):
    stage.first.poll = [STILL, Waiting("task-1", 0, progress=10), stage.module.DONE]
    running = stage.run(ann)
    assert running.outputs.get().progress == 40
    stage.pass_time(running, 6)
    assert stage.go_on(running).status == "completed"


def test_the_price_is_the_one_at_acceptance_whatever_it_is_later(stage, ann):
    generation = stage.submit(ann)
    stage.first.start = [Refused("No.")]
    stage.model.prices = {"base": 300}
    stage.model.save()
    assert movements(stage.go_on(generation)) == REFUNDED


def test_an_ended_generation_is_left_alone(stage, ann):
    done = stage.run(ann)
    calls = len(stage.first.asked)
    stage.later(done, 100_000)
    engine.advance(done.pk)
    assert len(stage.first.asked) == calls


def test_waiting_with_help_needs_no_worker(stage, ann):
    assert engine.wait(stage.submit(ann).pk, 5, helps=True).status == "completed"


def test_waiting_ends_at_its_time_although_the_generation_has_not(stage, ann):
    assert engine.wait(stage.submit(ann).pk, 0.05).status == "pending"


def test_a_nudge_for_what_does_not_exist_does_nothing(stage):
    engine.advance(uuid.uuid4())


# Slots --------------------------------------------------------------------------------------------


def test_four_pictures_are_four_submissions_and_one_charge(stage, ann):
    done = stage.run(ann, n=4)
    assert [output.state for output in done.outputs.all()] == ["delivered"] * 4
    assert movements(done) == [("charge", -80)]
    assert stage.first.count("start") == 4
    seeds = {order.seed for call, order in stage.first.asked if call == "start"}
    assert len(seeds) == 4


def test_what_was_not_delivered_of_four_is_refunded_exactly(stage, ann):
    stage.first.start = [lambda order: Refused("No.") if order.index == 2 else Waiting("t", 0)]
    done = stage.run(ann, n=4)
    assert (done.status, done.error_code) == ("completed", "content_policy_violation")
    assert movements(done) == [("charge", -80), ("refund", 20)]
    assert done.receipt["refunded"] == 20


def test_four_failures_give_back_everything_once(stage, ann):
    stage.first.start = [Refused("No.")]
    assert movements(stage.run(ann, n=4)) == [("charge", -80), ("refund", 80)]


# Definite failures --------------------------------------------------------------------------------


def test_a_refused_prompt_fails_with_our_own_words_and_all_credits_back(stage, ann):
    stage.first.start = [Refused("Please change it.")]
    failed = stage.run(ann)
    assert (failed.status, failed.error_code) == ("failed", "content_policy_violation")
    assert failed.error_message == "Please change it."
    assert movements(failed) == REFUNDED


@pytest.mark.parametrize("call", ["start", "poll"])
def test_a_refusal_is_not_tried_at_the_next_provider(call, stage, ann):
    stage.with_second()
    setattr(stage.first, call, [Refused("Please change it.")])
    assert stage.run(ann).status == "failed"
    assert stage.second.asked == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("start", Failed("no such model")),
        ("start", Misconfigured("quota")),
        ("poll", Failed("the task failed")),
        ("poll", Done(())),
        ("poll", Done((ResultFile(data=b"<html>"),))),
    ],
)
def test_a_failure_that_is_not_the_users_goes_to_the_next_provider_once(call, error, stage, ann):
    stage.with_second()
    setattr(stage.first, call, [error])
    done = stage.run(ann)
    assert (done.status, done.provider) == ("completed", "second")
    assert attempts(done) == [("first", "failed"), ("second", "done")]
    assert movements(done) == CHARGED


def test_when_every_provider_failed_the_credits_come_back(stage, ann):
    stage.with_second()
    stage.first.poll = stage.second.poll = [Failed("the task failed")]
    failed = stage.run(ann)
    assert (failed.status, failed.error_code) == ("failed", "provider_failed")
    assert movements(failed) == REFUNDED
    assert stage.first.count("start") == stage.second.count("start") == 1


def test_our_own_account_problem_is_never_the_users_to_read(stage, ann):
    stage.first.start = [Misconfigured("the key's quota is used up")]
    failed = stage.run(ann)
    assert failed.error_code == "provider_unavailable"
    assert "key" not in failed.error_message


def test_a_model_that_nobody_serves_any_more_is_refunded(stage, ann):
    generation = stage.submit(ann)
    Route.objects.filter(model=stage.model).update(enabled=False)
    failed = stage.go_on(generation)
    assert (failed.status, failed.error_code) == ("failed", "provider_unavailable")
    assert movements(failed) == REFUNDED


# Busy providers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RateLimited("429", 7), Unavailable("503")])
def test_a_busy_provider_gives_way_to_the_next_at_once(error, stage, ann):
    stage.with_second()
    stage.first.start = [error]
    done = stage.run(ann)
    assert attempts(done) == [("first", "rejected"), ("second", "done")]
    assert movements(done) == CHARGED


def test_the_only_provider_is_asked_again_when_it_said(stage, ann):
    stage.first.start = [RateLimited("429", 30), Waiting("task-1", 0)]
    waiting = stage.run(ann)
    assert waiting.status == "processing"
    assert stage.later(waiting, 25).status == "processing"
    assert stage.first.count("start") == 1
    assert stage.later(waiting, 6).status == "completed"
    assert attempts(waiting) == [("first", "rejected"), ("first", "done")]


def test_a_busy_provider_is_asked_twenty_times_at_most(stage, ann):
    stage.first.start = [RateLimited("429", 1)]
    generation = stage.run(ann)
    for _ in range(30):
        stage.later(generation, 1.1)
    assert (generation.status, stage.first.count("start")) == ("failed", 20)
    assert movements(generation) == REFUNDED


def test_a_provider_that_is_down_is_asked_three_times_at_most(stage, ann):
    stage.first.start = [Unavailable("503")]
    generation = stage.run(ann)
    for _ in range(5):
        stage.later(generation, 45)
    assert (generation.status, stage.first.count("start")) == ("failed", 3)
    assert generation.error_code == "provider_unavailable"


def test_a_pause_longer_than_the_deadline_does_not_hide_the_deadline(stage, ann):
    stage.first.start = [RateLimited("429", 86_400)]
    generation = stage.run(ann)
    failed = stage.later(generation, 301)
    assert (failed.status, failed.error_code) == ("failed", "timeout")
    assert movements(failed) == REFUNDED


# Unknown outcomes ---------------------------------------------------------------------------------


def test_an_unknown_outcome_is_never_submitted_again(stage, ann):
    stage.with_second()
    stage.first.start = [Unknown("the answer was lost")]
    failed = stage.run(ann)
    stage.later(failed, 200)
    assert (failed.status, failed.error_code) == ("failed", "lost")
    assert movements(failed) == REFUNDED
    assert stage.first.count("start") == 1
    assert stage.second.asked == []
    assert balance(ann) == 1000


@pytest.fixture
def lookup(stage):
    """The first provider can look an order up."""
    stage.module.First.can_lookup = True
    stage.first.start = [Unknown("the answer was lost"), Waiting("task-2", 0)]


@pytest.mark.usefixtures("lookup")
def test_an_unknown_outcome_is_looked_up_only_when_its_sender_is_surely_gone(stage, ann):
    generation = stage.run(ann)
    stage.later(generation, 80)
    assert attempts(generation) == [("first", "unknown")]
    assert stage.first.count("lookup") == 0


@pytest.mark.usefixtures("lookup")
def test_an_order_found_by_lookup_goes_on_without_another(stage, ann):
    stage.first.lookup = [Waiting("task-1", 0)]
    generation = stage.run(ann)
    stage.later(generation, 6)
    done = stage.later(generation, 91)
    assert done.status == "completed"
    assert attempts(done) == [("first", "done")]
    assert stage.first.count("start") == 1


@pytest.mark.usefixtures("lookup")
def test_only_a_lookups_proof_lets_an_order_be_sent_again(stage, ann):
    stage.first.lookup = [Unavailable("not now"), None]
    generation = stage.run(ann)
    stage.later(generation, 6)
    stage.later(generation, 91)
    assert stage.first.count("start") == 1
    assert stage.later(generation, 11).status == "completed"
    assert attempts(generation) == [("first", "rejected"), ("first", "done")]
    assert movements(generation) == CHARGED


def test_an_intent_left_by_a_dead_process_is_lost_not_repeated(stage, ann):
    generation = stage.submit(ann)
    Output.objects.filter(generation=generation).update(state="submit", due_at=timezone.now())
    Generation.objects.filter(pk=generation.pk).update(
        status="processing", started_at=timezone.now()
    )
    Attempt.objects.create(output=generation.outputs.get(), number=1, provider="first")
    failed = stage.go_on(generation)
    assert (failed.status, failed.error_code) == ("failed", "lost")
    assert stage.first.asked == []


def test_an_answer_that_died_with_its_process_is_refunded(stage, ann):
    generation = stage.submit(ann)
    now = timezone.now()
    Output.objects.filter(generation=generation).update(state="store", due_at=now)
    Generation.objects.filter(pk=generation.pk).update(status="processing", started_at=now)
    output = generation.outputs.get()
    Attempt.objects.create(output=output, number=1, provider="first", state="accepted")
    failed = stage.go_on(generation)
    assert (failed.status, failed.error_code) == ("failed", "lost")
    assert stage.first.asked == []


# Deadlines and late results -----------------------------------------------------------------------


@pytest.fixture
def timed_out(stage, ann):
    """Ann's generation after its deadline, refunded; its provider still works on it."""
    stage.first.poll = [STILL]
    return stage.later(stage.run(ann), 301)


def test_a_task_that_never_ends_is_refunded_at_its_deadline(timed_out):
    assert (timed_out.status, timed_out.error_code) == ("failed", "timeout")
    assert movements(timed_out) == REFUNDED


def test_a_late_result_is_attached_and_the_refund_kept(timed_out, stage):
    stage.first.poll = [stage.module.DONE]
    late = stage.later(timed_out, 3600)
    assert late.status == "failed"
    assert late.outputs.get().state == "delivered"
    assert storage.read(late.outputs.get())
    assert movements(late) == REFUNDED
    assert attempts(late) == [("first", "done")]


def test_after_a_day_nobody_looks_for_a_late_result(timed_out, stage):
    polls = stage.first.count("poll")
    stage.later(timed_out, 86_401)
    assert stage.first.count("poll") == polls
    engine.tend()
    assert attempts(timed_out) == [("first", "failed")]


def test_a_late_failure_changes_nothing(timed_out, stage):
    stage.with_second()
    stage.first.poll = [Failed("the task failed")]
    late = stage.later(timed_out, 70)
    assert (late.status, late.outputs.get().state) == ("failed", "failed")
    assert movements(late) == REFUNDED
    assert stage.second.asked == []


def test_a_late_result_of_a_deleted_generation_is_not_kept(timed_out, stage, settings):
    stage.first.poll = [lambda order: engine.delete(timed_out) or stage.module.DONE]
    late = stage.later(timed_out, 70)
    assert late.outputs.get().state == "failed"
    assert not [name for _, _, names in os.walk(settings.MEDIA_ROOT) for name in names]


def test_what_was_never_accepted_is_not_looked_for_after_the_deadline(stage, ann):
    stage.first.start = [RateLimited("429", 299)]
    failed = stage.later(stage.run(ann), 301)
    assert failed.outputs.get().late_until is None


# Cancel -------------------------------------------------------------------------------------------


def test_a_pending_generation_is_canceled_at_once_with_its_credits(stage, ann):
    generation = stage.submit(ann)
    assert engine.cancel(generation) is True
    generation.refresh_from_db()
    assert (generation.status, stage.go_on(generation).status) == ("canceled", "canceled")
    assert movements(generation) == REFUNDED
    assert stage.first.asked == []


@pytest.fixture
def running(stage, ann):
    """Ann's generation, accepted by a provider that can cancel."""
    stage.module.First.can_cancel = True
    stage.first.poll = [STILL, stage.module.DONE]
    return stage.run(ann)


def test_a_running_one_is_canceled_when_the_provider_confirms(running, stage):
    assert engine.cancel(running) is False
    canceled = stage.go_on(running)
    assert canceled.status == "canceled"
    assert movements(canceled) == REFUNDED


@pytest.mark.parametrize("answer", [False, Unavailable("not now")])
def test_without_confirmation_it_is_delivered_and_stays_charged(answer, running, stage):
    stage.first.cancel = [answer]
    engine.cancel(running)
    done = stage.later(running, 6)
    assert done.status == "completed"
    assert movements(done) == CHARGED
    assert stage.first.count("cancel") == 1


def test_a_provider_that_cannot_cancel_finishes(stage, ann):
    stage.first.poll = [STILL, stage.module.DONE]
    running = stage.run(ann)
    engine.cancel(running)
    assert stage.later(running, 6).status == "completed"


def test_canceling_twice_gives_back_once(running, stage):
    engine.cancel(running)
    engine.cancel(running)
    canceled = stage.go_on(running)
    assert movements(canceled) == REFUNDED
    with pytest.raises(engine.NotPossible):
        engine.cancel(canceled)


def test_a_cancel_while_waiting_for_a_busy_provider_submits_no_more(stage, ann):
    stage.first.start = [RateLimited("429", 30)]
    waiting = stage.run(ann)
    engine.cancel(waiting)
    assert stage.go_on(waiting).status == "canceled"
    assert stage.first.count("start") == 1


def test_after_a_refused_cancel_no_second_provider_is_paid(running, stage):
    stage.with_second()
    stage.first.cancel = [False]
    stage.first.poll = [Failed("the task failed")]
    engine.cancel(running)
    ended = stage.later(running, 6)
    assert ended.status == "canceled"
    assert movements(ended) == REFUNDED
    assert stage.second.asked == []


def test_canceling_four_keeps_what_is_delivered_and_gives_back_the_rest(stage, ann):
    stage.module.First.can_cancel = True
    stage.first.poll = [lambda order: stage.module.DONE if order.index == 0 else STILL]
    running = stage.run(ann, n=4)
    engine.cancel(running)
    ended = stage.go_on(running)
    assert ended.status == "completed"
    assert movements(ended) == [("charge", -80), ("refund", 60)]


# Delete -------------------------------------------------------------------------------------------


def test_deleting_blanks_words_and_files_and_keeps_the_ledger(stage, ann, settings):
    done = stage.run(ann)
    output = done.outputs.get()
    engine.delete(done)
    done.refresh_from_db()
    assert (done.prompt, done.parameters) == ("", {})
    assert done.deleted_at is not None
    assert not os.path.exists(os.path.join(settings.MEDIA_ROOT, output.file_key))
    assert movements(done) == CHARGED


def test_what_runs_cannot_be_deleted(stage, ann):
    with pytest.raises(engine.NotPossible):
        engine.delete(stage.submit(ann))


# Crashes ------------------------------------------------------------------------------------------


def _die(stage, generation):
    """As if the process that holds the next step died in it."""
    assert claims.claim(generation.outputs.get().pk) is not None
    stage.pass_time(generation, 61)


def test_a_step_of_a_dead_worker_is_taken_up_after_its_lease(stage, ann):
    stage.first.poll = [STILL, stage.module.DONE]
    generation = stage.run(ann)
    stage.pass_time(generation, 6)
    _die(stage, generation)
    assert stage.go_on(generation).status == "completed"


def test_what_kills_three_workers_in_a_row_fails_and_is_refunded(stage, ann):
    stage.first.poll = [STILL]
    generation = stage.run(ann)
    stage.pass_time(generation, 6)
    for _ in range(3):
        _die(stage, generation)
    failed = stage.go_on(generation)
    assert (failed.status, failed.error_code) == ("failed", "internal_error")
    assert movements(failed) == REFUNDED


def test_crashes_with_progress_between_them_are_no_poison(stage, ann):
    stage.first.poll = [STILL, STILL, STILL, STILL, stage.module.DONE]
    generation = stage.run(ann)
    for _ in range(4):
        stage.pass_time(generation, 6)
        _die(stage, generation)
        stage.go_on(generation)
    assert generation.status == "completed"


def test_a_fault_of_ours_is_tried_three_times_and_then_refunded(stage, ann, caplog):
    stage.first.poll = [ZeroDivisionError("ours")]
    generation = stage.run(ann)
    for _ in range(4):
        stage.later(generation, 40)
    assert (generation.status, generation.error_code) == ("failed", "internal_error")
    assert stage.first.count("poll") == 3
    assert "a step broke" in caplog.text


def test_a_restarted_single_process_takes_everything_up_at_once(stage, ann):
    stage.first.poll = [STILL, stage.module.DONE]
    generation = stage.run(ann)
    stage.pass_time(generation, 6)
    assert claims.claim(generation.outputs.get().pk) is not None
    assert stage.go_on(generation).status == "processing"
    assert engine.recover() == 1
    assert stage.go_on(generation).status == "completed"


def test_a_holder_of_an_old_epoch_changes_nothing(stage, ann):
    stage.first.poll = [STILL, stage.module.DONE]
    generation = stage.run(ann)
    stage.pass_time(generation, 6)
    old = claims.claim(generation.outputs.get().pk)
    stage.pass_time(generation, 61)
    done = stage.go_on(generation)
    assert done.status == "completed"
    end = endings.End("failed", endings.TIMEOUT, attempt="failed")
    assert endings.finish(old, generation, end) is False
    assert old.release(timezone.now()) is False
    done.refresh_from_db()
    assert (done.status, movements(done)) == ("completed", CHARGED)


def test_a_process_frozen_between_intent_and_sending_does_not_send(stage, ann, monkeypatch):
    generation = stage.submit(ann)
    engine.admission.admit(generation)
    output = generation.outputs.get()
    monkeypatch.setattr(submission, "FROZEN_SECONDS", -1.0)
    steps.run(claims.claim(output.pk))
    assert stage.first.asked == []
    assert attempts(generation) == [("first", "rejected")]
    monkeypatch.undo()
    assert stage.go_on(generation).status == "completed"


# Files --------------------------------------------------------------------------------------------


def _break_store(settings, tmp_path):
    """The store's folder is a file: nothing can be written, whoever we are."""
    wall = tmp_path / "wall"
    wall.write_text("full")
    settings.MEDIA_ROOT = str(wall / "media")


def test_a_full_store_after_the_providers_success_costs_nobody_anything(
    stage, ann, settings, tmp_path
):
    working = settings.MEDIA_ROOT
    _break_store(settings, tmp_path)
    done = stage.run(ann)
    output = done.outputs.get()
    assert (done.status, output.state) == ("completed", "delivered")
    assert stage.first.count("start") == 1
    kept = storage.read(output)
    settings.MEDIA_ROOT = working
    engine.tend()
    assert not StoredBytes.objects.exists()
    assert storage.read(output) == kept
    assert os.path.getsize(os.path.join(working, output.file_key)) == output.size


def test_a_store_that_is_still_down_keeps_the_file_in_the_database(stage, ann, settings, tmp_path):
    _break_store(settings, tmp_path)
    done = stage.run(ann)
    engine.tend()
    assert storage.is_kept(done.outputs.get())


def test_a_result_that_cannot_be_fetched_is_fetched_again_not_ordered_again(stage, ann):
    stage.first.poll = [Done((ResultFile(url="http://127.0.0.1:9/x.png"),))]
    generation = stage.run(ann)
    for _ in range(10):
        stage.later(generation, 61)
    assert (generation.status, stage.first.count("start")) == ("failed", 1)
    assert movements(generation) == REFUNDED


# Staff --------------------------------------------------------------------------------------------


def test_staff_give_back_what_a_finished_generation_holds_once(stage, ann, sam):
    done = stage.run(ann)
    assert engine.refund_by_staff(done, sam, "not what was asked") == 20
    assert movements(done) == REFUNDED
    with pytest.raises(engine.NotPossible):
        engine.refund_by_staff(done, sam, "again")
    assert balance(ann) == 1000


def test_staff_cannot_refund_what_runs(stage, ann, sam):
    with pytest.raises(engine.NotPossible):
        engine.refund_by_staff(stage.submit(ann), sam, "too early")


# Time ---------------------------------------------------------------------------------------------


def test_an_end_is_never_before_its_beginning_however_clocks_are_set(stage, ann):
    generation = stage.submit(ann)
    ahead = timezone.now() + timedelta(hours=1)
    Generation.objects.filter(pk=generation.pk).update(created_at=ahead)
    done = stage.go_on(generation)
    assert done.created_at <= done.started_at <= done.completed_at
    assert done.duration_ms >= 0


def test_months_may_turn_while_a_generation_runs(stage, ann):
    stage.first.poll = [STILL, Failed("the task failed")]
    generation = stage.run(ann)
    Wallet.objects.update(period_end=timezone.now(), created_at=timezone.now() - timedelta(days=40))
    stage.later(generation, 6)
    assert balance(ann) == 1020
