"""What a credential may do: the scopes of API keys."""

from __future__ import annotations

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import ApiKey


def Scope(scope: str, *, anonymous: bool = False) -> type[BasePermission]:  # noqa: N802
    """A permission class: signed in, and a key must have `scope` (else 403 `insufficient_scope`).

    Sessions and access tokens have every scope. `anonymous` lets in whoever shows no credential.
    """

    class HasScope(BasePermission):
        def has_permission(self, request: Request, view: APIView) -> bool:
            require(request, scope)
            return anonymous or bool(request.user and request.user.is_authenticated)

    return HasScope


def require(request: Request, scope: str) -> None:
    """Raises PermissionDenied (403 `insufficient_scope`) when the request's key lacks `scope`."""
    if isinstance(request.auth, ApiKey) and scope not in request.auth.scopes:
        raise PermissionDenied(f"This API key lacks the scope {scope}", code="insufficient_scope")
