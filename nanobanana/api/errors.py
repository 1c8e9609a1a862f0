"""Every error the contracts may answer: codes, statuses, the one body, what becomes which.

The body is RFC 9457's problem details, with the fields that OpenAI-style and older clients read
beside it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions as drf
from rest_framework.response import Response

from billing.ledger import InsufficientCredits
from generator.catalogue import ModelUnavailable, PriceAboveMax
from generator.engine import NotPossible
from generator.files import StoreDown
from generator.guard import FetchFailed, FetchRefused
from generator.idempotency import Mismatch
from generator.images import BadImage, TooLarge
from generator.limits import KeyCapReached, RateLimited, TrialUsed
from generator.validation import Invalid
from nanobanana.api import google_errors

log = logging.getLogger(__name__)

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


_FINAL = {"price_above_max", "conflict"}
"""Stock clients send a 409 again by themselves: it would be refused again, or paid for anew."""


@dataclass(frozen=True)
class Group:
    """How the routes below `paths` say errors where the others say it differently.

    `header`: the group counts only for requests that have it.
    `quota`: missing credits are 429, not 402, and stock clients are told not to try again.
    `broken`: the status of a provider's failure. `words`: what a code says here, around its detail.
    """

    paths: re.Pattern[str]
    header: str = ""
    quota: bool = False
    broken: int = 502
    words: Mapping[str, str] = field(default_factory=dict)
    media: str = "application/problem+json"
    envelope: Callable[[ApiError, str], dict[str, Any]] = body

    def has(self, request: HttpRequest) -> bool:
        """Whether the request belongs here."""
        named = not self.header or self.header in request.headers
        return named and self.paths.match(request.path) is not None

    def adapted(self, error: ApiError) -> ApiError:
        """The error with this group's status."""
        headers = dict(error.headers)
        if self.quota and (error.status == 402 or error.code in _FINAL):
            headers["x-should-retry"] = "false"
        if not (self.quota and error.status == 402):
            status = self.broken if error.status == 502 else error.status
            detail = self.words.get(error.code, "{}").format(error.detail)
            return replace(error, status=status, detail=detail, headers=headers)
        return ApiError("insufficient_quota", error.detail, extra=error.extra, headers=headers)


_ELSEWHERE = Group(re.compile(""))
_GOOGLE = Group(
    re.compile(r"/v1beta/|/v1/models/[^/]+:"),
    quota=True,
    media="application/json",
    envelope=google_errors.envelope,
)
GROUPS = (
    _GOOGLE,  # F
    replace(_GOOGLE, paths=re.compile("/v1/models"), header="x-goog-api-key"),  # F
    Group(re.compile(r"/v1/(images/|models)"), quota=True, media="application/json"),  # E
    Group(re.compile(r"/v1/"), quota=True),  # A
    Group(
        re.compile(r"/api/v1/"),  # B
        broken=500,
        words={
            "not_authenticated": "Authorization header required",
            "invalid_credential": "Invalid or expired token",
            "upstream_error": "Image generation failed: {}",
        },
    ),
)
"""The one table of what differs by group; the first whose path begins so counts."""


def group_of(request: HttpRequest) -> Group:
    """The group that a request belongs to."""
    return next((group for group in GROUPS if group.has(request)), _ELSEWHERE)


def problem(request: HttpRequest, error: ApiError) -> HttpResponse:
    """The error as a plain Django reply: for handlers outside DRF."""
    group = group_of(request)
    error = group.adapted(error)
    content = group.envelope(error, request.META.get("nanobanana.request_id", ""))
    response = JsonResponse(content, status=error.status, content_type=group.media)
    for name, value in error.headers.items():
        response[name] = value
    if error.status < 500:
        vars(response)["_has_been_logged"] = True  # the line of all requests to the API will do
    return response


def problem_response(
    request: HttpRequest, status: int, code: str, detail: str = ""
) -> HttpResponse:
    """The error body for a code and status; what Django's own handlers answer on API paths."""
    return problem(request, ApiError(code, detail, status=status))


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler: everything a view may raise, as the one body."""
    request = context["request"]
    group = group_of(request)
    answer = group.adapted(translate(error))
    if answer.status >= 500 and answer.code in {"internal_error", "service_unavailable"}:
        log.error("a request broke", exc_info=error)
    content = group.envelope(answer, request.META.get("nanobanana.request_id", ""))
    response = Response(content, status=answer.status, content_type=group.media)
    for name, value in answer.headers.items():
        response[name] = value
    if answer.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    # The log has it: once here with its reason, or as one line of all requests to the API.
    vars(response)["_has_been_logged"] = True
    return response


def translate(error: Exception) -> ApiError:
    """The answer to any exception; unknown ones are a 500 that tells nothing."""
    if isinstance(error, ApiError):
        return error
    for kind, translator in _TRANSLATORS:
        if isinstance(error, kind):
            return translator(error)
    return ApiError("internal_error")


def _invalid(error: Invalid) -> ApiError:
    code = error.code if error.code in CODES else "invalid_parameter"
    return ApiError(code, error.detail, param=error.param, fields=error.fields)


def _credits(error: InsufficientCredits) -> ApiError:
    detail = f"You need {error.required} credits and have {error.balance}."
    return ApiError(
        "insufficient_credits", detail, extra={"required": error.required, "balance": error.balance}
    )


def _key_cap(error: KeyCapReached) -> ApiError:
    facts = {"required": error.required, "used": error.used, "cap": error.cap}
    return ApiError("key_cap_reached", str(error), extra=facts | {"period": error.period})


def rate_headers(rate: Any) -> dict[str, str]:
    """The RateLimit headers of a moving hour."""
    if rate is None:
        return {}
    return {
        "RateLimit-Policy": f'"hour";q={rate.limit};w=3600',
        "RateLimit": f'"hour";r={rate.remaining};t={rate.reset}',
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(rate.remaining),
        "X-RateLimit-Reset": str(rate.reset),
    }


def _limited(error: RateLimited) -> ApiError:
    headers = {"Retry-After": str(error.retry_after)} | rate_headers(error.rate)
    return ApiError("rate_limited", str(error), headers=headers)


def _validation(error: drf.ValidationError) -> ApiError:
    detail = error.detail
    if not isinstance(detail, dict):
        return ApiError("invalid_request", str(detail[0]) if detail else "")
    fields = {name: [str(one) for one in _flat(messages)] for name, messages in detail.items()}
    first = next(iter(fields))
    code = "email_taken" if "email_taken" in str(error.get_codes()) else "invalid_parameter"
    return ApiError(code, fields[first][0], param=first, fields=fields)


def _flat(messages: Any) -> list[Any]:
    if isinstance(messages, dict):
        return [one for inner in messages.values() for one in _flat(inner)]
    return list(messages) if isinstance(messages, list) else [messages]


def _credential(error: drf.APIException) -> ApiError:
    codes = str(error.get_codes())
    code = codes if codes in CODES else "invalid_credential"
    return ApiError(
        code,
        str(error.detail) if code != "invalid_credential" else "",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _denied(error: Exception) -> ApiError:
    codes = str(error.get_codes()) if isinstance(error, drf.PermissionDenied) else ""
    detail = str(getattr(error, "detail", ""))
    if "CSRF" in detail:
        return ApiError("csrf_failed")
    return ApiError(
        codes if codes in CODES else "permission_denied", detail if codes in CODES else ""
    )


def _throttled(error: drf.Throttled) -> ApiError:
    seconds = str(int(getattr(error, "wait", None) or 1))
    return ApiError(
        "rate_limited",
        f"Too many requests. Try again in {seconds} s.",
        headers={"Retry-After": seconds},
    )


Translator = Callable[[Any], ApiError]
_TRANSLATORS: tuple[tuple[type[Exception], Translator], ...] = (
    (Invalid, _invalid),
    (InsufficientCredits, _credits),
    (
        PriceAboveMax,
        lambda e: ApiError(
            "price_above_max", str(e), param="max_credits", extra={"required": e.price}
        ),
    ),
    (RateLimited, _limited),
    (KeyCapReached, _key_cap),
    (TrialUsed, lambda e: ApiError("trial_used", str(e))),
    (ModelUnavailable, lambda e: ApiError("model_unavailable", str(e), param="model")),
    (NotPossible, lambda e: ApiError("not_cancelable", str(e))),
    (Mismatch, lambda e: ApiError("idempotency_mismatch", str(e))),
    (TooLarge, lambda e: ApiError("payload_too_large", e.message)),
    (BadImage, lambda e: ApiError("invalid_image", e.message)),
    (FetchRefused, lambda e: ApiError("url_not_allowed", e.message)),
    (FetchFailed, lambda e: ApiError("fetch_failed", e.message)),
    (StoreDown, lambda _: ApiError("service_unavailable", headers={"Retry-After": "5"})),
    (DatabaseError, lambda _: ApiError("service_unavailable", headers={"Retry-After": "5"})),
    (RequestDataTooBig, lambda _: ApiError("payload_too_large")),
    (SuspiciousOperation, lambda _: ApiError("invalid_request", "The body has too many parts.")),
    (drf.ValidationError, _validation),
    (RecursionError, lambda _: ApiError("invalid_json", "The JSON is nested too deeply.")),
    (drf.ParseError, lambda e: ApiError("invalid_json", str(e.detail))),
    (
        drf.NotAuthenticated,
        lambda _: ApiError("not_authenticated", headers={"WWW-Authenticate": "Bearer"}),
    ),
    (drf.AuthenticationFailed, _credential),
    (drf.PermissionDenied, _denied),
    (PermissionDenied, _denied),
    (drf.NotFound, lambda _: ApiError("not_found")),
    (Http404, lambda _: ApiError("not_found")),
    (drf.MethodNotAllowed, lambda e: ApiError("method_not_allowed", str(e.detail))),
    (drf.NotAcceptable, lambda _: ApiError("not_acceptable")),
    (drf.UnsupportedMediaType, lambda e: ApiError("unsupported_media_type", str(e.detail))),
    (drf.Throttled, _throttled),
)
