"""The one authentication of all contracts: an API key or token in a header, else the session."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import keys, tokens
from accounts.models import AccessToken, ApiKey, User
from accounts.owner_of import VISITOR

REFUSAL = "The API key or access token is not valid"
"""The same words whatever is wrong with a credential, so that nothing can be learned from them."""
_KEY_HEADERS = ("X-API-Key", "x-goog-api-key")


class Credentials(BaseAuthentication):
    """`Authorization: Bearer` or `Token`, `X-API-Key`, `x-goog-api-key`, then the session.

    The first header present decides alone: cookies are ignored, and a bad credential is a 401 even
    where none is needed. `request.auth` becomes the ApiKey or AccessToken, or None for a session,
    whose unsafe requests need the CSRF token.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey | AccessToken | None] | None:
        """Who asks; None for nobody. Raises AuthenticationFailed, or PermissionDenied for CSRF."""
        credential = presented(request)
        if credential is not None:
            return _verified(credential)
        return _from_session(request._request)

    def authenticate_header(self, request: Request) -> str:
        """What `WWW-Authenticate` names; with it DRF answers 401, not 403."""
        return "Bearer"


def presented(request: HttpRequest | Request) -> str | None:
    """The credential in the request's headers ("" for one that cannot be any), None without one.

    Query string and body are never looked at.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, credential = header.strip().partition(" ")
        return credential.strip() if scheme.lower() in {"bearer", "token"} else ""
    for name in _KEY_HEADERS:
        key = request.headers.get(name)
        if key is not None:
            # An access token is no API key: only `Authorization` takes both.
            return key.strip() if key.strip().startswith("nb_") else ""
    return None


def _verified(credential: str) -> tuple[User, ApiKey | AccessToken]:
    """The user of a key or token, whichever its prefix says."""
    find = keys.verify if credential.startswith("nb_") else tokens.verify
    found = find(credential)
    if found is None:
        raise AuthenticationFailed(REFUSAL)
    return found.user, found


def _from_session(request: HttpRequest) -> tuple[User, None] | None:
    """The session's user. A visitor is nobody here, but writes need the CSRF token as well."""
    user = request.user
    if user.is_authenticated:
        _require_csrf_token(request)
        return user, None
    if VISITOR in request.session:
        _require_csrf_token(request)
    return None


def _require_csrf_token(request: HttpRequest) -> None:
    """Raises PermissionDenied for an unsafe request without the right CSRF token."""
    check = CSRFCheck(_unreachable)
    check.process_request(request)
    reason = check.process_view(request, _unreachable, (), {})
    if reason:
        raise PermissionDenied(f"CSRF check failed: {reason}", code="csrf_failed")


def _unreachable(request: HttpRequest) -> HttpResponse:
    """Stands where Django wants a next handler; the check never calls it."""
    raise NotImplementedError
