"""Addresses of the contracts."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
