"""Django's entry for the app `generator`."""

from django.apps import AppConfig


class GeneratorConfig(AppConfig):
    """Names the app."""

    name = "generator"
