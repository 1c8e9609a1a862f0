"""What every request gets: an id, and paths that answer alike with and without a trailing slash."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

_SANE = re.compile(r"^[A-Za-z0-9._:-]{1,100}$")
_KEEP_SLASH = ("/accounts/", "/admin/", "/static/")
"""Paths whose own URL patterns carry the slash (allauth's and the admin's)."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Names each request (the client's own name when it is sane) in the reply and in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _SANE.match(given) else f"req_{uuid.uuid4().hex}"
        request.META["nanobanana.request_id"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.setdefault("X-Request-Id", request_id)
        return response


class TrailingSlashMiddleware:
    """Serves `/path/` as `/path`, without a redirect that would drop a POST body."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if len(path) > 1 and path.endswith("/") and not path.startswith(_KEEP_SLASH):
            request.path_info = path.rstrip("/") or "/"
            request.path = request.path.rstrip("/") or "/"
        return self.get_response(request)
