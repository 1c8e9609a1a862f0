"""What a soak is to do: how many generations, with which prompts, under which faults, from which
seed.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

FAULTS = (
    "sim:create=503*1",
    "sim:create=500",
    "sim:create=drop",
    "sim:create=drop_before",
    "sim:task=fail",
    "sim:task=moderated",
    "sim:poll=503*1",
    "sim:result=404*1",
)
"""What upstreams do to a third of the orders; each but the first and the last two is the end of
one.
"""
MODELS = ("soak", "soak-findable")


@dataclass(frozen=True)
class Plan:
    """A run.

    `crash` and `freeze` name points, one worker each; `every` is seconds between kills (0, 0:
    none), of which the share `freezing` only stops the process for `thaw` seconds; `rate` is the
    share of orders with a fault.
    """

    seed: int = 1
    generations: int = 300
    workers: int = 4
    clients: int = 2
    lease: int = 1
    every: tuple[float, float] = (0.3, 0.7)
    freezing: float = 0.3
    thaw: float = 2.5
    crash: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    bug: str = ""
    faults: tuple[str, ...] = FAULTS
    models: tuple[str, ...] = MODELS
    restart_database: bool = False
    seconds: float = 180.0
    rate: float = 0.35

    @classmethod
    def load(cls, text: str) -> Plan:
        """The plan another process wrote down."""
        told: dict[str, Any] = json.loads(text)
        return cls(**{name: _tuple(value) for name, value in told.items()})

    def dump(self) -> str:
        """The plan as one line."""
        return json.dumps(asdict(self))

    def orders(self, client: int) -> Iterator[tuple[str, str, int]]:
        """This client's orders, the same at every call: prompt (with a marker of its own), model,
        n.
        """
        for number in range(client, self.generations, self.clients):
            dice = random.Random(f"{self.seed}:{number}")
            fault = dice.choice(self.faults) if self.faults and dice.random() < self.rate else ""
            n = 2 if dice.random() < 0.1 else 1
            yield f"{marker(number)} a fox {fault}".strip(), dice.choice(self.models), n


def marker(number: int) -> str:
    """What no other order's prompt holds."""
    return f"soak-{number:06d}-x"


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
