"""Django's entry for the app `nanobanana`."""

from importlib import import_module

from django.apps import AppConfig


class NanoBananaConfig(AppConfig):
    """Names the app and registers its checks."""

    name = "nanobanana"

    def ready(self) -> None:
        """Import the checks, which registers them."""
        import_module("nanobanana.checks")
