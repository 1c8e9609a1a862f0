"""The paths of contract A."""

from __future__ import annotations

from django.urls import path

from nanobanana.api.developer import account, generate, generations, models

urlpatterns = [
    path("v1/generate", generate.Generate.as_view(), name="v1-generate"),
    path("v1/quote", generate.Quote.as_view(), name="v1-quote"),
    path("v1/generations", generations.Generations.as_view(), name="v1-generations"),
    path("v1/generations/<str:generation_id>", generations.Detail.as_view(), name="v1-generation"),
    path(
        "v1/generations/<str:generation_id>/events", generations.Events.as_view(), name="v1-events"
    ),
    path(
        "v1/generations/<str:generation_id>/cancel", generations.Cancel.as_view(), name="v1-cancel"
    ),
    path("v1/account", account.Account.as_view(), name="v1-account"),
    path("v1/ledger", account.Ledger.as_view(), name="v1-ledger"),
    path("v1/usage", account.Usage.as_view(), name="v1-usage"),
    path("v1/models", models.Models.as_view(), name="v1-models"),
    path("v1/models/<str:model_id>", models.Model.as_view(), name="v1-model"),
]
