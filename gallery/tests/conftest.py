"""What the gallery's tests show: finished pictures of the cast, without running an engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.owner import Owner
from gallery import showcase
from gallery.models import Item
from generator.models import Generation, Output

PROMPT = "a lighthouse at dusk, calm sea"


def make_picture(user: User, *, prompt: str = PROMPT, **facts: Any) -> Output:
    """A delivered picture of this user; `facts` are the output's or the generation's columns."""
    outputs = {field.name for field in Output._meta.get_fields()} - {"error_code", "error_message"}
    own = {name: value for name, value in facts.items() if name in outputs}
    now = timezone.now()
    generation = Generation.objects.create(
        **{
            "user": user,
            "status": "completed",
            "mode": "text-to-image",
            "model": "nano-banana",
            "provider": "kie",
            "prompt": prompt,
            "width": 1280,
            "height": 896,
            "price": 20,
            "completed_at": now,
            "deadline_at": now + timedelta(minutes=5),
            **{name: value for name, value in facts.items() if name not in own},
        }
    )
    return Output.objects.create(
        **{
            "generation": generation,
            "index": 0,
            "wallet_key": str(user.pk),
            "state": "delivered",
            "file_key": "g/00/0.png",
            "content_type": "image/png",
            "width": 1280,
            "height": 896,
            "delivered_at": now,
            **own,
        }
    )


@pytest.fixture
def picture(db: None) -> Callable[..., Output]:
    """Makes a finished picture of a user."""
    return make_picture


@pytest.fixture
def show(db: None) -> Callable[..., Item]:
    """Makes and publishes a picture of a user; keyword arguments are the words it is shown with."""

    def published(user: User, *, output: Output | None = None, **words: Any) -> Item:
        prompt = words.pop("prompt", PROMPT)
        shown = output or make_picture(user, prompt=prompt)
        return showcase.publish(Owner(user=user), shown, **words)

    return published
