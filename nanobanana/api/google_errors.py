"""Errors as Google's APIs write them (google.rpc.Status in JSON): group F's envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from nanobanana.api.codes import ApiError

_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    405: "UNIMPLEMENTED", 406: "INVALID_ARGUMENT", 409: "ABORTED", 410: "NOT_FOUND",
    413: "INVALID_ARGUMENT", 415: "INVALID_ARGUMENT", 422: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_TYPE = "type.googleapis.com/google.rpc."


def envelope(error: ApiError, request_id: str) -> dict[str, Any]:
    """`{"error": {code, message, status, details}}` and nothing beside it but the request's id.

    The reason in `details` is our own code in capitals; what belongs to it stands in `metadata`.
    """
    return {
        "error": {
            "code": error.status,
            "message": error.detail,
            "status": _STATUSES.get(error.status, "UNKNOWN"),
            "details": _details(error),
        },
        "request_id": request_id,
    }


def _details(error: ApiError) -> list[dict[str, Any]]:
    metadata = {name: str(value) for name, value in error.extra.items()}
    if error.param:
        metadata["param"] = error.param
    found: list[dict[str, Any]] = [
        {
            "@type": f"{_TYPE}ErrorInfo",
            "reason": error.code.upper(),
            "domain": urlsplit(settings.SITE_URL).hostname or "",
            "metadata": metadata,
        }
    ]
    if error.fields:
        found.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": _violations(error)})
    if error.headers.get("Retry-After"):
        delay = f"{error.headers['Retry-After']}s"
        found.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": delay})
    return found


def _violations(error: ApiError) -> list[dict[str, str]]:
    return [
        {"field": name, "description": message}
        for name, messages in error.fields.items()
        for message in messages
    ]
