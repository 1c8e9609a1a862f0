"""Addresses of the landing page and what belongs to no app."""

from django.urls import path

from nanobanana import pages

urlpatterns = [
    path("", pages.home, name="home"),
    path("theme", pages.set_theme, name="theme"),
    path("docs", pages.docs, name="docs"),
    path("docs/errors", pages.docs_errors, name="docs-errors"),
]
