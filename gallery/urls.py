"""Addresses of the pages of `gallery`."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
