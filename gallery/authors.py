"""Who published something, as the public sees them: a name and an address, never an e-mail."""

from __future__ import annotations

import re
from uuid import UUID

from accounts.models import User

_MAKER = re.compile(r"maker-([0-9a-f]{12})")


def slug_of(user: User) -> str:
    """The name in an author's address: the handle they chose, else one made of their id."""
    return user.handle or f"maker-{user.id.hex[:12]}"


def find(slug: str) -> User | None:
    """The active author of a slug; nobody takes a made-up slug as their handle."""
    match = _MAKER.fullmatch(slug)
    active = User.objects.filter(is_active=True)
    if match is None:
        return active.filter(handle=slug).first()
    first, last = UUID(match[1] + "0" * 20), UUID(match[1] + "f" * 20)
    return active.filter(pk__gte=first, pk__lte=last, handle=None).first()
