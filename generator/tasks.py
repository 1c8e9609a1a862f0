"""What the queue runs: messages carry ids only and may be lost or doubled without harm."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from celery import shared_task

from generator import engine, hooks, resumable, slots

THREADS = 8
"""Steps side by side in one worker; each holds one database connection."""

_sweeping = threading.Lock()
_pool = ThreadPoolExecutor(THREADS, thread_name_prefix="step")
_lanes: hooks.Lanes = {}
_sending = threading.Lock()


@shared_task
def advance(generation_id: str) -> None:
    """Take the next step of a generation."""
    engine.advance(UUID(generation_id))


@shared_task
def sweep() -> int:
    """Take what is due; one sweep a process at a time."""
    if not _sweeping.acquire(blocking=False):
        return 0
    try:
        return engine.sweep(_pool, horizon=1.0)
    finally:
        _sweeping.release()


@shared_task
def deliver() -> int:
    """Begin the webhooks that are due; they are sent by threads of their own."""
    with _sending:
        return hooks.sweep(_lanes)


@shared_task
def mend() -> None:
    """The slow chores."""
    engine.tend()
    slots.forget()
    resumable.forget()
