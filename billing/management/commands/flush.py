"""Django's `flush`, which has to step around the ledger's triggers to empty its table."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from billing import triggers


class Command(flush.Command):
    """Empties every table; the triggers are away only while it does."""

    def handle(self, **options: Any) -> None:
        """Run Django's flush between dropping and creating the triggers."""
        connection = connections[options["database"]]
        triggers.drop(connection)
        try:
            super().handle(**options)
        finally:
            triggers.create(connection)
