"""The only writer of API keys: issue, verify, revoke.

A key is `nb_`, 8 public and 32 secret characters of base62 (190 random bits), and their CRC32 in
6 more: 49 characters. The checksum refuses typos without a query and makes scanning for leaked keys
exact; it is no secret. What is kept is the SHA-256 of the whole: a random key needs no slow hash.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import deliveries
from accounts.lookup import by_digest
from accounts.models import ApiKey, User

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLIC, SECRET, CHECKSUM = 8, 32, 6
SCOPES = ("read", "generate", "manage")
DEFAULT_SCOPES = ("read", "generate")
PATTERN = re.compile(rf"nb_[0-9A-Za-z]{{{PUBLIC + SECRET + CHECKSUM}}}")
"""What a key looks like, for filters of logs and scanners."""
_SHOWN = len("nb_") + 4
_USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def issue(
    user: User,
    name: str = "",
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    daily_credit_cap: int | None = None,
    monthly_credit_cap: int | None = None,
) -> tuple[ApiKey, str]:
    """A new key of `user` and its plain text, which is known only now.

    Without `scopes` it may read and generate. Caps are whole credits. ValueError: unknown scope.
    """
    wanted = set(DEFAULT_SCOPES if scopes is None else scopes)
    if not wanted <= set(SCOPES):
        raise ValueError(f"Scopes are {', '.join(SCOPES)}")
    body = "nb_" + "".join(secrets.choice(BASE62) for _ in range(PUBLIC + SECRET))
    plain = body + checksum(body)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=plain[:_SHOWN],
        digest=digest(plain),
        scopes=[scope for scope in SCOPES if scope in wanted],
        expires_at=expires_at,
        daily_credit_cap=daily_credit_cap,
        monthly_credit_cap=monthly_credit_cap,
    )
    facts = {"id": str(key.pk), "name": key.name, "prefix": key.shown, "scopes": key.scopes}
    deliveries.tell(user, "key.created", data=facts)
    return key, plain


def verify(plain: str) -> ApiKey | None:
    """The key with its user, or None: malformed, unknown, revoked, expired, its user inactive.

    One query; none for a wrong checksum. Notes the use at most once a minute.
    """
    if not well_formed(plain):
        return None
    key = by_digest(ApiKey, digest(plain))
    if key is None or not key.is_active or not key.user.is_active:
        return None
    _note_use(key)
    return key


def revoke(key: ApiKey) -> None:
    """Ends the key from the next request on; the row stays. Revoking twice changes nothing."""
    now = timezone.now()
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now):
        key.revoked_at = now


def revoke_all(user: User) -> int:
    """Ends every key of the user; says how many were open."""
    return ApiKey.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def blank_names(user: User) -> None:
    """Forgets what the user called their keys."""
    ApiKey.objects.filter(user=user).update(name="")


def well_formed(plain: str) -> bool:
    """Whether this can be a key at all: its shape and its checksum."""
    body, check = plain[:-CHECKSUM], plain[-CHECKSUM:]
    return PATTERN.fullmatch(plain) is not None and checksum(body) == check


def checksum(body: str) -> str:
    """The CRC32 of a key's body as six characters of base62."""
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(CHECKSUM):
        number, digit = divmod(number, len(BASE62))
        text = BASE62[digit] + text
    return text


def digest(plain: str) -> bytes:
    """What is kept of a secret: its SHA-256."""
    return hashlib.sha256(plain.encode()).digest()


def _note_use(key: ApiKey) -> None:
    """Moves `last_used_at`, at most once a minute however many requests come at once."""
    now = timezone.now()
    stale = now - _USED_EVERY
    if key.last_used_at is not None and key.last_used_at > stale:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=stale)
    ApiKey.objects.filter(due, pk=key.pk).update(last_used_at=now)
    key.last_used_at = now
