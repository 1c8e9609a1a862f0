"""Addresses of the pages of `generator`."""

from django.urls import path

from generator.pages import create, dashboard, history, images, runs

urlpatterns = [
    path("generator", create.generator, name="generator"),
    path("generator", create.generator, name="generate"),
    path("generator/quote", create.quote, name="quote"),
    path("generator/runs/<uuid:pk>", runs.card, name="generation-card"),
    path("generator/runs/<uuid:pk>/cancel", runs.cancel, name="generation-cancel"),
    path("generator/runs/<uuid:pk>/again", runs.again, name="generation-again"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("history", history.history, name="history"),
    path("history/export.<str:kind>", history.export, name="history-export"),
    path("history/zip", history.zip_file, name="history-zip"),
    path("history/<uuid:pk>/delete", history.delete, name="history-delete"),
    path("images/<uuid:pk>", images.image, name="image"),
]
