"""`POST /callbacks/{provider}/{secret}`: a provider says that something happened to an order.

What it says is not believed: the order is asked for again, in the engine, before anything changes.
"""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.http.request import UnreadablePostError
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from generator import engine, upstreams
from generator.models import Attempt
from generator.providers.base import upstream_id
from nanobanana.api.errors import ApiError, problem

LIMIT = 1024 * 1024
THANKS = {"code": 200, "msg": "success"}


@csrf_exempt
def receive(request: HttpRequest, provider: str, secret: str) -> HttpResponse:
    """200 for an authentic callback, however late or often it comes; 404 for anything else."""
    if request.method != "POST":
        return problem(request, ApiError("method_not_allowed", headers={"Allow": "POST"}))
    if int(request.META.get("CONTENT_LENGTH") or 0) > LIMIT:
        return problem(request, ApiError("payload_too_large"))
    attempt = _attempt(provider, secret)
    if attempt is None or not _is_authentic(attempt, request):
        return problem(request, ApiError("not_found"))
    engine.called_back(attempt)
    return JsonResponse(THANKS)


def _attempt(provider: str, secret: str) -> Attempt | None:
    """The order that this secret was made for."""
    digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
    return Attempt.objects.filter(provider=provider, callback_digest=digest).first()


def _is_authentic(attempt: Attempt, request: HttpRequest) -> bool:
    """Whether the provider itself says this, of this very order."""
    provider = upstreams.active().get(attempt.provider)
    if provider is None or not provider.can_callback:
        return False
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        named = provider.callback(headers, request.body)
    except (ValueError, RecursionError, UnreadablePostError, RawPostDataException):
        return False
    # The create's answer may not have been noted yet: then the secret alone has to do.
    return not attempt.remote_id or named == upstream_id(attempt.remote_id)


urlpatterns = [
    path("callbacks/<str:provider>/<str:secret>", receive, name="callback"),
]
