"""The table of provider cases: what every adapter must make of every fault of its upstream.

A new provider needs one `Subject` in SUBJECTS; the common cases then run over it by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from generator.providers.base import (
    Failed,
    Misconfigured,
    Order,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from generator.simulators.base import Simulator
from generator.simulators.kie import KieSimulator

KEY = "KEY-CANARY-4f1d"
WAITING = ("silent", "slow", "drip")
"""Faults that end only with the call's own deadline."""


@dataclass(frozen=True)
class Case:
    """A fault at a place (create, poll, task, upload) and the error it must become."""

    place: str
    fault: str
    expected: type[ProviderError]

    def __str__(self) -> str:
        return f"{self.place}-{self.fault}"


@dataclass(frozen=True)
class Subject:
    """One provider under test: its simulator, the order to send, and cases of its own."""

    slug: str
    simulator: Callable[[], Simulator]
    order: Order
    own: tuple[Case, ...] = field(default=())


def table(place: str, expected: type[ProviderError], faults: str) -> tuple[Case, ...]:
    """Cases of one place that all become the same error."""
    return tuple(Case(place, fault, expected) for fault in faults.split())


UNREADABLE = "malformed truncated html empty array null deep endless gzip_bomb redirect"
LOST = f"drop drop_before reset {' '.join(WAITING)}"

COMMON = (
    *table("create", Refused, "400 413 422"),
    *table("create", Misconfigured, "401 402 403"),
    *table("create", Failed, "404"),
    *table("create", RateLimited, "429 429-date"),
    *table("create", Unavailable, "503"),
    *table("create", Unknown, f"408 500 502 504 {LOST} {UNREADABLE}"),
    *table("poll", RateLimited, "429 429-date"),
    *table("poll", Failed, "404 410"),
    *table("poll", Unavailable, f"400 401 402 403 500 502 503 504 {LOST} {UNREADABLE}"),
    *table("task", Failed, "fail no_url"),
    *table("task", Refused, "moderated"),
)

_KIE = Subject(
    slug="kie",
    simulator=lambda: KieSimulator(key=KEY, hmac_key="", seconds=0.0),
    order=Order("attempt-1", "nano-banana", "google/nano-banana", "text", "a fox"),
    own=(
        *table("create", Refused, "code-400 code-422 code-moderated"),
        *table("create", Misconfigured, "code-401 code-402 code-433"),
        *table("create", Failed, "code-404 code-501 code-505"),
        *table("create", RateLimited, "code-429"),
        *table("create", Unavailable, "code-455"),
        *table("create", Unknown, "code-500 code-408"),
        *table("poll", Failed, "code-404 code-408 code-501"),
        *table("poll", RateLimited, "code-429"),
        *table("poll", Unavailable, "code-401 code-402 code-433 code-455 code-500"),
        *table("task", Failed, "bad_result"),
    ),
)

SUBJECTS = {subject.slug: subject for subject in (_KIE,)}

CASES = [(subject, case) for subject in SUBJECTS.values() for case in (*COMMON, *subject.own)]
