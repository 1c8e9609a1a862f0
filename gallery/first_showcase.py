"""The pictures a new site shows: painted once, on the very first start, through the engine."""

from __future__ import annotations

import logging
import time
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.owner import Owner
from billing import ledger
from gallery import showcase
from gallery.models import FirstStart, Item
from generator import catalogue, engine
from generator.models import Generation, Output

log = logging.getLogger(__name__)
STEP = "showcase"
MODEL = "demo"
PATIENCE = 30.0
PAUSE = 0.1
PICTURES: tuple[tuple[str, str], ...] = (
    ("mountain ridges at dawn, orange sky, pine trees in front, mist", "1408x768"),
    ("one yellow banana on a coral plinth, teal studio", "1024x1024"),
    ("a cherry tree in blossom before a red sun, pale hills", "896x1280"),
    ("a ringed planet in violet space with one small moon", "1408x768"),
    ("rippled dunes in low golden light", "1280x896"),
    ("green aurora above snowy mountains and dark pines", "896x1280"),
    ("an isometric village at dusk with lit windows", "1280x896"),
    ("a red and white lighthouse over a calm sea at dusk", "1408x768"),
)


def paint(count: int = len(PICTURES)) -> int:
    """Paint and publish up to `count` demo pictures of the house account; returns how many.

    Once in a site's life, and only where `demo` paints: a real provider would cost money. Runs to
    its end in the calling thread.
    """
    if not settings.DEMO or Item.objects.exists():
        return 0
    _, first = FirstStart.objects.get_or_create(step=STEP)
    if not first:
        return 0
    owner = Owner(user=house())
    begun = [_begin(owner, *one).pk for one in PICTURES[:count]]
    _run(begun)
    # Published last to first, so that the newest is the first of the list.
    return sum(_show(owner, pk) for pk in reversed(begun))


def house() -> User:
    """The account the showcase belongs to; nobody can sign in to it."""
    user, created = User.objects.get_or_create(
        handle="nanobanana",
        defaults={"email": "showcase@nanobanana.invalid", "name": "NanoBanana"},
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=("password",))
    return user


def _begin(owner: Owner, prompt: str, size: str) -> Generation:
    data: dict[str, Any] = {"prompt": prompt, "model": MODEL, "size": size}
    draft = catalogue.validate(data, owner=owner)
    _afford(owner, draft.price)
    return engine.submit(owner, draft)


def _run(begun: list[UUID]) -> None:
    """Take the steps of these here too, so that no worker need be there; give up after a while."""
    ends = time.monotonic() + PATIENCE
    running = Generation.objects.filter(pk__in=begun, completed_at=None)
    while running.exists() and time.monotonic() < ends:
        engine.sweep(seconds=1)
        time.sleep(PAUSE)


def _show(owner: Owner, pk: UUID) -> bool:
    """Whether the picture was painted and is shown."""
    output = Output.objects.of(owner).filter(generation=pk).first()
    if output is None:
        log.warning(
            "a picture of the first showcase was not painted", extra={"generation": str(pk)}
        )
        return False
    showcase.publish(owner, output)
    return True


@transaction.atomic
def _afford(owner: Owner, price: int) -> None:
    """The house pays like everybody, from a wallet without a rate."""
    wallet = ledger.wallet_of(cast(User, owner.user))
    if not wallet.rate_lifted:
        wallet.rate_lifted = True
        wallet.save(update_fields=("rate_lifted",))
    if wallet.balance < price:
        note = ledger.Note(f"showcase:{wallet.pk}:{wallet.seq}", "The site's first showcase")
        ledger.adjust(wallet.pk, price, note)
