"""The one place for the provider `demo`: a stand-in that paints from the prompt. It is not AI.

Nothing is kept in memory or sent anywhere: the remote id holds when an order began and when it
is ready, and the picture is painted when the engine asks after that moment. The same prompt,
parameters and seed give the same bytes.

For trying the product, a prompt may hold a marker: [refuse] is refused at the start, [fail]
fails when it would be ready, [slow] takes 20 seconds, [never] is never ready.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Mapping
from typing import ClassVar

from generator.providers.base import (
    Done,
    Failed,
    NotAccepted,
    Order,
    Provider,
    Refused,
    ResultFile,
    Unknown,
    Waiting,
)
from generator.providers.demo.painting import paint

LABEL = "demo"
DESCRIPTION = (
    "A built-in stand-in: it paints pictures from the words of the prompt by fixed rules, "
    "on this machine. No AI model is called and nothing is sent anywhere."
)
REFUSE, FAIL, SLOW, NEVER = "[refuse]", "[fail]", "[slow]", "[never]"
SLOW_SECONDS = 20.0
ASK_AGAIN = 0.4
_REMOTE_ID = re.compile(r"demo-(\d{1,15})-(\d{1,15}|never)")


class Demo(Provider):
    """The stand-in. Everything it answers can be worked out again from the order and the remote
    id.
    """

    slug: ClassVar[str] = "demo"
    label: ClassVar[str] = LABEL
    description: ClassVar[str] = DESCRIPTION
    modes: ClassVar[tuple[str, ...]] = ("text-to-image", "image-to-image")
    env: ClassVar[Mapping[str, str]] = {"delay": "DEMO_DELAY"}
    defaults: ClassVar[Mapping[str, str]] = {"delay": "0.8-2"}
    task: ClassVar[bool] = True
    can_cancel: ClassVar[bool] = True
    can_lookup: ClassVar[bool] = True
    call_seconds: ClassVar[float] = 10.0

    def start(self, order: Order) -> Waiting:
        """Begin at once. Raises Refused for a prompt with [refuse], NotAccepted for a mode it
        has not.
        """
        if order.mode not in self.modes:
            raise NotAccepted("demo paints images only")
        if REFUSE in order.prompt:
            raise Refused("This prompt asks the demo to refuse it.")
        begun = time.time()
        ready = "never" if NEVER in order.prompt else str(_milliseconds(begun + self._delay(order)))
        remote_id = f"demo-{_milliseconds(begun)}-{ready}"
        return Waiting(remote_id, _pause(remote_id), progress=0)

    def poll(self, order: Order, remote_id: str) -> Waiting | Done:
        """Progress until the order is ready, then the picture. Raises Failed for a prompt with
        [fail].
        """
        begun, ready = _times(remote_id)
        now = time.time()
        if now < ready:
            return Waiting(
                remote_id, _pause(remote_id), progress=progress(now - begun, ready - begun)
            )
        if FAIL in order.prompt:
            raise Failed("the prompt asks the demo to fail")
        return Done((ResultFile(data=paint(order), content_type="image/png"),))

    def cancel(self, order: Order, remote_id: str) -> bool:
        """True until the picture is ready; nothing has been spent before that."""
        return time.time() < _times(remote_id)[1]

    def lookup(self, order: Order) -> Waiting:
        """Nothing is ever lost, because nothing is kept: the same order simply begins again,
        for free.
        """
        return self.start(order)

    def _delay(self, order: Order) -> float:
        """Seconds the order takes: the setting's range, at a place in it that the attempt id
        fixes.
        """
        if SLOW in order.prompt:
            return SLOW_SECONDS
        low, high = delay_range(self.config.get("delay") or self.defaults["delay"])
        return low + (high - low) * _share(order.attempt_id)


def delay_range(setting: str) -> tuple[float, float]:
    """The setting `DEMO_DELAY` ("0.8-2", or one number of seconds) as its two ends. Raises
    ValueError.
    """
    low, _, high = setting.strip().partition("-")
    ends = float(low), float(high or low)
    if not 0 <= ends[0] <= ends[1] <= 3600:
        raise ValueError(f"DEMO_DELAY must be seconds or a range of seconds, not {setting!r}")
    return ends


def progress(elapsed: float, total: float) -> int:
    """0 to 99 for an order under way: quick at first, slower towards the end, never quite done."""
    if math.isinf(total):
        return int(95 * (1 - math.exp(-max(0.0, elapsed) / 8)))
    share = min(1.0, max(0.0, elapsed / total)) if total > 0 else 1.0
    return int(99 * (1 - (1 - share) ** 1.7))


def _share(text: str) -> float:
    return (
        int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:4], "big")
        / 2**32
    )


def _milliseconds(moment: float) -> int:
    return int(moment * 1000)


def _times(remote_id: str) -> tuple[float, float]:
    """When an order began and when it is ready, in seconds of the epoch. Raises Unknown for a
    foreign id.
    """
    match = _REMOTE_ID.fullmatch(remote_id)
    if match is None:
        raise Unknown("this remote id is none of the demo's")
    return int(match[1]) / 1000, math.inf if match[2] == "never" else int(match[2]) / 1000


def _pause(remote_id: str) -> float:
    """Seconds until it is worth asking again."""
    return max(0.0, min(ASK_AGAIN, _times(remote_id)[1] - time.time()))
