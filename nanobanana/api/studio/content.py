"""What staff wrote for the landing page, for programs: features, approved reviews, questions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from gallery.models import Feature, Question, Review
from generator.presentation import moment
from nanobanana.api.base import ApiView

MOST = 100
"""Rows of one list: staff write tens of them."""


class Content(ApiView):
    """A list that everybody may read."""

    permission_classes = (AllowAny,)


class Features(Content):
    """What the product can do."""

    @extend_schema(operation_id="app_features", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The cards, in the staff's order."""
        rows = Feature.objects.filter(enabled=True)[:MOST]
        return Response({"features": [_feature(row) for row in rows]})


def _feature(row: Feature) -> dict[str, Any]:
    return {"id": str(row.pk), "title": row.title, "description": row.text, "icon": row.icon}


class Reviews(Content):
    """What users said."""

    @extend_schema(operation_id="app_reviews", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The approved ones, newest first."""
        rows = Review.objects.filter(approved=True)[:MOST]
        return Response({"reviews": [_review(row) for row in rows]})


def _review(row: Review) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "name": row.name,
        "role": row.role,
        "text": row.text,
        "rating": row.rating,
        "createdAt": moment(row.created_at),
    }


class Faqs(Content):
    """Questions and answers."""

    @extend_schema(operation_id="app_faqs", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The questions, in the staff's order."""
        rows = Question.objects.filter(enabled=True)[:MOST]
        return Response({"faqs": [_faq(row) for row in rows]})


def _faq(row: Question) -> dict[str, Any]:
    return {"id": str(row.pk), "question": row.question, "answer": row.answer}
