"""A generation's life: one step after the other, whatever its upstream answers."""

from __future__ import annotations

import pytest

from generator import engine
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


@pytest.fixture(autouse=True)
def _exact(stage):
    """Whatever a test did: money and generations are exact after it."""
    yield
    assert violations() == []


def test_a_prompt_becomes_one_stored_picture_charged_once(stage, ann):
    done = stage.run(ann)
    output = done.outputs.get()
    assert (done.status, output.state) == ("completed", "delivered")
    assert (output.width, output.height, output.content_type) == (64, 64, "image/png")
    assert movements(done) == [("charge", -20)]
    assert (done.cost_micros, done.provider) == (1234, "first")
    assert stage.first.count("start") == stage.first.count("poll") == 1


def test_a_refused_prompt_fails_with_our_own_words_and_all_credits_back(stage, ann):
    stage.first.start = [Refused("Please change it.")]
    failed = stage.run(ann)
    assert (failed.status, failed.error_code) == ("failed", "content_policy_violation")
    assert failed.error_message == "Please change it."
    assert movements(failed) == [("charge", -20), ("refund", 20)]


def test_a_refusal_is_not_tried_at_the_next_provider(stage, ann):
    stage.with_second()
    stage.first.poll = [Refused("Please change it.")]
    assert stage.run(ann).status == "failed"
    assert stage.second.asked == []


def test_an_unknown_outcome_is_never_submitted_again(stage, ann):
    stage.with_second()
    stage.first.start = [Unknown("the answer was lost")]
    failed = stage.run(ann)
    stage.later(failed, 200)
    assert (failed.status, failed.error_code) == ("failed", "lost")
    assert movements(failed) == [("charge", -20), ("refund", 20)]
    assert stage.first.count("start") == 1
    assert stage.second.asked == []
    assert balance(ann) == 1000
