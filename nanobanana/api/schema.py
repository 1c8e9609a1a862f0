"""The API's description (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny

from nanobanana.api.errors import CODES


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


_TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "The one body of all errors (RFC 9457). /docs/errors lists the codes.",
    "required": [
        "type", "title", "status", "detail", "code", "request_id", "success", "error",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "code": {"type": "string", "enum": sorted(CODES)},
        "request_id": _TEXT,
        "success": {"type": "boolean", "const": False},
        "error": {
            "type": "object",
            "required": ["message", "type", "code"],
            "properties": {
                "message": _TEXT,
                "type": _TEXT,
                "code": _TEXT,
                "param": {"type": ["string", "null"]},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": _TEXT},
                },
            },
        },
    },
}  # fmt: skip
_WELL = {
    "type": "object",
    "required": ["status"],
    "properties": {"status": _TEXT, "down": {"type": "array", "items": _TEXT}},
}


class Generator(SchemaGenerator):
    """Adds what no view says by itself: every route's errors, and the routes outside of DRF."""

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """The whole description."""
        schema: dict[str, Any] = super().get_schema(request, public)
        schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        for path_item in schema["paths"].values():
            for operation in path_item.values():
                operation["responses"].setdefault("default", _problem())
        for name in ("health", "health/ready"):
            schema["paths"][f"/{name}"] = {"get": _well(name)}
        return schema


def _problem() -> dict[str, Any]:
    shape = {"schema": {"$ref": "#/components/schemas/Problem"}}
    media = {"application/problem+json": shape, "application/json": {"schema": {}}}
    return {"description": "An error, by its status and code", "content": media}


def _well(name: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _WELL}}
    return {
        "operationId": name.replace("/", "_"),
        "tags": ["health"],
        "security": [{}],
        "responses": {
            "200": {"description": "Well", "content": content},
            "503": {"description": "A part is down", "content": content},
            "default": _problem(),
        },
    }


class Schema(SpectacularAPIView):
    """`GET /api/schema`, open to everybody."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    generator_class = Generator


urlpatterns = [path("api/schema", Schema.as_view(), name="schema")]
