"""The one place where a simulator remembers: what it accepted, and which faults it is to play."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

PLACES = ("create", "poll", "result", "upload", "task", "seconds")
_TRIGGER = re.compile(rf"\bsim:({'|'.join(PLACES)})=([a-z0-9_.-]+)(?:\*(\d+))?")


@dataclass
class Created:
    """One create that this upstream accepted and would charge for."""

    id: str
    prompt: str
    model: str
    reference: str
    path: str
    at: float
    input: dict[str, Any]


@dataclass
class Planned:
    """A fault to play at one place, so many times (None: always), where `marker` is held."""

    name: str
    place: str
    times: int | None = None
    marker: str = ""


class Book:
    """Who asked for what, and which faults are planned. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._created: list[Created] = []
        self._planned: list[Planned] = []
        self._played: Counter[tuple[str, str]] = Counter()
        self.requests: Counter[str] = Counter()

    def accept(self, entry: Created) -> None:
        with self._lock:
            self._created.append(entry)

    def created(self, marker: str = "") -> list[Created]:
        """The accepted creates whose prompt or reference holds `marker`, oldest first."""
        with self._lock:
            return [e for e in self._created if marker in e.prompt or marker in e.reference]

    def plan(self, name: str, place: str, times: int | None = None, marker: str = "") -> None:
        with self._lock:
            self._planned.append(Planned(name, place, times, marker))

    def clear(self) -> None:
        """Forget planned faults and creates."""
        with self._lock:
            self._created.clear()
            self._planned.clear()
            self._played.clear()
            self.requests.clear()

    def fault(self, place: str, prompt: str) -> str | None:
        """The fault to play now: the first planned one that fits, else the prompt's own trigger."""
        with self._lock:
            for planned in self._planned:
                if planned.place == place and planned.marker in prompt and planned.times != 0:
                    planned.times = None if planned.times is None else planned.times - 1
                    return planned.name
            return self._triggered(place, prompt)

    def _triggered(self, place: str, prompt: str) -> str | None:
        for where, name, times in _TRIGGER.findall(prompt):
            if where != place:
                continue
            self._played[place, prompt] += 1
            if not times or self._played[place, prompt] <= int(times):
                return str(name)
        return None
