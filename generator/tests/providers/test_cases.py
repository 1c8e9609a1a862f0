"""What every provider promises, above all about failures: one table over all of them."""

from __future__ import annotations

import dataclasses

import pytest

from generator.providers.base import (
    Done,
    NotAccepted,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    Waiting,
)
from generator.simulators.faults import RETRY_SECONDS
from generator.tests.providers.cases import CASES, KEY, SUBJECTS, Case
from generator.tests.providers.conftest import adapter

each_case = pytest.mark.parametrize(
    ("subject", "case"), CASES, ids=[f"{subject.slug}-{case}" for subject, case in CASES]
)
each_subject = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)


def _provoke(sim, subject, case: Case) -> ProviderError:
    provider = adapter(sim)
    hurried = adapter(sim, case.fault)
    if case.place == "create":
        sim.fault(case.fault)
        with pytest.raises(ProviderError) as caught:
            hurried.start(subject.order)
        return caught.value
    if case.place == "task":
        sim.fault(case.fault, "task")
    waiting = provider.start(subject.order)
    assert isinstance(waiting, Waiting)
    sim.fault(case.fault, case.place)
    with pytest.raises(ProviderError) as caught:
        hurried.poll(subject.order, waiting.remote_id)
    return caught.value


@each_case
def test_every_fault_becomes_its_error_and_gives_nothing_away(subject, case, sim, leaks):
    error = _provoke(sim, subject, case)
    assert type(error) is case.expected
    assert leaks(error) == []
    if isinstance(error, RateLimited) and case.fault in ("429", "429-date"):
        assert error.retry_after == pytest.approx(RETRY_SECONDS, abs=1.01)
    if isinstance(error, Refused):
        assert error.message.endswith((".", "!"))
        assert error.code in ("content_policy_violation", "invalid_input")
    if case.place == "create":
        taken = len(sim.created())
        assert taken == 0 if isinstance(error, NotAccepted | Refused) else taken <= 1


@each_subject
def test_an_order_is_accepted_once_waits_and_is_done_with_one_picture(subject, sim, provider):
    order = dataclasses.replace(subject.order, prompt="a fox sim:seconds=20")
    waiting = provider.start(order)
    assert isinstance(waiting, Waiting)
    assert isinstance(provider.poll(order, waiting.remote_id), Waiting)
    sim.skip(21)
    done = provider.poll(order, waiting.remote_id)
    assert isinstance(done, Done)
    assert [bool(file.url or file.data) for file in done.files] == [True]
    assert len(sim.created("a fox")) == 1


@each_subject
def test_a_task_that_never_ends_is_waited_for_without_an_error(subject, sim, provider):
    sim.fault("never", "task")
    waiting = provider.start(subject.order)
    assert isinstance(provider.poll(subject.order, waiting.remote_id), Waiting)


@each_subject
def test_a_state_nobody_knows_is_a_task_under_way(subject, sim, provider):
    sim.fault("unknown_state", "task")
    waiting = provider.start(subject.order)
    assert isinstance(provider.poll(subject.order, waiting.remote_id), Waiting)


@each_subject
def test_a_closed_port_proves_that_nothing_was_accepted(subject, sim, leaks, closed_port):
    url = adapter(sim).config["url"].replace(str(sim.port), str(closed_port))
    lonely = adapter(sim, url=url)
    with pytest.raises(Unavailable) as caught:
        lonely.start(subject.order)
    assert leaks(caught.value) == []


@each_subject
def test_a_broken_tls_handshake_proves_that_nothing_was_accepted(subject, sim, leaks):
    secure = adapter(sim, "silent", url=adapter(sim).config["url"].replace("http://", "https://"))
    with pytest.raises(Unavailable) as caught:
        secure.start(subject.order)
    assert leaks(caught.value) == []
    assert sim.created() == []


@each_subject
def test_text_that_cannot_be_sent_is_never_sent(subject, sim, provider, leaks):
    order = dataclasses.replace(subject.order, prompt="half a pair \ud83d")
    with pytest.raises(NotAccepted) as caught:
        provider.start(order)
    assert leaks(caught.value) == []
    assert sim.created() == []


def test_the_look_for_leaks_sees_a_chained_one(leaks):
    error = Unavailable("quiet")
    error.__context__ = ValueError(KEY)
    assert leaks(error) == [KEY]
