"""Whatever upstreams, users and clocks do, in any order: money stays exact and every generation
ends once.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from generator import engine
from generator.models import Generation, Output
from generator.providers.base import (
    Done,
    Failed,
    Misconfigured,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
    Waiting,
)
from generator.tests.harness.stage import balance, lift, movements, violations
from generator.tests.harness.upstreams.scripted import DONE, Script

pytestmark = [pytest.mark.engine, pytest.mark.money, pytest.mark.slow]

STARTS = (
    Waiting("task", 0.0),
    Waiting("task", 5.0),
    DONE,
    Refused("No."),
    Misconfigured("quota"),
    RateLimited("429", 3.0),
    Unavailable("503"),
    Failed("404"),
    Unknown("lost"),
)
POLLS = (
    Waiting("task", 3.0, progress=50),
    DONE,
    Done(()),
    Refused("No."),
    Failed("failed"),
    RateLimited("429", 3.0),
    Unavailable("503"),
    ZeroDivisionError("ours"),
)
ANSWERS = st.lists(st.sampled_from(STARTS), min_size=1, max_size=3)
ASKED = st.lists(st.sampled_from(POLLS), min_size=1, max_size=4)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(1, 4)),
        st.tuples(st.just("sweep"), st.just(0)),
        st.tuples(st.just("pass"), st.sampled_from((4, 61, 301))),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("nudge"), st.integers(0, 3)),
        st.tuples(st.just("die"), st.integers(0, 3)),
        st.tuples(st.just("delete"), st.integers(0, 3)),
    ),
    min_size=3,
    max_size=10,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ANSWERS, ASKED, ANSWERS, st.booleans(), ACTS)
def test_any_story_ends_with_exact_money(stage, caplog, starts, polls, others, can_stop, acts):
    _script(stage.first, starts, polls)
    _script(stage.second, others, [DONE])
    stage.with_second()
    stage.module.First.can_cancel = can_stop
    with transaction.atomic():
        story = Story(stage)
        for name, value in acts:
            getattr(story, name)(value)
            assert violations() == []
        story.end()
        transaction.set_rollback(True)


def _script(script: Script, starts: list[Any], polls: list[Any]) -> None:
    script.start, script.poll, script.asked = list(starts), list(polls), []


class Story:
    """One user, her generations, and the ends they were once seen to have."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.user = User.objects.create_user(f"{uuid.uuid4().hex}@example.com")
        lift(self.user, 10_000)
        self.made: list[Generation] = []
        self.ends: dict[uuid.UUID, str] = {}

    def submit(self, n: int) -> None:
        self.made.append(self.stage.submit(self.user, n=n))

    def sweep(self, _: int) -> None:
        engine.sweep()
        self.look()

    def pass_(self, seconds: int) -> None:
        for one in self.made:
            self.stage.pass_time(one, seconds)
        self.sweep(0)

    def cancel(self, place: int) -> None:
        for one in self.made[place : place + 1]:
            try:
                engine.cancel(Generation.objects.get(pk=one.pk))
            except engine.NotPossible:
                continue

    def nudge(self, place: int) -> None:
        for one in self.made[place : place + 1]:
            engine.advance(one.pk)
            engine.advance(one.pk)

    def die(self, place: int) -> None:
        """Whoever held a step of it is dead; its lease is over."""
        from generator.engine import claims

        for one in self.made[place : place + 1]:
            for output in Output.objects.filter(generation=one):
                claims.claim(output.pk)
            self.stage.pass_time(one, 61)

    def delete(self, place: int) -> None:
        for one in self.made[place : place + 1]:
            try:
                engine.delete(Generation.objects.get(pk=one.pk))
            except engine.NotPossible:
                continue

    def look(self) -> None:
        """An end is for ever."""
        for one in Generation.objects.filter(user=self.user):
            if one.is_ended:
                assert self.ends.setdefault(one.pk, one.status) == one.status

    def end(self) -> None:
        """Past every deadline all have ended, and the balance is what was delivered."""
        self.pass_(301)
        self.sweep(0)
        rows = list(Generation.objects.filter(user=self.user))
        assert all(one.is_ended for one in rows)
        assert violations() == []
        held = sum(-sum(amount for _, amount in movements(one)) for one in rows)
        assert balance(self.user) == 10_000 - held
        starts = [(call, order.attempt_id) for call, order in self.stage.first.asked]
        sent = [one for one in starts if one[0] == "start"]
        assert len(set(sent)) == len(sent)


setattr(Story, "pass", Story.pass_)
