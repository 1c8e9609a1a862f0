"""Every error code the contracts may answer, the error itself, and its one body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

CODES: Mapping[str, tuple[int, str, str]] = {
    "invalid_request": (
        400,
        "Invalid request",
        "Send a JSON object with the fields of the documentation.",
    ),
    "invalid_json": (
        400,
        "Malformed JSON",
        "Check the body: it is not valid JSON or is no object.",
    ),
    "invalid_prompt": (400, "Invalid prompt", "Send 1 to 5,000 visible characters as text."),
    "invalid_size": (400, "Invalid size", "Use a size the model takes; GET /v1/models lists them."),
    "invalid_images": (400, "Invalid images", "Upload the images first and send the ids you get."),
    "invalid_parameter": (
        400,
        "Invalid parameter",
        "Use a value the model takes; the message names them.",
    ),
    "invalid_image": (400, "Invalid image", "Send a JPEG, PNG or WebP that opens in a viewer."),
    "unsupported_format": (400, "Unsupported format", "Send a JPEG, PNG or WebP."),
    "image_too_large": (
        400,
        "Image too large",
        "Send at most 25 megapixels and 8,192 pixels a side.",
    ),
    "unknown_model": (400, "Unknown model", "GET /v1/models lists the models."),
    "url_not_allowed": (400, "URL not allowed", "Use a public https address, or upload the file."),
    "fetch_failed": (
        400,
        "Could not fetch the URL",
        "Check that the address answers with an image of at most 10 MB.",
    ),
    "content_policy_violation": (
        400,
        "Refused by a safety rule",
        "Change the prompt; nothing was charged.",
    ),
    "email_taken": (400, "E-mail taken", "Sign in, or reset the password."),
    "idempotency_key_invalid": (
        400,
        "Invalid Idempotency-Key",
        "Send 1 to 255 printable characters.",
    ),
    "not_authenticated": (
        401,
        "Not authenticated",
        "Send an API key as Authorization: Bearer nb_…",
    ),
    "invalid_credential": (
        401,
        "Invalid credential",
        "The key or token is wrong, expired or revoked.",
    ),
    "trial_used": (401, "Trial used", "Sign up, free, to go on."),
    "invalid_login": (401, "Wrong e-mail or password", "Check both, or reset the password."),
    "mfa_required": (401, "Second factor required", "Send the current code as otp."),
    "insufficient_credits": (402, "Not enough credits", "Buy credits or change the plan."),
    "key_cap_reached": (
        402,
        "Key cap reached",
        "Raise the key's cap, or wait for the next day or month.",
    ),
    "permission_denied": (403, "Not allowed", "This credential may not do this."),
    "insufficient_scope": (403, "Missing scope", "Use a key with the scope the message names."),
    "csrf_failed": (403, "CSRF check failed", "Send the X-CSRFToken header with cookie requests."),
    "email_not_verified": (403, "E-mail not confirmed", "Open the link in the mail you got."),
    "not_found": (404, "Not found", "Check the id; it does not exist or is not yours."),
    "model_not_found": (404, "Model not found", "GET /v1/models lists the models."),
    "method_not_allowed": (405, "Method not allowed", "Use a method of the documentation."),
    "not_acceptable": (406, "Not acceptable", "Accept application/json."),
    "request_timeout": (408, "Body came too slowly", "Send the whole body without a pause."),
    "conflict": (409, "Conflict", "The state changed in between; read it and try again."),
    "not_cancelable": (409, "Already ended", "It has ended; read it with GET."),
    "price_above_max": (
        409,
        "Price above max_credits",
        "Raise max_credits to the price named, or ask for less.",
    ),
    "idempotency_in_progress": (409, "Being accepted", "Send the same request again in a second."),
    "gone": (410, "Gone", "It was deleted."),
    "payload_too_large": (413, "Too large", "Send less: 10 MB a file, 1 MB of JSON without files."),
    "unsupported_media_type": (415, "Unsupported content type", "Send application/json."),
    "idempotency_mismatch": (422, "Key used with another body", "Use a new Idempotency-Key."),
    "rate_limited": (429, "Too many requests", "Wait as Retry-After says."),
    "insufficient_quota": (429, "Not enough credits", "Buy credits or change the plan."),
    "internal_error": (500, "Something broke", "Try again; tell us the request_id if it stays."),
    "upstream_error": (
        502,
        "The provider failed",
        "Your credits are back. Try again or pick another model.",
    ),
    "model_unavailable": (503, "Model unavailable", "Pick another model or try again later."),
    "service_unavailable": (503, "Not available right now", "Try again in a few seconds."),
    "timeout": (
        504,
        "Took too long",
        "Read the generation by its id; credits are back if it failed.",
    ),
}
"""code → (status, title, what to do); the page /docs/errors prints it."""

TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "insufficient_credits",
    403: "permission_error", 404: "not_found_error", 405: "invalid_request_error",
    406: "invalid_request_error", 408: "timeout_error", 409: "conflict_error",
    410: "not_found_error", 413: "invalid_request_error", 415: "invalid_request_error",
    422: "conflict_error",
    429: "rate_limit_error", 500: "server_error", 502: "upstream_error", 503: "server_error",
    504: "timeout_error",
}  # fmt: skip
_TYPE_BY_CODE = {
    "insufficient_quota": "insufficient_credits",
    "model_unavailable": "not_configured",
}


@dataclass
class ApiError(Exception):
    """An answer with one of `CODES`. `extra` goes into the body's `error`, `beside` next to it,
    `headers` onto the reply.
    """

    code: str
    detail: str = ""
    status: int = 0
    param: str | None = None
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        status, title, _ = CODES[self.code]
        self.status = self.status or status
        self.detail = self.detail or title


def body(error: ApiError, request_id: str) -> dict[str, Any]:
    """The one error body of all contracts."""
    kind = _TYPE_BY_CODE.get(error.code) or TYPES.get(error.status, "invalid_request_error")
    inner: dict[str, Any] = {
        "message": error.detail,
        "type": kind,
        "code": error.code,
        "param": error.param,
    }
    if error.fields:
        inner["fields"] = dict(error.fields)
    return {
        "type": f"{settings.SITE_URL}/docs/errors#{error.code}",
        "title": CODES[error.code][1],
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "request_id": request_id,
        "success": False,
        "error": inner | dict(error.extra),
    } | dict(error.beside)
