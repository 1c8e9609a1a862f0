"""What engine tests stand on: scripted upstreams, orders of the cast, and clocks that can be moved
on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from django.db.models import F

from accounts.models import User, Visitor
from accounts.owner import Owner
from billing import audit as money
from billing import ledger
from billing.models import LedgerEntry, Wallet
from generator import audit, catalogue, engine, upstreams
from generator.models import Attempt, Generation, IdempotencyRecord, Model, Output, Route

PRICE = 20
SETTINGS = ("SCRIPTED_FIRST", "SCRIPTED_SECOND")


class Stage:
    """The model `scripted` at 20 credits, served by `first` (and `second` once it is turned on)."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.first: Any = module.Script()
        self.second: Any = module.Script()
        self.model = Model.objects.create(
            slug="scripted",
            title="Scripted",
            kind="image",
            modes=["text-to-image"],
            parameters={"size": {"values": ["64x64"], "default": "64x64"}},
            prices={"base": PRICE},
            deadline_seconds=300,
        )
        for order, provider in enumerate(("first", "second")):
            Route.objects.create(
                model=self.model, provider=provider, order=order, costs={"base": 500}
            )

    @classmethod
    def open(cls, module: ModuleType, settings: Any, folder: Path) -> Iterator[Stage]:
        """A stage with its own media folder; the upstreams are off again afterwards."""
        settings.MEDIA_ROOT = str(folder / "media")
        stage = cls(module)
        module.First.script, module.Second.script = stage.first, stage.second
        module.First.can_cancel = module.First.can_lookup = False
        stage.turn_on("SCRIPTED_FIRST")
        yield stage
        for name in SETTINGS:
            os.environ.pop(name, None)
        upstreams.reset()

    def turn_on(self, *names: str) -> None:
        """Configure the upstreams of these settings."""
        os.environ.update(dict.fromkeys(names, "made-up"))
        upstreams.reset()

    def turn_off(self, name: str) -> None:
        """Take an upstream's setting away."""
        os.environ.pop(name, None)
        upstreams.reset()

    def with_second(self) -> None:
        """Let the second route serve too."""
        self.turn_on("SCRIPTED_SECOND")

    def draft(self, owner: Owner, prompt: str = "a fox", **data: Any) -> catalogue.Draft:
        """A checked and priced order for the scripted model."""
        return catalogue.validate({"prompt": prompt, "model": "scripted"} | data, owner=owner)

    def submit(self, person: User | Visitor, prompt: str = "a fox", **data: Any) -> Generation:
        """Accept an order of this person's; `key` and `body` go to the engine."""
        owner = self.owner(person)
        extra = {name: data.pop(name) for name in ("key", "body") if name in data}
        return engine.submit(owner, self.draft(owner, prompt, **data), **extra)

    @staticmethod
    def owner(person: User | Visitor) -> Owner:
        """The person as an owner."""
        return Owner(user=person) if isinstance(person, User) else Owner(visitor=person)

    def run(self, person: User | Visitor, prompt: str = "a fox", **data: Any) -> Generation:
        """Accept an order and take every step of it that is due, without waiting for later ones."""
        generation = self.submit(person, prompt, **data)
        return self.go_on(generation)

    def go_on(self, generation: Generation) -> Generation:
        """Take every step that is due now."""
        engine.sweep()
        generation.refresh_from_db()
        return generation

    def later(self, generation: Generation, seconds: float) -> Generation:
        """As if `seconds` had passed for the generation, then take what is due."""
        self.pass_time(generation, seconds)
        return self.go_on(generation)

    @staticmethod
    def pass_time(generation: Generation, seconds: float) -> None:
        """Move everything the engine compares with the clock back by `seconds`."""
        gone = timedelta(seconds=seconds)
        Generation.objects.filter(pk=generation.pk).update(
            deadline_at=F("deadline_at") - gone,
            created_at=F("created_at") - gone,
            started_at=F("started_at") - gone,
        )
        outputs = Output.objects.filter(generation=generation)
        for column in ("due_at", "lease_until", "late_until"):
            outputs.exclude(**{column: None}).update(**{column: F(column) - gone})
        Attempt.objects.filter(output__generation=generation).update(
            created_at=F("created_at") - gone
        )
        IdempotencyRecord.objects.filter(generation=generation).update(
            created_at=F("created_at") - gone
        )


def balance(person: User) -> int:
    """The person's credits."""
    return Wallet.objects.get(memberships__user=person).balance


def movements(generation: Generation) -> list[tuple[str, int]]:
    """The generation's entries, oldest first: kind and credits."""
    entries = LedgerEntry.objects.filter(generation=generation.pk).order_by("seq")
    return [(entry.kind, entry.amount) for entry in entries]


def attempts(generation: Generation) -> list[tuple[str, str]]:
    """The generation's attempts in order: provider and state."""
    rows = Attempt.objects.filter(output__generation=generation)
    return list(rows.order_by("output__index", "number").values_list("provider", "state"))


def lift(person: User, credits: int = 0) -> Wallet:
    """The person's wallet with the rate lifted and this balance (0: as it is)."""
    wallet = ledger.wallet_of(person)
    Wallet.objects.filter(pk=wallet.pk).update(rate_lifted=True)
    if credits and credits != wallet.balance:
        ledger.adjust(wallet.pk, credits - wallet.balance, ledger.Note(f"set:{uuid4()}", "test"))
    wallet.refresh_from_db()
    return wallet


def violations() -> list[str]:
    """What the audit finds wrong in the whole database."""
    return [*money.findings(), *audit.findings()]
