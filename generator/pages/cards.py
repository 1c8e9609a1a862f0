"""A generation as the pages show it: how far it is, its pictures, what it cost, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from generator import shelf, storage
from generator.engine import place_in_line
from generator.models import Generation, Model, Output

FAST, SLOW = 2, 5
"""Seconds between two looks at a running one: at first, and after BACK_OFF seconds."""
BACK_OFF = 30
CAP = 95
"""No more percent than this before the end, where the provider gives no true share."""


@dataclass(frozen=True)
class Picture:
    """A delivered output with the links that open it."""

    output: Output
    url: str
    small: str
    medium: str
    width: int
    height: int


@dataclass(frozen=True)
class Card:
    """One generation, live or ended."""

    generation: Generation
    model: str
    pictures: list[Picture]
    slots: list[str]
    percent: int
    ahead: int
    elapsed: int
    usual: int
    every: int

    @property
    def is_live(self) -> bool:
        """Whether it still changes."""
        return not self.generation.is_ended

    @property
    def is_slow(self) -> bool:
        """Whether it takes more than twice the usual time."""
        return self.elapsed > 2 * self.usual + 1

    @property
    def charged(self) -> int:
        """Credits that stay charged."""
        return self.generation.price - self.generation.refunded

    @property
    def delivered(self) -> int:
        """How many pictures are there."""
        return len(self.pictures)


def picture(output: Output) -> Picture:
    """A delivered output with its links."""
    return Picture(
        output,
        storage.url(output),
        storage.url(output, "320"),
        storage.url(output, "640"),
        output.width,
        output.height,
    )


def pictures_of(generation: Generation) -> list[Picture]:
    """The delivered pictures of a generation whose outputs were fetched with it."""
    return [
        picture(output)
        for output in generation.outputs.all()
        if output.state == Output.State.DELIVERED and output.deleted_at is None
    ]


def cards(generations: Iterable[Generation]) -> list[Card]:
    """An owner's generations, newest first, as cards."""
    rows = list(generations)
    if not rows:
        return []
    titles = shelf.models()
    ahead = _ahead([row for row in rows if row.status == Generation.Status.PENDING])
    return [_card(row, titles.get(row.model), ahead.get(row.pk, 0)) for row in rows]


def _ahead(pending: list[Generation]) -> dict[UUID, int]:
    """How many wait before each of these, which are newest first: one count, for the oldest."""
    if not pending:
        return {}
    first = (place_in_line(pending[-1]) or 1) - 1
    return {row.pk: first + place for place, row in enumerate(reversed(pending))}


def card(generation: Generation) -> Card:
    """One generation as a card."""
    model = shelf.models().get(generation.model)
    return _card(generation, model, (place_in_line(generation) or 1) - 1)


def _card(generation: Generation, model: Model | None, ahead: int) -> Card:
    outputs = list(generation.outputs.all())
    elapsed = _elapsed(generation)
    usual = _usual(generation, model)
    live = not generation.is_ended
    return Card(
        generation=generation,
        model=model.title if model else generation.model,
        pictures=pictures_of(generation),
        slots=[words for words in map(_slot, outputs) if words] if live else [],
        percent=_percent(generation, outputs, elapsed, usual),
        ahead=ahead,
        elapsed=elapsed,
        usual=usual,
        every=FAST if elapsed < BACK_OFF else SLOW,
    )


def _elapsed(generation: Generation) -> int:
    end: datetime = generation.completed_at or timezone.now()
    return max(int((end - generation.created_at).total_seconds()), 0)


def _usual(generation: Generation, model: Model | None) -> int:
    """Seconds it usually takes; the demo painter's own are two."""
    if generation.provider == "demo" or model is None:
        return 2
    return model.usual_seconds


def _slot(output: Output) -> str:
    """What an empty place of the card says; nothing for a picture that is there."""
    if output.state == Output.State.DELIVERED:
        return ""
    if output.state == Output.State.WAITING:
        return "Waiting"
    return (
        f"Image {output.index + 1}, {output.progress}%"
        if output.progress
        else f"Image {output.index + 1}"
    )


def _percent(generation: Generation, outputs: list[Output], elapsed: int, usual: int) -> int:
    """The true share done; where the provider gives none, elapsed against usual time, capped."""
    if generation.is_ended:
        return 100
    done = sum(100 if one.state == "delivered" else min(one.progress, 99) for one in outputs)
    share = done // len(outputs) if outputs else 0
    if share or generation.status == "pending":
        return max(share, 4)
    return min(CAP, max(4, 100 * elapsed // max(usual, 1)))
