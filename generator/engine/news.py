"""Who in this process wants to hear at once that a generation ended (the front, for what it holds).

Only a hint: whoever waits looks at the row, and looks again by itself where no hint comes.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

_listeners: list[Callable[[UUID], None]] = []


def listen(listener: Callable[[UUID], None]) -> None:
    """Have `listener` called with the id of each generation that ends in this process, once."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell(generation_id: UUID) -> None:
    """Call the listeners once the present transaction is committed."""
    if _listeners:
        transaction.on_commit(lambda: [listener(generation_id) for listener in _listeners])
