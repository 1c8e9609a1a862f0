"""Django's entry for the app `billing`."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Names the app."""

    name = "billing"
