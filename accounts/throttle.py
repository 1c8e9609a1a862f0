"""How often somebody may try to sign in or up: allauth's limits, for pages and API alike."""

from __future__ import annotations

import math
import time

from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_APP = "allauth.account"
_ACTIONS = {
    "account_login": "login",
    "account_signup": "signup",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
}
"""Which limit stands before which page."""


class TooMany(Exception):
    """Too many tries; `wait` is how many seconds until the next one may pass."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"Try again in {wait} s")
        self.wait = wait


def count(request: HttpRequest, action: str) -> None:
    """Counts one try of `action` ("login", "signup") from this address. Raises TooMany."""
    if ratelimit.consume(request, app=_APP, action=action) is None:
        raise TooMany(wait(request, action))


def wait(request: HttpRequest, action: str, key: str | None = None) -> int:
    """Seconds until `action` may be tried again from this address (and for this `key`)."""
    waits = [1.0]
    for rate in ratelimit.get_rates(app=_APP, action=action):
        if (rate.per == "key" and key is None) or rate.per == "user":
            continue
        place = ratelimit.get_cache_key(request, app=_APP, action=action, rate=rate, key=key)
        tries = cache.get(place, [])
        if len(tries) >= rate.amount:
            waits.append(tries[rate.amount - 1] + rate.duration - time.time())
    return math.ceil(max(waits))


def too_many(request: HttpRequest, seconds: int | None = None) -> HttpResponse:
    """The page that says how long to wait; also Django's `handler429` for allauth."""
    if seconds is None:
        match = request.resolver_match
        action = _ACTIONS.get(str(match.url_name) if match else "", "")
        seconds = wait(request, action) if action else 60
    facts = {"seconds": seconds, "minutes": math.ceil(seconds / 60)}
    response = render(request, "account/too_many.html", facts, status=429)
    response["Retry-After"] = str(seconds)
    return response
