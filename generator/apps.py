"""Django's entry for the app `generator`."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def after_migrate(**_kwargs: Any) -> None:
    """Have the catalogue's rows there after a migrate (and after a flush)."""
    from generator import catalogue_sync

    catalogue_sync.sync()


class GeneratorConfig(AppConfig):
    """Names the app."""

    name = "generator"

    def ready(self) -> None:
        """Listen to Django's own migrate."""
        post_migrate.connect(after_migrate, sender=self)
