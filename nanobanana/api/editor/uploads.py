"""Contract D's uploads: a signed address for one PUT of our own, and the check of what came."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.request import UnreadablePostError
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.owner import Owner
from accounts.permissions import Scope
from generator import slots, storage
from generator.images import TooLarge
from generator.models import Upload
from generator.models.querysets import read_id
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.editor.serializers import CHECKED, SLOT, CheckReply, CheckRequest, SlotReply
from nanobanana.api.errors import ApiError

PIECE = 256 * 1024
NOT_YET = "Check the upload until its status is success, then use its id."


def _opened(owner: Owner) -> dict[str, Any]:
    """A new slot: the id its image will have, where it will be read, where to PUT it."""
    slot = slots.open_slot(owner)
    put = reverse("editor-put", kwargs={"pk": slot.pk})
    return {
        "id": str(slot.pk),
        "url": absolute(storage.url(Upload(pk=slot.pk))),
        "upload_url": absolute(f"{put}?t={slots.token(slot)}"),
        "upload_headers": {"Content-Type": "application/octet-stream"},
    }


class Reference(ApiView):
    """Addresses for reference images."""

    permission_classes = (Scope("generate"),)

    @extend_schema(
        operation_id="editor_upload_reference", request=None, responses=SlotReply, examples=[SLOT]
    )
    def post(self, request: Request) -> Response:
        """An address that takes one image by PUT within 15 minutes, without a credential."""
        return Response(_opened(self.owner()))


class Batch(ApiView):
    """The same, for clients that upload several."""

    permission_classes = (Scope("generate"),)

    @extend_schema(
        operation_id="editor_upload_batch", request=None, responses=SlotReply, examples=[SLOT]
    )
    def post(self, request: Request) -> Response:
        """An address for one more image."""
        return Response(_opened(self.owner()))


class Put(ApiView):
    """Where the bytes go: the signature is the only credential."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    @extend_schema(
        operation_id="editor_upload_put",
        parameters=[OpenApiParameter("t", str, required=True, description="The signature")],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: OpenApiTypes.OBJECT},
    )
    def put(self, request: Request, pk: UUID) -> Response:
        """Take the file, once; at most 10 MB, counted while it is read."""
        if not slots.is_open(pk, request.query_params.get("t", "")):
            told = "This upload address is wrong, or older than 15 minutes. Ask for a new one."
            raise ApiError("permission_denied", told)
        try:
            slots.receive(pk, _read(request._request))
        except slots.SlotUsed:
            told = "This upload address was used already. Ask for a new one."
            raise ApiError("conflict", told) from None
        return Response({"success": True, "id": str(pk), "message": NOT_YET})


def _read(request: HttpRequest) -> bytes:
    """The body. Raises TooLarge as soon as it is, ApiError for an empty or broken one."""
    most, data = settings.MAX_FILE_SIZE, bytearray()
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    if announced > most:
        raise TooLarge(most)
    try:
        while piece := request.read(PIECE):
            data += piece
            if len(data) > most:
                raise TooLarge(most)
    except UnreadablePostError as error:
        raise ApiError("invalid_request", "The file broke off. Send it again.") from error
    if not data:
        raise ApiError("invalid_request", "Send the file's bytes as the body.")
    if len(data) < announced:
        raise ApiError("invalid_request", "The file broke off. Send it again.")
    return bytes(data)


class Check(ApiView):
    """Whether an upload may be used."""

    permission_classes = (Scope("generate"),)

    @extend_schema(
        operation_id="editor_upload_check",
        request=CheckRequest,
        responses=CheckReply,
        examples=[CHECKED],
    )
    def post(self, request: Request) -> Response:
        """`success`, `pending` until the bytes are there, or `failed` with the reason."""
        named = self.body().get("img_id")
        if not isinstance(named, str) or not named.strip():
            raise ApiError("invalid_parameter", "Send the id of the upload.", param="img_id")
        pk = read_id(named.strip())
        verdict = slots.check(self.owner(), pk) if pk else None
        if verdict is None:
            raise Http404
        return Response({"status": verdict.status, "message": verdict.message})
