"""Whose request this is: the user of its credential or session, else the session's visitor."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.models import ApiKey, Visitor
from accounts.owner import Owner

VISITOR = "visitor"
"""The session's entry that holds the visitor's id."""


def owner_of(request: HttpRequest | Request, *, create_visitor: bool = False) -> Owner | None:
    """The owner that the request acts for; None for a browser that nobody knows yet.

    `create_visitor` makes such a browser a visitor (a row, and its id in the session) instead.
    """
    address = address_group(request)
    if request.user and request.user.is_authenticated:
        auth = getattr(request, "auth", None)
        key = auth if isinstance(auth, ApiKey) else None
        return Owner(user=request.user, key=key, address=address)
    visitor = visitor_of(request)
    if visitor is None and create_visitor:
        visitor = Visitor.objects.create()
        request.session[VISITOR] = str(visitor.pk)
    return Owner(visitor=visitor, address=address) if visitor else None


def visitor_of(request: HttpRequest | Request) -> Visitor | None:
    """The session's visitor, unless an account has claimed it."""
    visitor_id = request.session.get(VISITOR)
    if visitor_id is None:
        return None
    return Visitor.objects.filter(pk=visitor_id, claimed_by=None).first()


def address_of(request: HttpRequest | Request) -> str:
    """The client's address as the outermost trusted proxy saw it; the rest is anybody's word."""
    proxies = settings.TRUSTED_PROXIES
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < proxies <= len(hops) and hops[-proxies].strip():
        return hops[-proxies].strip()
    return request.META.get("REMOTE_ADDR", "")


def address_group(request: HttpRequest | Request) -> str:
    """What counts as one place for limits: an IPv4 address or an IPv6 /64 as text, "" for none."""
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((int(address), 64), strict=False))
