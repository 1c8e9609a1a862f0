"""Which providers are on in this process, and which routes of a model they can serve now."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache

from django.conf import settings

from generator import providers
from generator.models import Model, Route
from generator.providers.base import Provider


@lru_cache(maxsize=1)
def active() -> Mapping[str, Provider]:
    """The configured providers by slug; the demo where its switch is on."""
    found = providers.configure(os.environ, exclude=("demo",))
    if settings.DEMO:
        found |= {
            slug: one
            for slug, one in providers.configure(os.environ, exclude=()).items()
            if slug == "demo"
        }
    return found


def reset() -> None:
    """Read the environment again at the next use."""
    active.cache_clear()


def demo_serves_all() -> bool:
    """Whether the demo stands in for every model: it is on, and no real provider is."""
    return set(active()) == {"demo"}


def routes_of(model: Model) -> Sequence[Route]:
    """The routes that can serve the model now, in order; the demo where it serves all."""
    if not model.enabled:
        return []
    routes = [route for route in model.routes.all() if route.enabled]
    usable = [
        route
        for route in sorted(routes, key=lambda route: route.order)
        if route.provider in active()
    ]
    if not usable and model.kind == "image" and demo_serves_all():
        return [
            Route(
                model=model,
                provider="demo",
                upstream_model="demo",
                costs=routes[0].costs if routes else {},
            )
        ]
    return usable
