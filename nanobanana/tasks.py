"""What the beat does across the apps."""

from __future__ import annotations

from celery import shared_task

from nanobanana import leaving


@shared_task
def clear_left() -> None:
    """Removes what people left behind whose account ended while something ran."""
    leaving.clear_left()
