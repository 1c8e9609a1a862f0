"""Contract D's orders: edits that wait, generations for both kinds of client, videos as jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.owner import Owner
from accounts.permissions import Scope
from generator import storage
from generator.catalogue import Draft
from generator.models import Generation
from nanobanana.api import charging, waiting
from nanobanana.api.charging import ChargingView
from nanobanana.api.editor import orders, replies
from nanobanana.api.editor.serializers import (
    JOB,
    WAITED,
    EditorEditRequest,
    EditorReply,
    PictureRequest,
    VideoRequest,
)
from nanobanana.api.errors import ApiError
from nanobanana.api.idempotency import Accepted, accept
from nanobanana.api.parsing import JSON_WITH_FILES

Fields = Mapping[str, Any]


class EditorView(ChargingView):
    """A route that takes an order. The long reply when it waited, the job's when it did not."""

    permission_classes = (Scope("generate"),)
    body_limit = JSON_WITH_FILES
    route = ""
    draft: Callable[[Owner, Fields], Draft]

    def serve(self, request: Request) -> HttpResponse:
        """Accept the order, then wait or answer at once, as the body and Prefer say."""
        fields = self.body()
        accepted = self._accept(request, fields)
        if not self.waits(fields) and not waiting.is_bounded(request):
            return self._at_once(accepted)
        left = "" if accepted.remaining is None else str(accepted.remaining)
        return self.wait(request, accepted, {"left": left})

    def _accept(self, request: Request, fields: Fields) -> Accepted:
        """Accept it once; pictures that came inside an order which became nothing are erased."""
        owner, began, drafts = self.owner(), timezone.now(), list[Draft]()

        def draft() -> Draft:
            drafts.append(type(self).draft(owner, fields))
            return drafts[-1]

        try:
            accepted = accept(request, owner, f"D{self.route}", fields, draft)
        except Exception:
            _erase(drafts, began)
            raise
        if accepted.replayed:
            _erase(drafts, began)
        return accepted

    def waits(self, fields: Fields) -> bool:
        """Whether this body waits where Prefer says nothing."""
        return True

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The long reply, whatever made it wait."""
        return Response(replies.completed(generation, charging.remaining(generation, accepted)))

    def running(self, generation: Generation, how: Mapping[str, str]) -> HttpResponse:
        """202 for who said how long to wait; 504 for everybody else. It runs on."""
        if not waiting.is_bounded(self.request):
            told = f"Still running after {settings.WAIT_LIMIT} s. It runs on: poll its job."
            raise ApiError("timeout", told, beside={"job_id": str(generation.pk)})
        shown = replies.running(generation, _balance(how), str(generation.status))
        response = Response(shown, status=202)
        response["Location"] = f"/api/nano-banana/jobs/{generation.pk}"
        response["Retry-After"] = "2"
        return response

    def failed(self, generation: Generation) -> ApiError:
        """With the id of the job, which can be read afterwards."""
        return replace(super().failed(generation), beside={"job_id": str(generation.pk)})

    def _at_once(self, accepted: Accepted) -> HttpResponse:
        """The same reply at each repeat, whatever has become of the job since."""
        generation = accepted.generation
        response = Response(replies.running(generation, accepted.remaining, "pending"))
        told = charging.headers(generation, accepted)
        told["X-Credits-Used"] = str(generation.price)
        if accepted.remaining is not None:
            told["X-Credits-Remaining"] = str(accepted.remaining)
        for name, value in told.items():
            response[name] = value
        self.rate_headers(response)
        return response


def _erase(drafts: list[Draft], began: datetime) -> None:
    """What these orders stored; an image that was there before `began` was only named by its id."""
    for upload in [upload for draft in drafts for upload in draft.uploads]:
        if upload.created_at >= began:
            storage.erase(upload)
            upload.delete()


def _balance(how: Mapping[str, str]) -> int | None:
    """The balance after acceptance, which came along in words."""
    left = how.get("left", "")
    return int(left) if left.lstrip("-").isdecimal() else None


class ImageToImage(EditorView):
    """Edits one picture."""

    route = "/image-to-image"
    draft = staticmethod(orders.edit)

    @extend_schema(
        operation_id="editor_image_to_image",
        request=EditorEditRequest,
        responses={200: EditorReply, 202: EditorReply},
        examples=[WAITED],
    )
    def post(self, request: Request) -> HttpResponse:
        """Edit a picture as a prompt says; waits until it is there."""
        return self.serve(request)


class Generate(EditorView):
    """Pictures for clients that wait, and jobs for clients that poll."""

    route = "/generate"
    draft = staticmethod(orders.picture)

    @extend_schema(
        operation_id="editor_generate",
        request=PictureRequest,
        responses={200: EditorReply, 202: EditorReply},
        examples=[WAITED, JOB],
    )
    def post(self, request: Request) -> HttpResponse:
        """Generate pictures; waits unless the body is a job's or Prefer says otherwise."""
        return self.serve(request)

    def waits(self, fields: Fields) -> bool:
        """Bodies with a job's fields do not."""
        return not orders.is_job(fields)


class GenerateVideo(EditorView):
    """Videos, as jobs."""

    route = "/generate-video"
    draft = staticmethod(orders.video)

    @extend_schema(
        operation_id="editor_generate_video",
        request=VideoRequest,
        responses={200: EditorReply, 202: EditorReply},
        examples=[JOB],
    )
    def post(self, request: Request) -> HttpResponse:
        """Begin a video; the reply has the id of its job."""
        return self.serve(request)

    def waits(self, fields: Fields) -> bool:
        """Videos take minutes."""
        return False
