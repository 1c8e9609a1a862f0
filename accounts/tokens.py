"""The only writer of access tokens: opaque, kept hashed, ended by sign-out, time, new password."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts import keys
from accounts.lookup import by_digest
from accounts.models import AccessToken, User

_SHAPE = re.compile(r"nbt_[0-9A-Za-z]{43}")


def issue(user: User) -> tuple[AccessToken, str]:
    """A new token of `user` and its plain text, which is known only now."""
    plain = "nbt_" + "".join(secrets.choice(keys.BASE62) for _ in range(43))
    token = AccessToken.objects.create(
        user=user, digest=keys.digest(plain), expires_at=timezone.now() + lifetime()
    )
    return token, plain


def verify(plain: str) -> AccessToken | None:
    """The token with its user, or None: malformed, unknown, ended, or its user is inactive."""
    if not _SHAPE.fullmatch(plain):
        return None
    token = by_digest(AccessToken, keys.digest(plain))
    if token is None or token.expires_at <= timezone.now() or not token.user.is_active:
        return None
    return token


def end(token: AccessToken) -> None:
    """The token opens nothing from the next request on."""
    AccessToken.objects.filter(pk=token.pk).delete()


def end_all(user: User) -> None:
    """Ends every token of the user."""
    AccessToken.objects.filter(user=user).delete()


def forget_expired() -> int:
    """Removes the rows of tokens whose time is over; says how many."""
    return AccessToken.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def lifetime() -> timedelta:
    """How long a new token lasts."""
    return timedelta(minutes=settings.ACCESS_TOKEN_EXPIRE_MINUTES)
