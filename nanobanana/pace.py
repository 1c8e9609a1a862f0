"""How often people may do what costs no credits: sign up and in, upload, like, report."""

from __future__ import annotations


def limits(signups: int) -> dict[str, str]:
    """Limits by action, as allauth counts them; `signups` an hour from one address."""
    return {
        "signup": f"{signups}/h/ip",
        "login": "300/m/ip",
        "visitor_upload": "60/h/ip",
        "report": "30/h/ip",
        "like": "600/h/user",
    }
