"""The create page: the form, what runs now, and the last pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from accounts.owner import Owner
from accounts.owner_of import address_group, owner_of
from generator import catalogue, limits, pricing
from generator.models import Generation, Output
from generator.models.querysets import read_id
from generator.pages import cards, composer, submission
from generator.pages.composer import Composer
from generator.pages.submission import Refusal
from generator.validation import Invalid

PAGE = 6
LAST_PAGE = 50
SHOWN = 8
"""Cards at most, and for how long the last ended one stays."""
FRESH = timedelta(hours=1)


@cache_control(private=True)
@require_http_methods(["GET", "HEAD", "POST"])
def generator(request: HttpRequest) -> HttpResponse:
    """`/generator`: the form; a posted one starts a generation and comes back with its card."""
    if request.method == "POST":
        return _generate(request)
    owner = owner_of(request)
    return _page(request, owner, _prefilled(request, owner))


def _generate(request: HttpRequest) -> HttpResponse:
    owner = owner_of(request, create_visitor=True)
    assert owner is not None  # noqa: S101 (create_visitor makes one)
    form = submission.read(request, owner)
    try:
        generation = submission.submit(request, owner, form)
    except submission.REFUSALS as error:
        return _page(request, owner, form, submission.refusal(error, form))
    return HttpResponseRedirect(f"{reverse('generator')}?run={generation.pk}")


def _prefilled(request: HttpRequest, owner: Owner | None) -> Composer:
    """The form filled from an own `run`, an own picture or upload, and named fields."""
    form = Composer(composer.typed(request.GET))
    if owner is None:
        return form
    run = Generation.objects.of(owner).find(request.GET.get("run", ""))
    if run is not None:
        form.values = composer.from_generation(run) | form.values
        form.uploads = submission.own_uploads(owner, run.uploads)
    if request.GET.get("image"):
        form.outputs = submission.own_outputs(owner, request.GET.getlist("image"))
    if request.GET.get("upload"):
        form.uploads = submission.own_uploads(owner, request.GET.getlist("upload"))
    if form.references:
        form.values.setdefault("mode", "image")
    return form


def _page(
    request: HttpRequest, owner: Owner | None, form: Composer, refused: Refusal | None = None
) -> HttpResponse:
    context = composer.context(form) | _results(request, owner) | _price(request, owner, form)
    context["refused"] = refused
    response = render(
        request, "generator/create.html", context, status=refused.status if refused else 200
    )
    if refused and refused.wait:
        response["Retry-After"] = str(refused.wait)
    return response


def _results(request: HttpRequest, owner: Owner | None) -> dict[str, Any]:
    """The cards that matter now, and a page of the last pictures."""
    if owner is None:
        return {"cards": [], "recent": [], "page": 1}
    shown = _shown(owner, request.GET.get("run", ""))
    page = _number(request.GET.get("page", ""))
    rows = Output.objects.of(owner).order_by("-generation__created_at", "index")
    found = list(rows[(page - 1) * PAGE : page * PAGE + 1])
    return {
        "cards": cards.cards(shown),
        "recent": [cards.picture(output) for output in found[:PAGE]],
        "page": page,
        "older": page + 1 if len(found) > PAGE and page < LAST_PAGE else None,
    }


def _shown(owner: Owner, run: str) -> list[Generation]:
    """What deserves a card: all that runs, the last one for an hour, and the one asked for."""
    own = Generation.objects.of(owner).with_outputs()
    newest = list(own[:SHOWN])
    since = timezone.now() - FRESH
    asked = read_id(run)
    shown = [
        row
        for place, row in enumerate(newest)
        if not row.is_ended or row.pk == asked or (place == 0 and row.created_at > since)
    ]
    if asked and all(row.pk != asked for row in newest):
        shown += own.filter(pk=asked)
    return shown


def _number(text: str) -> int:
    return (
        min(max(int(text), 1), LAST_PAGE)
        if text.isascii() and text.isdigit() and len(text) < 4
        else 1
    )


@dataclass(frozen=True)
class Price:
    """What the form would cost as it stands."""

    each: int
    n: int
    total: int


def _price(request: HttpRequest, owner: Owner | None, form: Composer) -> dict[str, Any]:
    """The price of the form for somebody with a wallet; for a visitor the tries that are left."""
    if not request.user.is_authenticated:
        visitor = owner.visitor if owner else None
        return {"price": None, "trial_left": limits.trial_left(visitor, address_group(request))}
    return {"price": _quote(form)}


def _quote(form: Composer) -> Price | None:
    """Credits of the form's settings, whatever its prompt; None while they make no sense."""
    try:
        name = form.values.get("video_model" if form.mode == "video" else "model")
        model = catalogue.find(name or catalogue.DEFAULT_MODEL)
        data = composer.order(form, model)
    except Invalid:
        return None
    chosen = {name: value for name, value in data.items() if value not in (None, "")}
    each = pricing.amount(model.prices, catalogue.defaults(model) | chosen)
    return Price(each, data["n"], each * data["n"])


@require_POST
def quote(request: HttpRequest) -> HttpResponse:
    """The server's own price of the form, as the line above the button shows it."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    form = Composer(composer.typed(request.POST))
    return render(request, "generator/quote.html", {"price": _quote(form), "form": form})
