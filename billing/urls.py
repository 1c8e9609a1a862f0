"""Addresses of the pages of `billing`."""

from django.urls import path

from billing import pages

urlpatterns = [
    path("pricing", pages.pricing, name="pricing"),
    path("billing", pages.billing, name="billing"),
]
