"""Addresses of the landing page and what belongs to no app."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
