"""The front as the product runs it: over Django, with the API's view of what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connections

from nanobanana.front.application import Front
from nanobanana.wsgi import application

Result = TypeVar("Result")


class ApiWaiting:
    """`nanobanana.api.waiting`, each call with a database connection that is fit for use."""

    def ended(self, ids: Collection[UUID]) -> set[UUID]:
        """Those of `ids` which have reached an end."""
        from nanobanana.api import waiting

        return _connected(lambda: waiting.ended(ids))

    def snapshots(self, ids: Collection[UUID]) -> dict[UUID, tuple[int, str]]:
        """Version and JSON of each of `ids` that exists."""
        from nanobanana.api import waiting

        return _connected(lambda: waiting.snapshots(ids))

    def holding(self, ids: Collection[UUID]) -> None:
        """Notes that connections are still waiting on these."""
        from nanobanana.api import waiting

        _connected(lambda: waiting.holding(ids))

    def released(self, generation_id: UUID, delivered: bool) -> None:
        """Notes that a held request is over, and whether its answer went out."""
        from nanobanana.api import waiting

        _connected(lambda: waiting.released(generation_id, delivered))


def _connected(query: Callable[[], Result]) -> Result:
    """What Django does around a request, for a query that belongs to none."""
    close_old_connections()
    try:
        return query()
    finally:
        close_old_connections()


app = Front(application, ApiWaiting(), site_url=settings.SITE_URL, leaving=connections.close_all)
