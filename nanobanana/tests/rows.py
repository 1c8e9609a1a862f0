"""A world in rows for tests of lists: one of each kind, as often as asked, without an engine."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts import deliveries, keys, webhooks
from accounts.models import AccessToken, Mail, User, Visitor
from accounts.owner import Owner
from billing import ledger
from billing.models import Plan, UsageDay
from gallery import showcase
from gallery.models import Feature, FirstStart, Question, Review
from generator.models import (
    Attempt,
    Generation,
    IdempotencyRecord,
    Model,
    Output,
    ResumableUpload,
    Route,
    StoredBytes,
    Style,
    TrialDay,
    Upload,
    UploadSlot,
)


def make_generation(user: User | None, **facts: Any) -> Generation:
    """A completed generation of a user, or nobody, with one delivered output and its attempt."""
    now = timezone.now()
    defaults: dict[str, Any] = {
        "user": user,
        "wallet": ledger.wallet_of(user) if user else None,
        "status": "completed",
        "mode": "text-to-image",
        "model": "nano-banana",
        "provider": "kie",
        "prompt": "a lighthouse at dusk",
        "width": 1024,
        "height": 1024,
        "price": 20,
        "completed_at": now,
        "deadline_at": now + timedelta(minutes=5),
        "duration_ms": 1200,
    }
    generation = Generation.objects.create(**defaults | facts)
    output = Output.objects.create(
        generation=generation,
        index=0,
        wallet_key=str(generation.pk),
        state="delivered",
        file_key="g/00/0.png",
        content_type="image/png",
        width=1024,
        height=1024,
        delivered_at=now,
    )
    Attempt.objects.create(output=output, number=1, provider="kie", state="done", ended_at=now)
    return generation


def make_world(number: int) -> User:
    """One row of every kind that belongs to a new user, and one of each that belongs to nobody."""
    user = User.objects.create_user(f"person{number}@example.com", name=f"Person {number}")
    webhook = webhooks.register(user, f"https://example.com/{number}")
    deliveries.test(webhook)
    keys.issue(user, name="k")
    now = timezone.now()
    visitor = Visitor.objects.create()
    AccessToken.objects.create(user=user, digest=uuid.uuid4().bytes, expires_at=now)
    Mail.objects.create(to=user.email, subject="Hello", text="Hello")
    wallet = ledger.wallet_of(user)
    UsageDay.objects.create(wallet=wallet, day=now.date())
    generation = make_generation(user)
    ledger.charge(ledger.lock(wallet.pk), 20, generation.pk, "1 × Nano Banana")
    output = generation.outputs.get()
    StoredBytes.objects.create(output=output, data=b"x")
    make_generation(None, visitor=visitor, price=0)
    UploadSlot.objects.create(user=user)
    ResumableUpload.objects.create(user=user, length=9, expires_at=timezone.now())
    Upload.objects.create(
        user=user, file_key="u/0", content_type="image/png", size=1, sha256="0", width=1, height=1
    )
    IdempotencyRecord.objects.create(
        user=user, owner=str(user.pk), key="k", body="b", generation=generation
    )
    _make_shown(user, output)
    _make_catalogue(number)
    return user


def _make_shown(user: User, output: Output) -> None:
    item = showcase.publish(Owner(user=user), output, title="A lighthouse")
    showcase.like(user, item)
    showcase.report(Owner(user=user), item, "copy", "mine")


def _make_catalogue(number: int) -> None:
    slug = f"thing-{number}"
    model = Model.objects.create(
        slug=slug,
        title=slug,
        kind="image",
        modes=["text-to-image"],
        parameters={"size": {"values": ["1024x1024", "1536x1536"], "default": "1024x1024"}},
        prices={
            "by": ["size", {"1024x1024": 20, "1536x1536": 65}],
            "times": {"audio": {"true": 2}},
        },
    )
    Route.objects.create(
        model=model, provider="kie", costs={"base": 20_000}, sunset=timezone.now().date()
    )
    Plan.objects.create(
        slug=slug, title=slug, price_cents=100, monthly_credits=20, hourly_rate=1, at_once=1
    )
    Style.objects.create(slug=slug, title=slug, template="{prompt}")
    Feature.objects.create(title=slug, text=slug)
    Question.objects.create(question=slug, answer=slug)
    Review.objects.create(name=slug, text=slug)
    FirstStart.objects.create(step=slug)
    TrialDay.objects.create(day=timezone.now().date() - timedelta(days=number))
