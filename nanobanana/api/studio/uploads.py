"""Contract C's files: reference images that come in, any file of one's own that goes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import throttle
from accounts.owner import Owner
from accounts.owner_of import owner_of
from accounts.permissions import Scope, require
from generator import storage
from generator.models import Output, Upload
from generator.models.querysets import read_id
from generator.presentation import moment
from generator.validation import Invalid
from nanobanana.api import files, incoming, inputs
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.parsing import JSON_WITH_FILES, FormParser

_ENVELOPE = 1024 * 1024
"""Bytes of a form beside its one file."""
_BODY = {
    "application/json": {
        "type": "object",
        "required": ["image"],
        "properties": {"image": {"type": "string", "description": "A data URL or https address"}},
    },
    "multipart/form-data": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    },
}


def limited(request: Request, action: str) -> None:
    """Count one more `action` of the settings' limits. Raises Throttled."""
    try:
        throttle.count(request._request, action)
    except throttle.TooMany as error:
        raise Throttled(error.wait) from error


class Uploads(ApiView):
    """Reference images that come in."""

    permission_classes = (Scope("generate", anonymous=True),)
    parser_classes = (*ApiView.parser_classes, FormParser)  # type: ignore[assignment]
    body_limit = JSON_WITH_FILES
    form_limit = settings.MAX_FILE_SIZE + _ENVELOPE

    @extend_schema(operation_id="app_upload", request=_BODY, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """Keep an image: a form's `file`, or `image` as data URL or https address."""
        fields: Any = request.data  # a form's or an object's: both give one value by its name
        given = fields.get("file") or fields.get("image")
        if not given:
            wanted = "Send file in a multipart form, or image as a data URL or https address."
            raise Invalid({"image": [wanted]}, "invalid_image")
        if not request.user.is_authenticated:
            limited(request, "visitor_upload")
        return Response(_shown(_kept(self.somebody(), given)), status=201)


def _kept(owner: Owner, given: Any) -> Upload:
    if isinstance(given, UploadedFile):
        [data] = incoming.read([given], "file")
        return storage.save_upload(owner, data)
    return inputs.upload_of(owner, given, "image")


def _shown(upload: Upload) -> dict[str, Any]:
    return {
        "id": str(upload.pk),
        "url": absolute(storage.url(upload)),
        "thumbnail": absolute(storage.url(upload, "320")),
        "width": upload.width,
        "height": upload.height,
        "contentType": upload.content_type,
        "size": upload.size,
        "createdAt": moment(upload.created_at),
    }


class AppFile(files.File):
    """A file by the id of its image or upload."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="get_app_file", responses={200: OpenApiResponse(OpenApiTypes.BINARY)}
    )
    def get(self, request: Request, file_id: str) -> HttpResponseBase:
        """The owner's own file, or a published one."""
        return super().get(request, file_id)

    @extend_schema(operation_id="delete_app_file", responses={204: None})
    def delete(self, request: Request, file_id: str) -> Response:
        """Delete one's own image or upload; it leaves the gallery with that."""
        require(request, "generate")
        owner, pk = owner_of(request), read_id(file_id)
        if owner is None or pk is None:
            raise Http404
        row: Output | Upload | None = Output.objects.of(owner).filter(pk=pk).first()
        row = row or Upload.objects.filter(pk=pk, deleted_at=None, **owner.columns).first()
        if row is None:
            raise Http404
        storage.discard(row)
        return Response(status=204)
