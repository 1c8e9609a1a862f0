"""What embedded mode promises: messages arrive at once, beat begins at once, all of it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import Celery

from nanobanana.celery import app as product
from nanobanana.embedded import Transport, Workshop

HEARD: dict[str, float] = {}
GATE = threading.Event()


@pytest.fixture(scope="module")
def celery() -> Iterator[Celery]:
    app = Celery("stage", broker="memory://", set_as_current=False, fixups=[])
    app.conf.update(
        worker_hijack_root_logger=False,
        worker_concurrency=2,
        # Memory is one for the process: what other tests queued is not for this worker.
        task_default_queue="stage",
        task_ignore_result=True,
        beat_schedule={"tick": {"task": "tick", "schedule": timedelta(hours=1)}},
    )

    @app.task(name="tick")
    def tick() -> None:
        HEARD["tick"] = time.monotonic()

    @app.task(name="note")
    def note(name: str) -> None:
        HEARD[name] = time.monotonic()

    @app.task(name="stuck")
    def stuck() -> None:
        HEARD["stuck"] = time.monotonic()
        GATE.wait(10)

    # Celery's own threads look tasks up in the process's default app.
    app.set_default()
    yield app
    product.set_default()


@pytest.fixture(scope="module")
def workshop(celery: Celery) -> Iterator[Workshop]:
    running = Workshop(celery)
    running.start()
    yield running
    GATE.set()
    assert running.stop(10)


def heard(name: str) -> float:
    until = time.monotonic() + 5
    while name not in HEARD and time.monotonic() < until:
        time.sleep(0.005)
    return HEARD[name]


def test_what_beat_has_to_do_is_due_at_the_start_whatever_its_interval(workshop):
    assert heard("tick")


def test_a_nudge_arrives_without_being_polled_for(workshop, celery, monkeypatch):
    monkeypatch.setattr(Transport, "polling_interval", 60)
    heard("tick")
    celery.send_task("note", ["nudge"])
    assert heard("nudge")


def test_many_more_messages_than_threads_all_arrive(workshop, celery):
    heard("tick")
    for number in range(200):
        celery.send_task("note", [f"many-{number}"])
    assert all(heard(f"many-{number}") for number in range(200))


def test_stopping_gives_up_on_what_does_not_end_in_time(workshop, celery):
    heard("tick")
    celery.send_task("stuck")
    heard("stuck")
    assert not workshop.stop(0.2)
