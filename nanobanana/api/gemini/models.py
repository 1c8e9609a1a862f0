"""The image models as Gemini's clients list them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from generator import catalogue
from generator.catalogue import Offer
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError

METHODS = ["generateContent", "streamGenerateContent"]
_BEFORE = ("Authorization", "X-API-Key")


def wanted(request: Request) -> bool:
    """Whether the credential came as Gemini's clients send it: they want their own shape."""
    by_google = "x-goog-api-key" in request.headers
    return by_google and not any(name in request.headers for name in _BEFORE)


def listed() -> dict[str, Any]:
    """Every image model, on one page."""
    return {"models": [_shown(offer) for offer in _offers()]}


def one(name: str) -> dict[str, Any]:
    """The image model of this id or alias. 404 for any other."""
    for offer in _offers():
        if name == offer.model.slug or name in offer.model.aliases:
            return _shown(offer)
    raise ApiError("model_not_found", f"models/{name[:60]} is not found.", param="model")


def _offers() -> list[Offer]:
    return [offer for offer in catalogue.offered() if offer.model.kind == "image"]


def _shown(offer: Offer) -> dict[str, Any]:
    model = offer.model
    return {
        "name": f"models/{model.slug}",
        "baseModelId": model.slug,
        "version": "1",
        "displayName": model.title,
        "description": model.summary,
        "inputTokenLimit": 8192,
        "outputTokenLimit": 32768,
        "supportedGenerationMethods": METHODS if offer.available else [],
    }


class Models(ApiView):
    """The catalogue in Gemini's shape."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="gemini_list_models", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> HttpResponse:
        """Every image model."""
        return Response(listed())


class Model(ApiView):
    """One model in Gemini's shape."""

    permission_classes = (AllowAny,)

    @extend_schema(operation_id="gemini_get_model", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, model_id: str) -> HttpResponse:
        """The image model of this id or alias."""
        return Response(one(model_id))
