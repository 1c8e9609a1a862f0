"""Providers under test: each adapter on its simulator over real HTTP, and a look for leaks."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from generator.providers import discover
from generator.providers.base import Provider
from generator.providers.http import Bounded
from generator.simulators.base import Simulator
from generator.simulators.faults import CANARY
from generator.tests.providers.cases import KEY, SUBJECTS, WAITING


@pytest.fixture(scope="session")
def simulators() -> Iterator[dict[str, Simulator]]:
    """One running simulator for each subject."""
    running = {slug: subject.simulator().start() for slug, subject in SUBJECTS.items()}
    yield running
    for simulator in running.values():
        simulator.stop()


@pytest.fixture
def sim(request: pytest.FixtureRequest, simulators: dict[str, Simulator]) -> Iterator[Simulator]:
    """The simulator of the test's subject, with clean books."""
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    found = simulators[params["subject"].slug if "subject" in params else "kie"]
    found.book.clear()
    yield found
    found.book.clear()


def adapter(sim: Simulator, fault: str = "", patience: float = 0.1, **config: str) -> Provider:
    """The adapter of a simulator; `config` replaces fields of its configuration.

    It waits as long as a busy machine needs, but `patience` seconds for a `fault` without an end.
    """
    seconds = patience if fault in WAITING else 10.0
    cls = discover()[sim.slug]
    quick = type(cls.__name__, (cls,), {"call_seconds": seconds})
    environment = sim.environment()
    known = {name: environment.get(setting, "") for name, setting in cls.env.items()}
    return quick({**cls.defaults, **known, **config}, Bounded(cls.slug, seconds))


@pytest.fixture
def provider(sim: Simulator) -> Provider:
    """The subject's adapter."""
    return adapter(sim)


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def leaks() -> Callable[[BaseException], list[str]]:
    """What an exception gives away: the secrets found in it and in everything chained to it."""
    return _leaks


def _leaks(error: BaseException) -> list[str]:
    seen: list[BaseException] = []
    queue: list[BaseException | None] = [error]
    while queue:
        one = queue.pop()
        if one is not None and one not in seen:
            seen.append(one)
            queue += [one.__cause__, one.__context__]
    said = " ".join(f"{one} {one!r} {one.args!r} {vars(one)!r}" for one in seen)
    chained = [type(one).__module__ for one in seen if type(one).__module__.startswith("http")]
    return [secret for secret in (KEY, CANARY, "127.0.0.1", "/api/") if secret in said] + chained
