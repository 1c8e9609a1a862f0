"""One picture, large, with all that is known of it; private unless published or shared."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from accounts.owner_of import owner_of
from generator import shelf
from generator.models import Output
from generator.pages import cards

DAY = 24 * 60 * 60
MAY_SEE_ALL = "generator.view_output"
"""The permission of staff who look at other people's pictures."""


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="generator.pages.share")


def share_path(output: Output) -> str:
    """The page's path with a token that opens it to anybody for LINK_DAYS days."""
    token = _signer().sign(output.pk.hex).split(":", 1)[1]
    return f"{reverse('image', args=[output.pk])}?t={token}"


def _is_shared(output: Output, token: str) -> bool:
    if not token:
        return False
    try:
        _signer().unsign(f"{output.pk.hex}:{token}", max_age=settings.LINK_DAYS * DAY)
    except BadSignature:
        return False
    return True


@require_safe
def image(request: HttpRequest, pk: UUID) -> HttpResponse:
    """`/images/{id}`: whole to its owner; the picture alone to others who may see it; else 404."""
    rows = Output.objects.delivered().filter(generation__deleted_at=None)
    output = rows.select_related("generation").filter(pk=pk).first()
    if output is None:
        raise Http404
    owner = owner_of(request)
    mine = owner is not None and owner.owns(output.generation)
    if not mine and not _may_see(request, output):
        raise Http404
    model = shelf.models().get(output.generation.model)
    context = {
        "picture": cards.picture(output),
        "output": output,
        "generation": output.generation,
        "model": model.title if model else output.generation.model,
        "mine": mine,
        "share": share_path(output) if mine else "",
    }
    response = render(request, "generator/image.html", context)
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _may_see(request: HttpRequest, output: Output) -> bool:
    if output.published or _is_shared(output, request.GET.get("t", "")):
        return True
    return bool(request.user.is_authenticated and request.user.has_perm(MAY_SEE_ALL))
