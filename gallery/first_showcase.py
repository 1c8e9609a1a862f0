"""The pictures a new site shows: painted once, on the very first start, through the engine."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.owner import Owner
from billing import ledger
from gallery import showcase
from gallery.models import FirstStart, Item
from generator import catalogue, engine
from generator.models import Generation

log = logging.getLogger(__name__)
STEP = "showcase"
MODEL = "demo"
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
    return sum(_paint_one(house(), *one) for one in PICTURES[:count]) if first else 0


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


def _paint_one(user: User, prompt: str, size: str) -> bool:
    """Whether the picture was painted and is shown."""
    owner = Owner(user=user)
    data: dict[str, Any] = {"prompt": prompt, "model": MODEL, "size": size}
    draft = catalogue.validate(data, owner=owner)
    _afford(user, draft.price)
    generation = engine.submit(owner, draft)
    ended = engine.wait(generation.pk, 30)
    shown = [showcase.publish(owner, output) for output in _delivered(ended)]
    if not shown:
        log.warning("a picture of the first showcase failed", extra={"code": ended.error_code})
    return bool(shown)


def _delivered(generation: Generation) -> Any:
    return generation.outputs.filter(state="delivered", deleted_at=None)


@transaction.atomic
def _afford(user: User, price: int) -> None:
    """The house pays like everybody, from a wallet without a rate."""
    wallet = ledger.wallet_of(user)
    if not wallet.rate_lifted:
        wallet.rate_lifted = True
        wallet.save(update_fields=("rate_lifted",))
    if wallet.balance < price:
        note = ledger.Note(f"showcase:{wallet.pk}:{wallet.seq}", "The site's first showcase")
        ledger.adjust(wallet.pk, price, note)
