"""The errors the front answers itself, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass

from nanobanana.front.vocabulary import Headers, Scope

_SANE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,100}")


@dataclass
class Problem(Exception):
    """A refusal: HTTP status, stable code, what to tell the client, seconds until a retry."""

    status: int
    code: str
    kind: str
    detail: str
    retry_after: int | None = None
    close: bool = False


def too_large(limit: int) -> Problem:
    """413 for a body above `limit` bytes; the rest of it is not read, so the connection closes."""
    detail = f"The request body is larger than {limit // (1024 * 1024)} MB"
    return Problem(413, "payload_too_large", "invalid_request_error", detail, close=True)


def too_slow() -> Problem:
    """408 for a body that stalls or takes too long altogether."""
    detail = "The request body did not arrive in time"
    return Problem(408, "request_timeout", "timeout_error", detail, close=True)


def busy() -> Problem:
    """503 when more requests wait for a thread than may."""
    detail = "The server is busy, please try again shortly"
    return Problem(503, "service_unavailable", "server_error", detail, retry_after=1)


def broken() -> Problem:
    """500 for anything the application let through."""
    return Problem(500, "internal_error", "server_error", "Something went wrong on our side")


def missing() -> Problem:
    """404 for a file whose row is there and whose bytes are not."""
    return Problem(404, "not_found", "not_found_error", "Not found")


def request_id(scope: Scope) -> bytes:
    """The client's own X-Request-Id when it is a sane one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_ID.fullmatch(value):
            return bytes(value)
    return b"req_" + secrets.token_hex(12).encode()


def rendered(problem: Problem, scope: Scope, site_url: str) -> tuple[Headers, bytes]:
    """Headers and body of the error answer, with every field any client reads."""
    identity = request_id(scope)
    body = json.dumps(
        {
            "type": f"{site_url}/docs/errors#{problem.code}",
            "title": problem.code.replace("_", " ").capitalize(),
            "status": problem.status,
            "detail": problem.detail,
            "code": problem.code,
            "request_id": identity.decode(),
            "success": False,
            "error": {
                "message": problem.detail,
                "type": problem.kind,
                "code": problem.code,
                "param": None,
            },
        }
    ).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", identity),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if problem.retry_after is not None:
        headers.append((b"retry-after", str(problem.retry_after).encode()))
    if problem.close:
        headers.append((b"connection", b"close"))
    return headers, body
