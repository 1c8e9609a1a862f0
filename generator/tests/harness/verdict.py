"""What must hold when a soak is over: every order ended once, paid once here and upstream, and the
books agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from django.db.models import Q

from billing import audit as money
from generator import audit
from generator.models import Attempt, Generation, Output
from generator.tests.harness.plan import Plan, marker

_MARKER = re.compile(r"soak-\d{6}-x")
_REFERENCE = re.compile(r"ref-([0-9a-f-]{36})")


def violations(plan: Plan, simulator: str, errors: Path) -> list[str]:
    """One sentence for each violation; an empty list is what a run is for."""
    creates = httpx.get(f"{simulator}/_sim/created", timeout=60, trust_env=False).json()["creates"]
    found = [*_orders(plan), *_ends(), *_slots(), *_paid(creates), *_references(creates)]
    found += [*money.findings(), *audit.findings()]
    if errors.exists():
        found += sorted({f"an error: {line}" for line in errors.read_text().splitlines()})
    return found


def figures() -> dict[str, Any]:
    """How the generations ended, and how the attempts did."""
    ends = Counter(Generation.objects.values_list("status", flat=True))
    codes = Counter(Generation.objects.exclude(error_code="").values_list("error_code", flat=True))
    attempts = Counter(Attempt.objects.values_list("state", flat=True))
    late = Generation.objects.filter(error_code="timeout").values_list("prompt", flat=True)
    return {
        "ends": dict(ends),
        "codes": dict(codes),
        "attempts": dict(attempts),
        "late": list(late),
    }


def _orders(plan: Plan) -> Iterator[str]:
    """Every order became exactly one generation, and that ended."""
    prompts = Generation.objects.values_list("prompt", flat=True)
    made = Counter(prompt.split()[0] for prompt in prompts)
    for number in range(plan.generations):
        count = made[marker(number)]
        if count != 1:
            yield f"G6: order {number} became {count} generations"
    for pk in Generation.objects.filter(status__in=("pending", "processing")).values_list("pk"):
        yield f"G1: generation {pk[0]} never ended"


def _ends() -> Iterator[str]:
    """An end stays what it was: only what timed out may still get its picture."""
    refunded = Q(generation__status__in=("failed", "canceled")) & Q(state="delivered")
    for output in Output.objects.filter(refunded).select_related("generation"):
        if output.generation.error_code != "timeout":
            yield f"G5: output {output.pk} was delivered after its end"
    odd = Attempt.objects.filter(state__in=("intent", "accepted", "unknown"))
    for attempt in odd.filter(output__late_until=None):
        yield f"G5: attempt {attempt.pk} is open although its output has ended"


def _slots() -> Iterator[str]:
    """A slot is sent again only after proof; each of the harness' models has one provider."""
    sent = Attempt.objects.exclude(state="rejected").values_list("output", flat=True)
    for output, count in Counter(sent).items():
        if count > 1:
            yield f"G2: slot {output} was sent {count} times without proof between"


def _paid(creates: list[dict[str, Any]]) -> Iterator[str]:
    """The upstream accepted no more for a generation than it has slots with an attempt that was
    sent.
    """
    paid = Counter(match[0] for one in creates if (match := _MARKER.search(one["prompt"])))
    sent = Attempt.objects.exclude(state="rejected").values_list(
        "output__generation__prompt", flat=True
    )
    allowed = Counter(prompt.split()[0] for prompt in sent)
    for name, count in paid.items():
        if count > allowed[name]:
            yield f"G2: {name} was paid upstream {count} times for {allowed[name]} sent slots"


def _references(creates: list[dict[str, Any]]) -> Iterator[str]:
    """Each order at the upstream is an attempt of ours, once, and none that we hold to
    be rejected.
    """
    paid = Counter(match[1] for one in creates if (match := _REFERENCE.search(one["prompt"])))
    states = {str(pk): state for pk, state in Attempt.objects.values_list("pk", "state")}
    for reference, count in paid.items():
        state = states.get(reference)
        if count > 1:
            yield f"G2: attempt {reference} was paid upstream {count} times"
        if state in (None, "rejected"):
            yield f"G2: attempt {reference} was paid upstream but is {state or 'unknown'} here"
