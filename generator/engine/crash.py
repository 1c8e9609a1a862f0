"""Named points at which a test may end or freeze the process, as if its power were cut or its
machine paused.

`CRASH_AT=point` ends it, `FREEZE_AT=point` stops it once, until somebody continues it. Words after
a colon bind the point to prompts that hold them.
"""

from __future__ import annotations

import os
import signal
import time

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
    """End or freeze the process here, where its environment names this point."""
    if _is_named("CRASH_AT", point, text):
        os._exit(137)
    if _is_named("FREEZE_AT", point, text):
        del os.environ["FREEZE_AT"]
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.05)  # with several threads it takes a moment until this one stops


def _is_named(variable: str, point: str, text: str) -> bool:
    name, _, words = os.environ.get(variable, "").partition(":")
    return name == point and words in text
