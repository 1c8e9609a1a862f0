"""Files by their addresses: signed links, published pictures, and the owner's own by id.

The row is checked at each read: deleting and withdrawing work on the next request.
"""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from accounts.owner_of import owner_of
from accounts.permissions import require
from gallery.models import Item
from generator import files, storage
from generator.file_response import file_response
from generator.images import THUMBNAIL_WIDTHS
from generator.models import Output, StoredBytes, Upload
from generator.models.querysets import read_id
from nanobanana.api.base import ApiView
from nanobanana.api.errors import problem, translate

PRIVATE = "private, no-cache"
PUBLIC = "public, max-age=300"
_VARIANTS = {"", *map(str, THUMBNAIL_WIDTHS)}


def _row(pk: UUID) -> Output | Upload | None:
    """The output or upload of this id, if its file is still there to be read."""
    rows = Output.objects.delivered().select_related("generation__user")
    output = rows.filter(pk=pk).first()
    if output is not None:
        return output if output.generation.deleted_at is None else None
    return Upload.objects.filter(pk=pk, deleted_at=None).first()


def _send(
    request: HttpRequest | Request,
    row: Output | Upload,
    variant: str,
    cache: str,
    *,
    embeddable: bool,
) -> HttpResponseBase:
    """The file, or one of its thumbnails; `?download` makes the browser save it."""
    plain = request._request if isinstance(request, Request) else request
    content_type = "image/webp" if variant else row.content_type
    extension = "webp" if variant else row.file_key.rsplit(".", 1)[-1]
    words = row.generation.prompt if isinstance(row, Output) else "reference"
    if cache == PUBLIC:
        # The prompt is told only where the author shows it; the title stands for it.
        words = Item.objects.filter(output=row.pk).values_list("title", flat=True).first() or ""
    try:
        return file_response(
            plain,
            storage.variant_key(row.file_key, variant),
            content_type,
            etag=f"{row.sha256[:32]}{variant}",
            cache_control=cache,
            download_name=files.download_name(words, extension),
            attachment="download" in request.GET,
            embeddable=embeddable,
        )
    except Http404:
        return _kept(row, cache)
    except files.StoreDown as error:
        try:
            return _kept(row, cache)
        except Http404:
            return _away(plain, error)


def _kept(row: Output | Upload, cache: str) -> HttpResponseBase:
    """A file that waits in the database for its store to come back."""
    kept = StoredBytes.objects.filter(output=row.pk).first()
    if kept is None:
        raise Http404
    response = HttpResponse(bytes(kept.data), content_type=row.content_type)
    response["Cache-Control"] = cache
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _away(request: HttpRequest, error: files.StoreDown) -> HttpResponse:
    """503: it exists, and cannot be read just now."""
    return problem(request, translate(error))


def _is_public(row: Output | Upload | None) -> bool:
    """Whether anybody may read it now: published, by somebody who is not banned."""
    if not isinstance(row, Output) or not row.published:
        return False
    return row.generation.user is None or row.generation.user.is_active


def signed(request: HttpRequest, pk: UUID, variant: str = "") -> HttpResponseBase:
    """`/f/{id}`: whoever holds the link may read, until it is seven days old or the row is gone."""
    if request.method not in {"GET", "HEAD"} or variant not in _VARIANTS:
        raise Http404
    if not files.verify_token(request.GET.get("t", ""), str(pk), variant):
        raise Http404
    row = _row(pk)
    if row is None:
        raise Http404
    return _send(request, row, variant, PRIVATE, embeddable=True)


def published(request: HttpRequest, pk: UUID, variant: str = "") -> HttpResponseBase:
    """`/p/{id}`: a published picture's permanent address, until it is taken down."""
    row = _row(pk) if request.method in {"GET", "HEAD"} else None
    if variant not in _VARIANTS or row is None or not _is_public(row):
        raise Http404
    return _send(request, row, variant, PUBLIC, embeddable=True)


class File(ApiView):
    """A file by the id of its image or upload."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="get_file", responses={200: OpenApiResponse(OpenApiTypes.BINARY)})
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """The owner's own file, or a published one."""
        require(request, "read")
        pk = read_id(file_id)
        row = _row(pk) if pk else None
        if row is None:
            raise Http404
        if _is_public(row):
            return _send(request, row, "", PUBLIC, embeddable=True)
        owner = owner_of(request)
        if owner is None or not owner.owns(row.generation if isinstance(row, Output) else row):
            raise Http404
        return _send(request, row, "", PRIVATE, embeddable=False)


urlpatterns = [
    path("f/<uuid:pk>", signed, name="file-signed"),
    path("f/<uuid:pk>/<str:variant>", signed, name="thumbnail-signed"),
    path("p/<uuid:pk>", published, name="file-public"),
    path("p/<uuid:pk>/<str:variant>", published, name="thumbnail-public"),
    path("v1/files/<str:file_id>", File.as_view(), name="v1-file"),
]
