"""The gallery's pages: browse, one item, an author; and the forms that change what is shown.

Every form works without script; htmx only saves the page from being drawn again.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.owner import Owner
from accounts.owner_of import owner_of
from gallery import authors, cards, listing, showcase
from gallery.forms import Complaint, Words
from gallery.models import Item, Report
from generator import storage
from generator.models import Model, Output

MORE = 6
MAX_QUERY = 200


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """What people published, newest, trending or top first, narrowed by words and by model."""
    sort = request.GET.get("sort", "")
    sort = sort if sort in listing.SORTS else "newest"
    q = _clean(request.GET.get("q", ""))
    models = dict(Model.objects.filter(enabled=True).values_list("slug", "title"))
    model = request.GET.get("model", "")
    model = model if model in models else ""
    page = listing.SORTS[sort](
        request.GET.get("after", ""), Item.objects.matching(q=q, model=model)
    )
    kept = {"sort": sort, "q": q, "model": model}
    context = {"sorts": list(listing.SORTS), "sort": sort, "q": q, "model": model, "models": models}
    return _wall(request, "gallery/gallery.html", page, context, kept)


@require_GET
def author(request: HttpRequest, slug: str) -> HttpResponse:
    """What one person published, the newest first."""
    person = authors.find(slug)
    if person is None:
        raise Http404
    page = listing.newest(request.GET.get("after", ""), Item.objects.matching(author=person))
    context = {"author": person.public_name, "slug": slug, "mine": request.user == person}
    return _wall(request, "gallery/author.html", page, context, {})


def _clean(text: str) -> str:
    """A search as PostgreSQL can take it: bounded, without NUL."""
    return text.replace("\0", "").strip()[:MAX_QUERY]


def _wall(
    request: HttpRequest,
    template: str,
    page: listing.Page,
    context: dict[str, Any],
    kept: dict[str, str],
) -> HttpResponse:
    """A page of tiles, or for htmx just the tiles and the link to the next ones."""
    query = {name: value for name, value in kept.items() if value}
    more = urlencode({**query, "after": page.next}) if page.next else ""
    context |= {
        "cards": cards.of(page.items, request.user),
        "more": more,
        "first": not request.GET.get("after"),
    }
    # A page that htmx restores from history is asked for whole.
    part = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    return render(request, "gallery/more.html" if part else template, context)


@require_GET
def item(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """One item, large; to its author also when it is not public."""
    return _item_page(request, _seen(request, item_id))


def _item_page(
    request: HttpRequest, found: Item, words: Words | None = None, status: int = 200
) -> HttpResponse:
    others = listing.newest("", Item.objects.exclude(pk=found.pk).filter(author=found.author), MORE)
    shown, *more = cards.of([found, *others.items], request.user)
    context = {
        "card": shown,
        "more_cards": more,
        "mine": request.user == found.author,
        "public": found.output.published,
        "hidden": found.hidden_by_staff,
        "output_id": found.output_id,
        "raw_title": found.title,
        "words": words,
    }
    return render(request, "gallery/item.html", context, status=status)


def _seen(request: HttpRequest, item_id: UUID) -> Item:
    rows = Item.objects.seen_by(request.user).for_cards()
    return get_object_or_404(rows, pk=item_id)


def _own(request: HttpRequest, item_id: UUID) -> Item:
    rows = Item.objects.filter(author_id=request.user.pk, output__deleted_at=None)
    return get_object_or_404(rows.for_cards(), pk=item_id)


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest) -> HttpResponse:
    """The form that publishes one's own image, filled in; and the act itself."""
    owner = Owner(user=request.user)  # type: ignore[arg-type]
    sent = request.POST if request.method == "POST" else request.GET
    output = Output.objects.of(owner).find(sent.get("output", ""))
    if output is None:
        raise Http404
    words = Words(request.POST) if request.method == "POST" else None
    if words is None or not words.is_valid():
        return _publish_page(request, output, words)
    try:
        published = showcase.publish(owner, output, **words.cleaned_data)
    except showcase.NotPublishable as reason:
        messages.error(request, str(reason))
        return redirect("image", output.pk)
    messages.success(request, "Published. Anybody can see this picture now.")
    return redirect("gallery-item", published.pk)


def _publish_page(request: HttpRequest, output: Output, words: Words | None) -> HttpResponse:
    context = {
        "output": output,
        "image": storage.url(output),
        "thumbnail": storage.url(output, "640"),
        "words": words,
        "raw_title": showcase.title_from(output.generation.prompt),
    }
    return render(request, "gallery/publish.html", context, status=400 if words else 200)


@login_required
@require_POST
def edit(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """New words for one's own item."""
    found = _own(request, item_id)
    words = Words(request.POST)
    if not words.is_valid():
        return _item_page(request, found, words, status=400)
    showcase.change(found, **words.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("gallery-item", item_id)


@login_required
@require_POST
def withdraw(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Take one's own item out of the gallery."""
    showcase.withdraw(_own(request, item_id))
    messages.success(request, "Withdrawn. Only you can see this picture now.")
    return redirect("gallery-item", item_id)


@require_POST
def like(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Like or unlike, as the button said; htmx gets the new button, a form its page again."""
    found = get_object_or_404(Item.objects.public().for_cards(), pk=item_id)
    if not request.user.is_authenticated:
        return _sign_in(request, resolve_url("gallery-item", item_id))
    act = showcase.unlike if request.POST.get("liked") == "0" else showcase.like
    act(request.user, found)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("gallery-item", item_id)
    fresh = get_object_or_404(Item.objects.public().for_cards(), pk=item_id)
    large = request.POST.get("large") == "1"
    context = {"card": cards.one(fresh, request.user), "large": large}
    return render(request, "gallery/like.html", context)


def _sign_in(request: HttpRequest, after: str) -> HttpResponse:
    address = f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': after})}"
    htmx = request.htmx  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(address) if htmx else HttpResponseRedirect(address)


@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, item_id: UUID) -> HttpResponse:
    """Tell the staff what is wrong with an item; anybody may."""
    found = get_object_or_404(Item.objects.public().for_cards(), pk=item_id)
    complaint = Complaint(request.POST) if request.method == "POST" else None
    if complaint is None or not complaint.is_valid():
        context = {
            "card": cards.one(found),
            "reasons": Report.Reason.choices,
            "complaint": complaint,
        }
        return render(request, "gallery/report.html", context, status=400 if complaint else 200)
    owner = owner_of(request, create_visitor=True)
    if owner is not None:
        showcase.report(owner, found, **complaint.cleaned_data)
    messages.success(request, "Thank you. Our staff will look at this picture.")
    return redirect("gallery-item", item_id)
