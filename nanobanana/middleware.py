"""What every request gets: an id, paths with and without a slash alike, what programs need."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

_SANE = re.compile(r"^[A-Za-z0-9._:-]{1,100}$")
log = logging.getLogger(__name__)
PROGRAMS = ("/v1/", "/v1beta/", "/api/", "/callbacks/", "/health")
"""Paths of programs: each request to them is logged once."""
TOKENS = ("/v1/", "/v1beta/", "/api/")
"""Paths that take a token, which a script on any site may call."""
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


class ProgramsMiddleware:
    """The API's paths: open to scripts of any origin, never kept by a cache, logged once each.

    Cookies stay at home: the answer allows every origin but no credentials, so a browser neither
    sends ours nor shows what came back to a script that asks with them (WHATWG Fetch, 3.2).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PROGRAMS):
            return self.get_response(request)
        started = time.monotonic()
        response = _preflight(request) or self.get_response(request)
        if request.path.startswith(TOKENS):
            _open_to_all(response)
        if "X-NB-Wait" not in response:  # a held request is logged with its answer
            took = int((time.monotonic() - started) * 1000)
            log.info("api", extra=_facts(request) | {"status": response.status_code, "ms": took})
        return response


def _preflight(request: HttpRequest) -> HttpResponse | None:
    """The answer to a browser that asks first whether a script may send this."""
    asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not asked or not request.path.startswith(TOKENS):
        return None
    response = HttpResponse(status=204)
    response["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    response["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
    response["Access-Control-Max-Age"] = "86400"
    return response


_ALLOWED_HEADERS = ", ".join(
    (
        "Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer", "Range",
        "X-API-Key", "X-Goog-Api-Key", "X-Goog-Api-Client", "X-Request-Id", "OpenAI-Organization",
        "OpenAI-Project", "OpenAI-Beta", "User-Agent", "X-Stainless-Arch",
        "X-Stainless-Async", "X-Stainless-Custom-Poll-Interval", "X-Stainless-Helper-Method",
        "X-Stainless-Lang", "X-Stainless-OS", "X-Stainless-Package-Version",
        "X-Stainless-Poll-Helper", "X-Stainless-Retry-Count", "X-Stainless-Runtime",
        "X-Stainless-Runtime-Version", "X-Stainless-Timeout",
    )
)  # fmt: skip
"""What our contracts read, and what stock clients in browsers send beside it."""
_SHOWN_HEADERS = ", ".join(
    (
        "Content-Disposition", "Idempotency-Replayed", "Location", "RateLimit", "RateLimit-Policy",
        "Retry-After", "X-Credits-Remaining", "X-Credits-Used", "X-RateLimit-Limit",
        "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id", "X-Should-Retry",
        "X-Warnings",
    )
)  # fmt: skip


def _open_to_all(response: HttpResponse) -> None:
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = _SHOWN_HEADERS
    response.setdefault("Cache-Control", "no-store")


def _facts(request: HttpRequest) -> dict[str, object]:
    """What the log keeps of a request: no query, and of a callback's path not its secret."""
    path = request.path
    if path.startswith("/callbacks/"):
        path = "/".join(path.split("/")[:3])
    method = "POST" if "nanobanana.internal" in request.META else request.method
    return {"method": method, "path": path[:200]}
