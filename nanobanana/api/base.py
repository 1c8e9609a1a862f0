"""What every contract's views share: the caller, the body, the headers of charging routes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.owner import Owner
from accounts.owner_of import owner_of
from billing import ledger
from generator import limits
from nanobanana.api.errors import ApiError, rate_headers
from nanobanana.api.parsing import JSON_LIMIT, JSONParser, PlainJSONParser


class JsonWhateverAccepted(DefaultContentNegotiation):
    """Files, event streams and stock clients come with any Accept header; errors are JSON."""

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],  # type: ignore[override]
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """JSON."""
        return renderers[0], str(renderers[0].media_type)


class ApiView(APIView):
    """A view of a contract. `body_limit` is the largest JSON body in bytes."""

    body_limit = JSON_LIMIT
    content_negotiation_class = JsonWhateverAccepted
    parser_classes = (JSONParser, PlainJSONParser)

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        """Reads a body without a content type as text/plain."""
        if not request.META.get("CONTENT_TYPE") and request.META.get("CONTENT_LENGTH") not in (
            None,
            "",
            "0",
        ):
            request.META["CONTENT_TYPE"] = "text/plain"
        return super().initialize_request(request, *args, **kwargs)

    def owner(self) -> Owner:
        """Whose request this is; 401 for nobody's."""
        owner = owner_of(self.request)
        if owner is None:
            raise ApiError("not_authenticated", headers={"WWW-Authenticate": "Bearer"})
        return owner

    def somebody(self) -> Owner:
        """Whose request this is; a browser that nobody knows yet becomes a visitor."""
        owner = owner_of(self.request, create_visitor=True)
        assert owner is not None  # noqa: S101 (with `create_visitor` there always is one)
        return owner

    def body(self) -> dict[str, Any]:
        """The parsed body as a plain dict."""
        data = self.request.data
        return dict(data) if isinstance(data, Mapping) else {}

    def rate(self) -> dict[str, str]:
        """The headers of the wallet's moving hour; none for somebody without a wallet."""
        user = self.request.user
        if user is None or not user.is_authenticated:
            return {}
        return rate_headers(limits.rate_of(ledger.wallet_of(user)))

    def rate_headers(self, response: HttpResponse | Response) -> None:
        """Put the wallet's moving hour on a charging route's reply."""
        for name, value in self.rate().items():
            response[name] = value


def absolute(path: str) -> str:
    """The public address of one of our paths."""
    return f"{settings.SITE_URL}{path}"
