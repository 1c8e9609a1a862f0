"""Contract C's generations: ordered at once, followed by status or events, listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.owner import Owner
from accounts.owner_of import owner_of
from accounts.permissions import Scope
from generator import catalogue, presentation
from generator.catalogue import Draft
from generator.models import Generation
from generator.presentation import moment
from generator.validation import Invalid
from nanobanana.api import waiting
from nanobanana.api.base import ApiView
from nanobanana.api.developer.generations import Generations
from nanobanana.api.idempotency import Accepted, accept
from nanobanana.api.parsing import JSON_WITH_FILES
from nanobanana.api.wording import is_absent, order

MODES = ("text-to-image", "image-to-image", "text-to-video", "image-to-video")
MOST = 4
"""Pictures of one order."""
SETTINGS = {
    "size": ("size", "imageSize"),
    "aspect_ratio": ("aspectRatio", "aspect_ratio"),
    "n": ("count", "n"),
    "style": ("style",),
    "negative_prompt": ("negativePrompt", "negative_prompt"),
    "guidance": ("guidanceScale", "guidance"),
    "steps": ("steps",),
    "seed": ("seed",),
    "resolution": ("resolution",),
    "quality": ("quality",),
    "duration": ("duration",),
    "audio": ("audio",),
    "background": ("background",),
    "watermark": ("watermark",),
    "public": ("isPublic", "public"),
}
"""The catalogue's names → the names in `settings`, the first of which complaints use."""
NAMES = {ours: f"settings.{theirs[0]}" for ours, theirs in SETTINGS.items()} | {
    "images": "inputImage"
}


class AppRequest(serializers.Serializer[dict[str, object]]):
    """A body of `POST /api/generate`."""

    prompt = serializers.CharField(max_length=5000)
    mode = serializers.ChoiceField(MODES)
    inputImage = serializers.CharField(
        required=False, help_text="An upload's id, a data URL, base64, or an https address"
    )
    model = serializers.CharField(required=False)
    settings = serializers.DictField(
        required=False, help_text="What the model takes: size, aspectRatio, count, seed, …"
    )
    max_credits = serializers.IntegerField(min_value=1, required=False)


class Generate(ApiView):
    """Orders pictures or a video and answers at once."""

    permission_classes = (Scope("generate", anonymous=True),)
    body_limit = JSON_WITH_FILES

    @extend_schema(
        operation_id="app_generate",
        request=AppRequest,
        responses={202: OpenApiTypes.OBJECT},
    )
    def post(self, request: Request) -> Response:
        """Order; `GET /api/generate/{id}` and its events tell how it goes."""
        fields = self.body()
        owner = self.somebody()
        accepted = accept(request, owner, "C", fields, lambda: order_of(fields, owner))
        response = Response(_accepted(accepted), status=202)
        response["Location"] = f"/api/generate/{accepted.generation.pk}"
        response["Retry-After"] = "2"
        response["X-Credits-Used"] = str(accepted.generation.price)
        if accepted.remaining is not None:
            response["X-Credits-Remaining"] = str(accepted.remaining)
        if accepted.replayed:
            response["Idempotency-Replayed"] = "true"
        self.rate_headers(response)
        return response


def order_of(fields: Mapping[str, Any], owner: Owner) -> Draft:
    """The checked and priced order of a body."""
    settings, wrong = _settings(fields.get("settings"))
    data = {name: fields.get(name) for name in ("prompt", "model", "mode", "max_credits")}
    data |= {ours: _first(settings, theirs) for ours, theirs in SETTINGS.items()}
    count = data["n"]
    if type(count) is int and count > MOST:
        data["n"] = None
        wrong["settings.count"] = [f"Must be from 1 to {MOST}."]
    image = fields.get("inputImage")
    aside = not is_absent(image) and _needs_none(data["mode"])
    images = [] if is_absent(image) or aside else [image]
    draft = order(data, NAMES, owner=owner, images=images, also=Invalid(wrong) if wrong else None)
    ignored = f"{draft.mode} takes no image; inputImage was ignored."
    return catalogue.with_warnings(draft, [ignored] if aside else [])


def _settings(value: Any) -> tuple[Mapping[str, Any], dict[str, list[str]]]:
    """The settings, and what is wrong with them as a whole."""
    if is_absent(value):
        return {}, {}
    if not isinstance(value, dict):
        return {}, {"settings": ["Must be an object."]}
    return value, {}


def _first(settings: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((settings[name] for name in names if not is_absent(settings.get(name))), None)


def _needs_none(mode: Any) -> bool:
    """Whether an image that is sent with this mode is left aside."""
    return isinstance(mode, str) and mode.startswith("text-to-")


def _accepted(accepted: Accepted) -> dict[str, Any]:
    """The reply to an order: the same in every replay, however far the generation has come."""
    generation = accepted.generation
    return _facts(generation) | {
        "status": "pending",
        "progress": 0,
        "outputImages": [],
        "images": [],
        "processingTime": None,
        "warnings": generation.warnings,
        "credits": {"used": generation.price, "remaining": accepted.remaining},
    }


def _facts(generation: Generation) -> dict[str, Any]:
    """What does not change once it was accepted."""
    settings = dict(generation.parameters)
    settings |= {"style": generation.style, "count": generation.n}
    return {
        "id": str(generation.pk),
        "prompt": generation.prompt,
        "mode": generation.mode,
        "createdAt": moment(generation.created_at),
        "metadata": {"model": generation.model, "settings": settings},
    }


def shown(generation: Generation) -> dict[str, Any]:
    """A generation in any state, as contract C shows it."""
    told = presentation.summary(generation)
    found = _facts(generation) | {
        "status": generation.status,
        "progress": told["progress"],
        "outputImages": [image["url"] for image in told["images"]],
        "images": [_image(image) for image in told["images"]],
        "processingTime": generation.duration_ms,
        "warnings": generation.warnings,
        "credits": {
            "used": generation.price - generation.refunded,
            "refunded": generation.refunded,
        },
    }
    found["metadata"]["provider"] = told["provider"]
    if told["error"]:
        found["error"] = told["error"]
    if "queue_position" in told:
        found["queuePosition"] = told["queue_position"]
    return found


def _image(image: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: image[name] for name in ("id", "url", "width", "height")}
    return kept | {"thumbnail": image["thumbnail_url"]}


class One(ApiView):
    """What the routes of one generation share: visitors may ask; a foreign one does not exist."""

    permission_classes = (Scope("read", anonymous=True),)

    def generation(self, generation_id: str) -> Generation:
        """The caller's own. Raises Http404."""
        owner = owner_of(self.request)
        rows = Generation.objects.of(owner).with_outputs() if owner else Generation.objects.none()
        found = rows.find(generation_id)
        if found is None:
            raise Http404
        return found


class Status(One):
    """One generation."""

    @extend_schema(operation_id="app_generation", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, generation_id: str) -> Response:
        """The generation in any state."""
        return Response(shown(self.generation(generation_id)))


class Events(One):
    """One generation's states as they change."""

    @extend_schema(operation_id="app_events", responses={(200, "text/event-stream"): str})
    def get(self, request: Request, generation_id: str) -> HttpResponseBase:
        """Server-sent events until the end; resumable by Last-Event-ID."""
        return waiting.events(request, self.generation(generation_id))


class History(Generations):
    """The history."""

    permission_classes = (Scope("read", anonymous=True),)

    @extend_schema(
        operation_id="app_history",
        parameters=[OpenApiParameter(n, str) for n in ("status", "model", "mode", "q", "cursor")]
        + [OpenApiParameter("limit", int)],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """The caller's generations, newest first; whom nobody knows has none."""
        if owner_of(request) is None:
            return Response(self.listed([], None))
        return super().get(request)

    def listed(self, rows: list[Generation], following: str | None) -> dict[str, Any]:
        """The rows in this contract's shape."""
        return {"items": [shown(row) for row in rows], "next": following}
