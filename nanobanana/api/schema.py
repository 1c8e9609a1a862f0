"""The API's description (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny


class CredentialScheme(OpenApiAuthenticationExtension):
    """How the description names the ways of `accounts.authentication.Credentials`."""

    target_class = "accounts.authentication.Credentials"
    name = ["bearer", "apiKey", "googleKey", "session"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """Bearer key or token, the two key headers, the browser's session."""
        return [
            {"type": "http", "scheme": "bearer", "description": "An API key or access token"},
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """Any one of them is enough."""
        return [{name: []} for name in self.name]


class Schema(SpectacularAPIView):
    """`GET /api/schema`, open to everybody."""

    permission_classes = (AllowAny,)
    authentication_classes = ()


urlpatterns = [path("api/schema", Schema.as_view(), name="schema")]
