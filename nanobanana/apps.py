"""Django's entry for the app `nanobanana`."""

from django.apps import AppConfig


class NanoBananaConfig(AppConfig):
    """Names the app."""

    name = "nanobanana"
