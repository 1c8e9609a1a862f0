"""`manage.py sync_catalogue`: fill models, routes and styles from the data file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from generator import catalogue_sync


class Command(BaseCommand):
    """Prints how many rows were written."""

    help = (
        "Fills models, routes and styles from the data file; never overwrites what staff changed."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Sync, and say what was touched."""
        touched = catalogue_sync.sync()
        self.stdout.write(
            ", ".join(f"{count} {name}" for name, count in touched.items()) + " written"
        )
