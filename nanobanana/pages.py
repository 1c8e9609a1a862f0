"""The landing page, the guide to the API, the theme switch and the error pages."""

from __future__ import annotations

import sys
import uuid

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from billing.models import Plan
from gallery import cards, listing
from gallery.models import Feature, Question, Review
from generator import shelf
from nanobanana.api import errors

PROGRAMS = ("/v1/", "/v1beta/", "/api/", "/health")
"""Addresses of programs: whatever goes wrong below them is said in JSON."""
HERO, SHOWCASE, REVIEWS = 5, 8, 6
"""How many pictures stand in the head and below it, and how many reviews."""
YEAR = 365 * 24 * 60 * 60


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/`: a prompt box that works, and what the site is; parts without rows are left out."""
    items = listing.newest(size=HERO + SHOWCASE).items
    shown = cards.of(items, request.user)
    plans = list(Plan.objects.all())
    features = list(Feature.objects.filter(enabled=True))
    context = {
        "key": uuid.uuid4().hex,
        "prompt_limit": settings.PAGE_PROMPT_LIMIT,
        "styles": [style for style in shelf.styles().values() if style.enabled],
        "trial": settings.TRIAL_PER_VISITOR,
        "free_images": next((plan.monthly_images for plan in plans if plan.slug == "free"), None),
        "hero": _widest_first(shown[:HERO]) if len(shown) >= HERO else [],
        "showcase": shown[HERO:],
        "features": features,
        "uneven": len(features) % 3 == 2,
        "reviews": list(Review.objects.filter(approved=True)[:REVIEWS]),
        "plans": plans,
        "questions": list(Question.objects.filter(enabled=True)),
    }
    return render(request, "nanobanana/landing.html", context)


def _widest_first(shown: list[cards.Card]) -> list[cards.Card]:
    """The head's first place is a wide one."""
    return sorted(shown, key=lambda card: card.height / (card.width or 1))


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """`/docs`: how to call the API."""
    return render(request, "nanobanana/docs.html")


@require_safe
def docs_errors(request: HttpRequest) -> HttpResponse:
    """`/docs/errors`: every error code with what to do; the address that error bodies link to."""
    codes = [(code, *facts) for code, facts in errors.CODES.items()]
    return render(request, "nanobanana/docs_errors.html", {"codes": codes})


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keeps `theme` (light or dark) in a cookie and goes back to `next`, a page of this site."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, settings.HTTPS):
        back = "/"
    response = HttpResponseRedirect(back)
    theme = request.POST.get("theme")
    if theme in {"light", "dark"}:
        response.set_cookie("theme", theme, YEAR, secure=settings.HTTPS, samesite="Lax")
    return response


def _error(
    request: HttpRequest, status: int, code: str, detail: str = "", template: str = ""
) -> HttpResponseBase:
    """A page for people, a problem in JSON for programs."""
    if request.path.startswith(PROGRAMS):
        return errors.problem_response(request, status, code, detail)
    return render(
        request, template or f"nanobanana/{status}.html", {"detail": detail}, status=status
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """400: the request cannot be read. `exception` is not shown: it may quote the request."""
    return _error(request, 400, "invalid_request", "The request could not be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """403: not for this reader."""
    return _error(request, 403, "permission_denied", "This is not open to you.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """403 for a form whose token is missing or old."""
    return _error(
        request, 403, "csrf_failed", "The form's token is missing or old.", "nanobanana/csrf.html"
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """404: nothing here, or nothing that this reader may know of."""
    return _error(request, 404, "not_found", "There is nothing at this address.")


def broken(request: HttpRequest) -> HttpResponseBase:
    """500, or 503 where the database does not answer: without database, session or processors."""
    down = isinstance(sys.exc_info()[1], OperationalError)
    status, code = (503, "service_unavailable") if down else (500, "internal_error")
    if request.path.startswith(PROGRAMS):
        response = _error(request, status, code)
    else:
        words = {"reference": request.META.get("nanobanana.request_id", "")}
        template = loader.get_template(f"nanobanana/{status}.html")
        response = HttpResponse(template.render(words), status=status)
    if down:
        response["Retry-After"] = "5"
    return response
