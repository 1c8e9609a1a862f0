"""Large files in pieces that survive a broken connection: tus 1.0 (https://tus.io/protocols).

Creation, expiration and termination; a whole file becomes an upload with the same id.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.request import UnreadablePostError
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Scope
from generator import resumable
from generator.images import TooLarge
from generator.models import ResumableUpload
from generator.models.querysets import read_id
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError

VERSION = "1.0.0"
PIECE_TYPE = "application/offset+octet-stream"
_READ = 256 * 1024
_MOST_METADATA = 1000
_DIGITS = 12


def _header(name: str, kind: Any = int, *, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required)


_RESUMABLE = OpenApiParameter(
    "Tus-Resumable", str, OpenApiParameter.HEADER, required=True, enum=[VERSION]
)


class TusView(ApiView):
    """What the protocol asks of every request and reply."""

    permission_classes = (Scope("generate"),)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses another version of the protocol with 412."""
        super().initial(request, *args, **kwargs)
        asked = str(request.method).lower()
        served = asked != "options" and hasattr(self, asked)
        if served and request.headers.get("Tus-Resumable") != VERSION:
            told = f"Send Tus-Resumable: {VERSION}."
            raise ApiError("invalid_request", told, status=412, headers={"Tus-Version": VERSION})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Every reply names the version."""
        response["Tus-Resumable"] = VERSION
        return super().finalize_response(request, response, *args, **kwargs)

    def get_permissions(self) -> list[Any]:
        """What the server can is told to everybody."""
        return [AllowAny()] if self.request.method == "OPTIONS" else [*super().get_permissions()]

    def options(  # type: ignore[override]
        self, request: Request, *args: Any, **kwargs: Any
    ) -> Response:
        """What this server can."""
        response = Response(status=204)
        response["Tus-Version"] = VERSION
        response["Tus-Extension"] = "creation,expiration,termination"
        response["Tus-Max-Size"] = str(settings.MAX_FILE_SIZE)
        return response


def number(request: Request, name: str) -> int:
    """A header that holds a whole number. Raises ApiError."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > _DIGITS:
        raise ApiError("invalid_request", f"Send {name} as a whole number of bytes.", param=name)
    return int(text)


class Create(TusView):
    """Where files in pieces begin."""

    @extend_schema(
        operation_id="tus_create",
        request=None,
        parameters=[
            _RESUMABLE, _header("Upload-Length"), _header("Upload-Metadata", str, required=False),
        ],
        responses={201: None},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Begin a file of Upload-Length bytes; PATCH its Location."""
        length = number(request, "Upload-Length")
        metadata = request.headers.get("Upload-Metadata", "")
        if not length or len(metadata) > _MOST_METADATA or not metadata.isprintable():
            raise ApiError("invalid_request", "The file is empty, or its metadata too long.")
        row = resumable.begin(self.owner(), length, metadata)
        response = Response(status=201)
        response["Location"] = f"/api/files/upload/{row.pk}"
        response["Upload-Expires"] = http_date(row.expires_at.timestamp())
        return response


class Piece(TusView):
    """A file in pieces."""

    def row(self, upload_id: str) -> ResumableUpload:
        """The caller's own. Raises Http404, and ApiError for an expired one."""
        pk = read_id(upload_id)
        try:
            row = resumable.find(self.owner(), pk) if pk else None
        except resumable.Expired as error:
            raise ApiError("gone", "This upload was not finished in time.") from error
        if row is None:
            raise Http404
        return row

    @extend_schema(operation_id="tus_offset", parameters=[_RESUMABLE], responses={200: None})
    def head(self, request: Request, upload_id: str) -> Response:
        """How far it came."""
        row = self.row(upload_id)
        response = Response(status=200)
        response["Upload-Offset"] = str(row.offset)
        response["Upload-Length"] = str(row.length)
        response["Upload-Expires"] = http_date(row.expires_at.timestamp())
        response["Cache-Control"] = "no-store"
        if row.metadata:
            response["Upload-Metadata"] = row.metadata
        return response

    @extend_schema(
        operation_id="tus_append",
        request={PIECE_TYPE: OpenApiTypes.BINARY},
        parameters=[_RESUMABLE, _header("Upload-Offset")],
        responses={204: None},
    )
    def patch(self, request: Request, upload_id: str) -> Response:
        """The next bytes; what arrives before the connection breaks is kept."""
        kind = request.content_type.partition(";")[0].strip().lower()
        if kind != PIECE_TYPE:
            raise UnsupportedMediaType(kind)
        row = self.row(upload_id)
        offset = number(request, "Upload-Offset")
        try:
            data = _arrived(request._request, row.length - offset)
            now = resumable.append(self.owner(), row, offset, data)
        except resumable.WrongOffset as error:
            raise ApiError("conflict", f"Continue at byte {error.offset}.") from error
        response = Response(status=204)
        response["Upload-Offset"] = str(now)
        response["Upload-Expires"] = http_date(row.expires_at.timestamp())
        return response

    @extend_schema(operation_id="tus_terminate", parameters=[_RESUMABLE], responses={204: None})
    def delete(self, request: Request, upload_id: str) -> Response:
        """Give it up, with what came of it."""
        resumable.give_up(self.row(upload_id))
        return Response(status=204)


def _arrived(request: HttpRequest, most: int) -> bytes:
    """What came of the body, whole or not. Raises TooLarge above `most` bytes."""
    data = bytearray()
    try:
        while piece := request.read(_READ):
            data += piece
            if len(data) > max(most, 0):
                raise TooLarge(max(most, 0))
    except UnreadablePostError:
        return bytes(data)
    return bytes(data)
