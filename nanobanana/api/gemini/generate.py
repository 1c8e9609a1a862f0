"""Group F's routes: generateContent and its stream, as Google's SDKs call them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_view,
)
from rest_framework.request import Request

from generator.models import Generation
from nanobanana.api import compatible, incoming
from nanobanana.api.compatible import CompatibleView
from nanobanana.api.gemini import content, replies
from nanobanana.api.idempotency import Accepted, accept
from nanobanana.api.incoming import Incoming

BODY_LIMIT = 75 * 1024 * 1024
THEIR_MODELS = {
    re.compile(r"gemini-[\w.-]*pro-image[\w.-]*", re.ASCII): "nano-banana-pro",
    re.compile(r"gemini-[\w.-]*(?:image|nano-banana)[\w.-]*", re.ASCII): "nano-banana",
}
"""What the names of Google's image models stand for; an alias in the catalogue counts first."""
_EXAMPLE = {
    "contents": [{"parts": [{"text": "A banana astronaut"}]}],
    "generationConfig": {"imageConfig": {"aspectRatio": "16:9"}},
}


class GenerateContent(CompatibleView):
    """Pictures from a conversation's last turn."""

    body_limit = BODY_LIMIT

    @extend_schema(
        operation_id="gemini_generate_content",
        request=OpenApiTypes.OBJECT,
        responses=OpenApiTypes.OBJECT,
        parameters=[
            OpenApiParameter("verb", str, "path", enum=["generateContent", "streamGenerateContent"])
        ],
        examples=[OpenApiExample("A wide picture", value=_EXAMPLE, request_only=True)],
    )
    def post(self, request: Request, model_id: str, verb: str) -> HttpResponse:
        """Generate or edit pictures, as Gemini's API does."""
        model = compatible.model_named(model_id, THEIR_MODELS)
        given, owner = self.body(), self.owner()
        asked, pictures = content.asked(given, model)
        incoming.require_room(model, len(pictures), "contents")
        how: dict[str, str] = {}
        if verb == "streamGenerateContent":
            how["stream"] = "sse" if request.query_params.get("alt") == "sse" else "array"
        with Incoming(owner, pictures) as kept:
            body = {**asked.body, "size": asked.size, "model": model.slug, "files": kept.digests}
            accepted = accept(
                request,
                owner,
                f"F:{verb}",
                body,
                lambda: compatible.draft(owner, asked, kept.save()),
            )
            if accepted.replayed:
                kept.discard()
        return self.wait(request, accepted, how)

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The pictures, inline."""
        shape = {"sse": replies.events, "array": replies.array}
        reply = shape.get(how.get("stream", ""), replies.whole)
        return compatible.warn(reply(generation), generation)


@extend_schema_view(post=extend_schema(operation_id="gemini_generate_content_v1"))
class GenerateContentV1(GenerateContent):
    """The same below `/v1`, where Google's SDK calls it."""
