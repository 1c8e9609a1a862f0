"""One run on the create page: its live card, cancelling it, and running it once more."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.owner import Owner
from accounts.owner_of import owner_of
from generator import engine, idempotency
from generator.models import Generation
from generator.pages import cards, submission
from generator.pages.composer import Composer


def own_run(request: HttpRequest, pk: UUID) -> tuple[Owner, Generation]:
    """The reader and their generation. Raises Http404 for a foreign one as for none."""
    owner = owner_of(request)
    if owner is None:
        raise Http404
    found = Generation.objects.of(owner).with_outputs().filter(pk=pk).first()
    if found is None:
        raise Http404
    return owner, found


@never_cache
@require_safe
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The card alone, for a page that looks again; to a plain browser the create page."""
    _, generation = own_run(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return HttpResponseRedirect(f"{reverse('generator')}?run={pk}")
    return render(request, "generator/live.html", {"card": cards.card(generation)})


@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stops it if that can still be done, and says what became of the credits."""
    _, generation = own_run(request, pk)
    try:
        if engine.cancel(generation):
            back = f" Your {generation.price} credits are back." if generation.price else ""
            messages.success(request, f"Cancelled.{back}")
        else:
            messages.info(
                request, "Asked to stop. The credits come back when the provider confirms it."
            )
    except engine.NotPossible:
        messages.info(request, "It had ended already, so there was nothing to cancel.")
    return redirect("generator")


@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same order once more; with `vary` the seed is left out."""
    owner, generation = own_run(request, pk)
    body, key = submission.once(request, request.POST.get("key", ""))
    try:
        draft = submission.again(owner, generation, vary="vary" in request.POST)
        started = engine.submit(owner, draft, key=key, body=body)
    except idempotency.Repeat as repeat:
        started = repeat.record.generation
    except submission.REFUSALS as error:
        refused = submission.refusal(error, Composer())
        messages.error(request, f"{refused.title}. {refused.text or error}")
        return HttpResponseRedirect(f"{reverse('generator')}?run={pk}")
    return HttpResponseRedirect(f"{reverse('generator')}?run={started.pk}")
