"""Two upstreams that answer what a test wrote down: found like every provider, over no
wire at all.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from PIL import Image

from generator.providers.base import Done, Order, Provider, ResultFile, Waiting


def png(size: tuple[int, int] = (64, 64), color: str = "orange") -> bytes:
    """A small real picture."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


PNG = png()
DONE = Done((ResultFile(data=PNG, content_type="image/png"),), cost=1234)


@dataclass
class Script:
    """What an upstream answers, call by call (the last answer repeats), and what it was asked."""

    start: list[Any] = field(default_factory=lambda: [Waiting("task-1", 0.0)])
    poll: list[Any] = field(default_factory=lambda: [DONE])
    cancel: list[Any] = field(default_factory=lambda: [True])
    lookup: list[Any] = field(default_factory=lambda: [None])
    asked: list[tuple[str, Order]] = field(default_factory=list)
    lock: Any = field(default_factory=threading.Lock)

    def answer(self, call: str, order: Order) -> Any:
        """The next answer: returned, raised, or called with the order."""
        with self.lock:
            self.asked.append((call, order))
            answers = getattr(self, call)
            given = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(given, Callable):  # type: ignore[arg-type]
            given = given(order)
        if isinstance(given, Exception):
            raise given
        return given

    def count(self, call: str) -> int:
        """How often a call was made."""
        return sum(name == call for name, _ in self.asked)


class _Scripted(Provider):
    label = "scripted"
    script: ClassVar[Script] = Script()

    def start(self, order: Order) -> Waiting | Done:
        return self.script.answer("start", order)

    def poll(self, order: Order, remote_id: str) -> Waiting | Done:
        return self.script.answer("poll", order)

    def cancel(self, order: Order, remote_id: str) -> bool:
        return bool(self.script.answer("cancel", order))

    def lookup(self, order: Order) -> Waiting | Done | None:
        return self.script.answer("lookup", order)


class First(_Scripted):
    """The route tried first."""

    slug = "first"
    env = {"key": "SCRIPTED_FIRST"}


class Second(_Scripted):
    """The route tried next."""

    slug = "second"
    env = {"key": "SCRIPTED_SECOND"}
