"""Django's entry for the app `gallery`."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """Names the app."""

    name = "gallery"
