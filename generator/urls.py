"""Addresses of the pages of `generator`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
