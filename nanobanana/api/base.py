"""What every contract's views share: the strict JSON body, the credential, headers of charging routes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.owner import Owner
from accounts.owner_of import owner_of
from billing import ledger
from generator import limits
from nanobanana.api.errors import ApiError, rate_headers

JSON_LIMIT = 1024 * 1024
JSON_WITH_FILES = 15 * 1024 * 1024
DEPTH = 64


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. Raises ParseError for anything else: broken, deep, doubled names, NaN."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise ParseError("The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise ParseError("The body must be a JSON object.")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are unique: two readers must not see two different requests."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


class JSONParser(BaseParser):
    """Reads a JSON object, at most as large as the view allows."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The body as an object; an empty one is an empty object."""
        view = (parser_context or {}).get("view")
        limit = getattr(view, "body_limit", JSON_LIMIT)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise ApiError("payload_too_large")
        return parse_object(raw) if raw.strip() else {}


class PlainJSONParser(JSONParser):
    """The same for programs that send no content type, or text/plain: only with a token, never a cookie."""

    media_type = "text/plain"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """As JSON, where the credential is a token: a form on another site can send text/plain with a cookie."""
        request = (parser_context or {})["request"]
        if request.META.get("nanobanana.cookie_credential") or getattr(request, "auth", None) is None:
            raise UnsupportedMediaType("text/plain")
        return super().parse(stream, media_type, parser_context)


class ApiView(APIView):
    """A view of a contract. `body_limit` is the largest JSON body in bytes."""

    body_limit = JSON_LIMIT
    parser_classes = (JSONParser, PlainJSONParser)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Reads a body without a content type as text/plain."""
        if not request.META.get("CONTENT_TYPE") and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
            request.META["CONTENT_TYPE"] = "text/plain"
        return super().initialize_request(request, *args, **kwargs)

    def owner(self) -> Owner:
        """Whose request this is; 401 for nobody's."""
        owner = owner_of(self.request)
        if owner is None:
            raise ApiError("not_authenticated", headers={"WWW-Authenticate": "Bearer"})
        return owner

    def body(self) -> dict[str, Any]:
        """The parsed body as a plain dict."""
        data = self.request.data
        return dict(data) if isinstance(data, Mapping) else {}

    def charged(self, response: HttpResponse | Response, used: int, remaining: int | None = None) -> None:
        """Put the credits and rate headers of a charging route on its reply."""
        response["X-Credits-Used"] = str(used)
        user = self.request.user
        if user is not None and user.is_authenticated:
            wallet = ledger.wallet_of(user)
            response["X-Credits-Remaining"] = str(wallet.balance if remaining is None else remaining)
            for name, value in rate_headers(limits.rate_of(wallet)).items():
                response[name] = value


def absolute(path: str) -> str:
    """The public address of one of our paths."""
    return f"{settings.SITE_URL}{path}"
