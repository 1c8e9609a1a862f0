"""Contract C's gallery: the public showcase over `gallery.showcase`, likes and reports."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.owner import Owner
from accounts.permissions import Scope, require
from gallery import authors, cards, listing, showcase
from gallery.models import Item
from generator.models import Output
from generator.presentation import moment
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.developer.generations import page_size
from nanobanana.api.errors import ApiError
from nanobanana.api.strict import Fields, Switch, Text, checked

MAX_QUERY = 200


class Words(serializers.Serializer[Fields]):
    """What `PATCH /api/gallery/{id}` takes."""

    title = Text(max_length=120, required=False, allow_blank=True)
    description = Text(max_length=500, required=False, allow_blank=True)
    isPublic = Switch(required=False)
    showPrompt = Switch(required=False, help_text="Whether everybody may read the prompt")


class NewItem(Words):
    """What `POST /api/gallery` takes."""

    imageId = Text(max_length=60)
    isPublic = Switch()


def shown(card: cards.Card, *, public: bool = True) -> dict[str, Any]:
    """An item as anybody may see it."""
    return {
        "id": str(card.id),
        "title": card.title,
        "description": card.description,
        "image": absolute(card.image),
        "thumbnail": absolute(card.thumbnail),
        "width": card.width,
        "height": card.height,
        "prompt": card.prompt or None,
        "model": card.model,
        "author": card.author,
        "authorSlug": card.author_slug,
        "likes": card.likes,
        "liked": card.liked,
        "isPublic": public,
        "createdAt": moment(card.created_at),
    }


class Gallery(ApiView):
    """The showcase."""

    permission_classes = (Scope("read", anonymous=True),)

    @extend_schema(
        operation_id="list_gallery",
        parameters=[
            OpenApiParameter("sort", str, enum=list(listing.SORTS)),
            *(OpenApiParameter(name, str) for name in ("q", "model", "user", "cursor")),
            OpenApiParameter("limit", int),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """What people published, narrowed by words, model and author."""
        sort = request.query_params.get("sort") or "newest"
        if sort not in listing.SORTS:
            takes = f"sort takes {', '.join(listing.SORTS)}."
            raise ApiError("invalid_parameter", takes, param="sort")
        size = page_size(request, listing.SIZE)
        cursor = request.query_params.get("cursor", "")
        page = listing.SORTS[sort](cursor, self._narrowed(), size)
        following = None
        if page.next:
            query = request.query_params.copy()
            query["cursor"] = page.next
            following = absolute(f"{request.path}?{query.urlencode()}")
        items = [shown(card) for card in cards.of(page.items, request.user)]
        return Response({"items": items, "next": following})

    def _narrowed(self) -> Any:
        q, model, user = (self._words(name) for name in ("q", "model", "user"))
        author = authors.find(user) if user else None
        if user and author is None:
            return Item.objects.none()
        return Item.objects.matching(q=q, model=model, author=author)

    def _words(self, name: str) -> str:
        text = self.request.query_params.get(name, "").strip()
        if len(text) > MAX_QUERY or "\x00" in text:
            raise ApiError("invalid_parameter", f"{name} is too long or no text.", param=name)
        return text

    @extend_schema(
        operation_id="publish_image", request=NewItem, responses={201: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request) -> Response:
        """Show one's own finished image."""
        require(request, "generate")
        owner = self.owner()
        data = checked(NewItem, self.body(), keep=True)
        output = Output.objects.of(owner).find(data["imageId"])
        if output is None:
            raise Http404
        item = published(owner, output, data)
        return Response(one(item, request.user), status=201)


def published(owner: Owner, output: Output, data: Fields) -> Item:
    """The item of an image that is shown, or kept, as `data` says. 409 where it may not be."""
    try:
        return showcase.publish(
            owner,
            output,
            title=data.get("title", ""),
            description=data.get("description", ""),
            show_prompt=data.get("showPrompt", False),
            is_public=data["isPublic"],
        )
    except showcase.NotYours as error:
        raise Http404 from error
    except showcase.NotPublishable as error:
        raise ApiError("conflict", str(error)) from error


def one(item: Item, reader: Any) -> dict[str, Any]:
    """The item as it is now, to somebody who may see it."""
    row = Item.objects.for_cards().get(pk=item.pk)
    return shown(cards.one(row, reader), public=row.output.published)
