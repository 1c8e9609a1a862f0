"""A run again by staff: the same order for the same owner, who pays nothing for it in the end."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from accounts.owner import Owner
from billing import ledger
from generator import catalogue, pricing, shelf, upstreams
from generator.catalogue import Draft, ModelUnavailable
from generator.engine.acceptance import submit
from generator.engine.refusals import NotPossible
from generator.models import Generation, Upload


def retry(generation: Generation, *, actor: User, reason: str) -> Generation:
    """Give the owner the price, then submit the same again at that price; returns the new
    generation.

    Raises NotPossible for one that runs, was deleted, or belongs to a visitor, ModelUnavailable
    where nothing serves the model any more, and what `submit` raises.
    """
    if not generation.is_ended or generation.deleted_at or generation.user is None:
        raise NotPossible("Only an ended generation of an account can run again.")
    draft = _draft(generation)
    with transaction.atomic():
        wallet = ledger.wallet_of(generation.user)
        again = generation.user.generations.filter(
            parameters__retry_of=generation.public_id
        ).count()
        note = ledger.Note(f"retry:{generation.pk}:{again}", reason[:200], actor=str(actor.pk))
        ledger.grant(ledger.current(ledger.lock(wallet.pk)), draft.price, note)
        return submit(Owner(user=generation.user), draft)


def _draft(generation: Generation) -> Draft:
    """The order as it was accepted; its price is today's."""
    model = shelf.models().get(generation.model)
    routes = upstreams.routes_of(model) if model else []
    if model is None or not routes:
        raise ModelUnavailable(generation.model)
    parameters = generation.parameters | {"retry_of": generation.public_id}
    return Draft(
        model=model,
        mode=generation.mode,
        prompt=generation.prompt,
        style=generation.style,
        n=generation.n,
        width=generation.width,
        height=generation.height,
        seed=generation.seed,
        parameters=parameters,
        uploads=tuple(Upload.objects.filter(pk__in=generation.uploads, deleted_at=None)),
        price=generation.n * pricing.amount(model.prices, parameters),
        cost_micros=generation.n * catalogue.unit_cost(routes[0], parameters),
    )
