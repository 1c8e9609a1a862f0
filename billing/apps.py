"""Django's entry for the app `billing`."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def after_migrate(using: str, **_kwargs: Any) -> None:
    """Keep the ledger's triggers and the plans in place after a migrate (and after a flush)."""
    from billing import plans, triggers

    triggers.ensure(using)
    plans.load()


class BillingConfig(AppConfig):
    """Names the app."""

    name = "billing"

    def ready(self) -> None:
        """Listen to Django's own migrate."""
        post_migrate.connect(after_migrate, sender=self)
