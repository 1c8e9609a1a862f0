"""Whether we are well: `/health` without touching anything, `/health/ready` asking every part."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps

from celery import current_app
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from generator import files
from generator.models import Output
from nanobanana.api.errors import ApiError, problem

_LATE_SECONDS = 60
View = Callable[[HttpRequest], HttpResponse]


def _read_only(view: View) -> View:
    """The view for GET and HEAD; 405 in our error body for other methods."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request)
        return problem(request, ApiError("method_not_allowed", headers={"Allow": "GET, HEAD"}))

    return csrf_exempt(checked)


@_read_only
def health(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "healthy"})


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _queue() -> None:
    if settings.REDIS_URL:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=2)


def _storage() -> None:
    key = f"health/{secrets.token_hex(8)}"
    files.save(key, b"ok")
    files.delete(key)


def _workers() -> None:
    """Workers are there as long as no step is much overdue."""
    late = timezone.now() - timedelta(seconds=_LATE_SECONDS)
    overdue = Output.objects.filter(state__in=Output.LIVE, due_at__lt=late, lease_until=None)
    if overdue.exists():
        raise RuntimeError("steps are overdue")


CHECKS: Mapping[str, Callable[[], None]] = {
    "database": _database,
    "queue": _queue,
    "storage": _storage,
    "workers": _workers,
}


@_read_only
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when every part works; 503 names those that do not, and nothing else about them."""
    down = []
    for name, check in CHECKS.items():
        try:
            check()
        except Exception:  # noqa: BLE001 (whatever is wrong with a part, the answer is that it is down)
            down.append(name)
    if not down:
        return JsonResponse({"status": "ready"})
    reply = JsonResponse({"status": "unavailable", "down": down}, status=503)
    reply["Retry-After"] = "5"
    return reply


urlpatterns = [
    path("health", health, name="health"),
    path("health/ready", ready, name="health-ready"),
]
