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
from nanobanana.api.codes import CODES, ApiError, body

log = logging.getLogger(__name__)

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
