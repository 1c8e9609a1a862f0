"""The models as programs see them: group E's shape with capabilities, limits and prices."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from generator import catalogue
from generator.catalogue import Offer
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError
from nanobanana.api.gemini import models as gemini

SINCE = 1767225600
"""The `created` that OpenAI's shape asks for: the catalogue's own age, the same for every model."""


def shown(offer: Offer) -> dict[str, Any]:
    """One model."""
    model = offer.model
    return {
        "id": model.slug,
        "object": "model",
        "created": SINCE,
        "owned_by": model.maker,
        "title": model.title,
        "description": model.summary,
        "kind": model.kind,
        "available": offer.available,
        "modes": model.modes,
        "parameters": dict(offer.controls),
        "max_images": model.max_images,
        "deadline_seconds": model.deadline_seconds,
        "usual_seconds": model.usual_seconds,
        "prices": {"credits": offer.price, **model.prices},
        "providers": list(offer.providers),
    }


class Models(ApiView):
    """The catalogue."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="list_models", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Every model, whether it is on, what it takes and costs."""
        if gemini.wanted(request):
            return Response(gemini.listed())
        return Response({"object": "list", "data": [shown(offer) for offer in catalogue.offered()]})


class Model(ApiView):
    """One model of the catalogue."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="get_model", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, model_id: str) -> Response:
        """The model of this id or alias."""
        if gemini.wanted(request):
            return Response(gemini.one(model_id))
        for offer in catalogue.offered():
            if model_id == offer.model.slug or model_id in offer.model.aliases:
                return Response(shown(offer))
        raise ApiError("model_not_found")
