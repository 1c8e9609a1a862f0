"""The catalogue's prices for templates: what each model's outputs cost."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from generator import catalogue, pricing
from generator.catalogue import Offer

register = template.Library()


@dataclass(frozen=True)
class Price:
    """Credits of one output of a model with these settings, said in words."""

    model: str
    words: str
    credits: int
    available: bool


@register.simple_tag
def price_list() -> list[Price]:
    """Each model's prices, one for each value of what its price depends on most."""
    return [price for offer in catalogue.offered() for price in _prices(offer)]


@register.simple_tag
def video_offered() -> bool:
    """Whether any model that makes video can be had now."""
    return any(offer.available for offer in catalogue.offered() if offer.model.kind == "video")


def _prices(offer: Offer) -> list[Price]:
    model, usual = offer.model, catalogue.defaults(offer.model)
    if "by" not in model.prices:
        return [Price(model.title, _length(usual), offer.price, offer.available)]
    name, table = model.prices["by"]
    return [
        Price(
            model.title,
            _words(name, value, usual),
            pricing.amount(model.prices, usual | {name: value}),
            offer.available,
        )
        for value in table
    ]


def _words(name: str, value: str, usual: dict[str, object]) -> str:
    if name == "audio":
        return f"{_length(usual)}, {'with' if value == 'true' else 'no'} sound"
    return value.upper() if name == "resolution" else value.replace("x", " × ").capitalize()


def _length(usual: dict[str, object]) -> str:
    return f"{usual['duration']} s" if "duration" in usual else "Any shape"
