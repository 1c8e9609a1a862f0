"""Contract B: the product API under `/api/v1`."""

from __future__ import annotations

from django.urls import path

from nanobanana.api import health
from nanobanana.api.product import generate, lists

urlpatterns = [
    path("api/v1/images/generate", generate.Generate.as_view(), name="product-generate"),
    path("api/v1/images", lists.Images.as_view(), name="product-images"),
    path("api/v1/prompts", lists.Prompts.as_view(), name="product-prompts"),
    path("api/v1/health", health.health, name="product-health"),
    path("api/v1/debug/users", lists.Users.as_view(), name="product-users"),
]
