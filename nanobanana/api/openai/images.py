"""Group E's routes: generations, edits and variations as OpenAI's clients ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpResponse, QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from generator import images
from generator.models import Generation
from generator.validation import Invalid, is_absent
from nanobanana.api import compatible, incoming
from nanobanana.api.compatible import Asked, CompatibleView
from nanobanana.api.idempotency import Accepted, accept
from nanobanana.api.incoming import Incoming
from nanobanana.api.openai import fields, replies
from nanobanana.api.openai.serializers import (
    ImagesEditRequest,
    ImagesGenerationRequest,
    ImagesReply,
    ImagesVariationRequest,
)
from nanobanana.api.parsing import FormParser

VARY = "A new variation of this image: the same subject, style and mood, composed anew."


class Images(CompatibleView):
    """What the three routes share. `event` begins the names of a stream's events."""

    event = "image_generation"

    def answer(
        self, request: Request, given: Mapping[str, Any], asked: Asked, pictures: Sequence[bytes]
    ) -> HttpResponse:
        """Accept the request once and answer when its pictures are there."""
        how = fields.reply_words(given)
        owner = self.owner()
        with Incoming(owner, pictures) as kept:
            body = {**given, "files": kept.digests, "masked": asked.masked}
            accepted = accept(
                request,
                owner,
                f"E:{self.event}",
                body,
                lambda: compatible.draft(owner, asked, kept.save()),
            )
            if accepted.replayed:
                kept.discard()
        return self.wait(request, accepted, how)

    def completed(
        self, generation: Generation, accepted: Accepted, how: Mapping[str, str]
    ) -> HttpResponse:
        """The pictures, as events where the request said `stream`."""
        if how.get("stream"):
            response = replies.events(generation, self.event)
        else:
            response = replies.whole(generation, how.get("as", "b64_json"))
        return compatible.warn(response, generation)


class Generations(Images):
    """Pictures from words."""

    @extend_schema(
        operation_id="openai_generate", request=ImagesGenerationRequest, responses=ImagesReply
    )
    def post(self, request: Request) -> HttpResponse:
        """Generate pictures from a prompt, as OpenAI's images API does."""
        given = self.body()
        return self.answer(request, given, fields.asked(given), ())


class Edits(Images):
    """Pictures from pictures and words."""

    event = "image_edit"
    parser_classes = (FormParser,)  # type: ignore[assignment]

    @extend_schema(
        operation_id="openai_edit",
        request={"multipart/form-data": ImagesEditRequest},
        responses=ImagesReply,
    )
    def post(self, request: Request) -> HttpResponse:
        """Edit one or several pictures, as OpenAI's images API does."""
        given = fields.of_form(self.form())
        asked = fields.asked(given)
        masks, pictures = self.mask(asked), self.pictures(asked)
        return self.answer(request, given, replace(asked, masked=bool(masks)), [*pictures, *masks])

    def mask(self, asked: Asked) -> list[bytes]:
        """The form's mask, or nothing. Raises Invalid where the model takes none, and BadImage."""
        sent = self.form().get("mask")
        if is_absent(sent):
            return []
        if "mask" not in asked.model.parameters:
            raise Invalid({"mask": [f"{asked.model.slug} takes no mask."]})
        [mask] = incoming.read([sent], "mask")
        images.require_clear_pixels(mask)
        return [mask]

    def form(self) -> QueryDict:
        """The form's fields and files; an empty one for no body at all."""
        data = self.request.data
        return data if isinstance(data, QueryDict) else QueryDict()

    def pictures(self, asked: Asked) -> list[bytes]:
        """The form's pictures, `image` or `image[]`, one or several. Raises Invalid for none."""
        form = self.form()
        files: list[Any] = [*form.getlist("image"), *form.getlist("image[]")]
        if not files:
            raise Invalid({"image": ["Send at least one image as a file."]}, "invalid_images")
        incoming.require_room(asked.model, len(files), "image")
        return incoming.read(files, "image")


class Variations(Edits):
    """Pictures like a picture."""

    event = "image_variation"

    @extend_schema(
        operation_id="openai_vary",
        request={"multipart/form-data": ImagesVariationRequest},
        responses=ImagesReply,
    )
    def post(self, request: Request) -> HttpResponse:
        """Vary one picture, as OpenAI's images API did."""
        given = {**fields.of_form(self.form()), "prompt": VARY}
        asked = fields.asked(given)
        return self.answer(request, given, asked, self.pictures(asked))
