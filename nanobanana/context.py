"""What every template may use: the site's switches, and the reader's balance."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from billing import ledger
from generator import upstreams


def site(request: HttpRequest) -> dict[str, Any]:
    """Switches, the theme from its cookie, and lazily the user's wallet."""
    theme = request.COOKIES.get("theme", "")
    user = getattr(request, "user", None)
    return {
        "site_url": settings.SITE_URL,
        "google_login": settings.GOOGLE_LOGIN,
        "demo_only": upstreams.demo_serves_all(),
        "theme": theme if theme in {"light", "dark"} else "",
        "wallet": SimpleLazyObject(lambda: ledger.wallet_of(user))
        if user is not None and user.is_authenticated
        else None,
    }
