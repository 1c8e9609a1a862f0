"""Every run of its owner: searched, filtered, exported, deleted, and packed into one file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.owner import Owner
from accounts.owner_of import owner_of
from generator import engine, shelf
from generator.models import Generation, Output
from generator.pages import cards, exports
from generator.pages.runs import own_run

PAGE = 20
MODES = {
    "text-to-image": "Text to image",
    "image-to-image": "Image edit",
    "text-to-video": "Text to video",
    "image-to-video": "Image to video",
}
STATUSES = {
    "completed": "Done",
    "processing": "Ripening",
    "pending": "Queued",
    "failed": "Failed",
    "canceled": "Cancelled",
}
LONGEST_QUERY = 200


@dataclass(frozen=True)
class Filters:
    """What was asked: `asked` goes back into the form, `applied` to the rows."""

    asked: dict[str, str]
    applied: dict[str, Any]
    ignored: list[str]

    @property
    def query(self) -> str:
        """The filters as a query string."""
        return urlencode(self.asked)


def read_filters(request: HttpRequest, models: Mapping[str, Any]) -> Filters:
    """The filters of a query; one that makes no sense is left out and named."""
    asked: dict[str, str] = {}
    applied: dict[str, Any] = {}
    ignored: list[str] = []
    checks = {"status": _among(STATUSES), "mode": _among(MODES), "model": _among(models)}
    checks |= {"q": _words, "since": _day, "until": _day_after}
    for name, check in checks.items():
        text = request.GET.get(name, "").strip()
        if not text:
            continue
        value = check(text)
        if value is None:
            ignored.append(name)
            continue
        asked[name], applied[name] = text[:LONGEST_QUERY], value
    return Filters(asked, applied, ignored)


def _among(known: Mapping[str, Any]) -> Any:
    return lambda text: text if text in known else None


def _words(text: str) -> str | None:
    return text.replace("\0", "")[:LONGEST_QUERY] or None


def _day(text: str) -> datetime | None:
    """Midnight (UTC) of a day written 2026-11-20."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), UTC) if day and day.year > 1 else None


def _day_after(text: str) -> datetime | None:
    day = _day(text)
    return day + timedelta(days=1) if day and day.year < 9999 else None


def _rows(owner: Owner | None, filters: Filters) -> QuerySet[Generation]:
    if owner is None:
        return Generation.objects.none()
    return Generation.objects.of(owner).matching(filters.applied).with_outputs()


@cache_control(private=True)
@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """`/history`: the owner's runs, a visitor's too, the newest first, as a table or a grid."""
    owner = owner_of(request)
    models = shelf.models()
    filters = read_filters(request, models)
    rows = _page(owner, _rows(owner, filters), request.GET.get("before", ""))
    view = "grid" if request.GET.get("view") == "grid" else "table"
    kept = filters.asked | ({"view": "grid"} if view == "grid" else {})
    older = urlencode(kept | {"before": str(rows[PAGE - 1].pk)}) if len(rows) > PAGE else ""
    context = {
        "cards": cards.cards(rows[:PAGE]),
        "filters": filters,
        "statuses": STATUSES,
        "modes": MODES,
        "models": [(model.slug, model.title) for model in models.values() if model.enabled],
        "view": view,
        "kept": urlencode(kept),
        "older": older,
        "first": not request.GET.get("before"),
    }
    return render(request, "generator/history.html", context)


def _page(owner: Owner | None, rows: QuerySet[Generation], before: str) -> list[Generation]:
    """One row more than a page shows, from the own run named `before` on."""
    last = Generation.objects.of(owner).find(before) if owner and before else None
    if last is not None:
        rows = rows.before(last.created_at, last.pk)  # type: ignore[attr-defined]
    return list(rows[: PAGE + 1])


@require_safe
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Every run that the filters leave, as CSV or JSON, written while it is read."""
    if kind not in exports.KINDS:
        raise Http404
    rows = _rows(owner_of(request), read_filters(request, shelf.models()))
    return exports.response(kind, rows)


@require_POST
def zip_file(request: HttpRequest) -> HttpResponseBase:
    """The pictures of the ticked runs in one file, at most 50 of them."""
    owner = owner_of(request)
    keys = [key for key in map(_key, request.POST.getlist("run")[: exports.MAX_FILES]) if key]
    rows = Output.objects.of(owner).filter(generation__in=keys) if owner and keys else ()
    found = list(rows[: exports.MAX_FILES]) if rows else []
    if not found:
        messages.info(request, "Tick runs that have pictures, then download them.")
        return redirect("history")
    return exports.packed(found)


def _key(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks first, then deletes a run with its pictures."""
    _, generation = own_run(request, pk)
    if request.method != "POST":
        return render(request, "generator/delete.html", {"card": cards.card(generation)})
    try:
        engine.delete(generation)
    except engine.NotPossible:
        messages.error(request, "This run has not ended. Cancel it first, then delete it.")
        return redirect("history")
    messages.success(request, "Deleted, with its pictures.")
    return redirect("history")
