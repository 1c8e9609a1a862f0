"""Named points at which a test may end the process as if its power were cut (`CRASH_AT=point`)."""

from __future__ import annotations

import os

POINTS = (
    "after_charge",
    "after_intent",
    "after_send",
    "after_remote_id",
    "after_results",
    "mid_download",
    "after_file",
    "after_end",
)


def here(point: str, text: str = "") -> None:
    """End the process here when `CRASH_AT` names this point (and, after a colon, words of `text`)."""
    wanted = os.environ.get("CRASH_AT")
    if wanted is None:
        return
    name, _, words = wanted.partition(":")
    if name == point and words in text:
        os._exit(137)
