"""One item of contract C's gallery: seen, changed, taken down, liked, reported."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Scope, require
from gallery import showcase
from gallery.models import Item, Report
from generator.models.querysets import read_id
from nanobanana.api.base import ApiView
from nanobanana.api.strict import Fields, Text, checked
from nanobanana.api.studio import gallery
from nanobanana.api.studio.uploads import limited


class Complaint(serializers.Serializer[Fields]):
    """What `POST /api/gallery/{id}/report` takes."""

    reason = serializers.ChoiceField(Report.Reason.choices, required=False, default="other")
    detail = Text(max_length=500, required=False, default="")


class ItemView(ApiView):
    """What the routes of one item share."""

    def seen(self, item_id: str) -> Item:
        """An item that the caller may see. Raises Http404."""
        return self._found(Item.objects.seen_by(self.request.user), item_id)

    def public(self, item_id: str) -> Item:
        """An item that everybody may see. Raises Http404."""
        return self._found(Item.objects.public(), item_id)

    def own(self, item_id: str) -> Item:
        """The caller's own item. Raises Http404."""
        mine = Item.objects.filter(author_id=self.request.user.pk, output__deleted_at=None)
        return self._found(mine, item_id)

    @staticmethod
    def _found(rows: Any, item_id: str) -> Item:
        pk = read_id(item_id)
        item: Item | None = rows.for_cards().filter(pk=pk).first() if pk else None
        if item is None:
            raise Http404
        return item


class One(ItemView):
    """One item."""

    permission_classes = (Scope("read", anonymous=True),)

    @extend_schema(operation_id="get_gallery_item", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, item_id: str) -> Response:
        """The item; its author sees it also when it is not public."""
        return Response(gallery.one(self.seen(item_id), request.user))

    @extend_schema(
        operation_id="change_gallery_item", request=gallery.Words, responses=OpenApiTypes.OBJECT
    )
    def patch(self, request: Request, item_id: str) -> Response:
        """Change title, description, visibility, or whether the prompt shows."""
        require(request, "generate")
        owner = self.owner()
        item = self.own(item_id)
        data = _merged(item, checked(gallery.Words, self.body(), keep=True))
        if data["isPublic"] and not item.is_public:
            gallery.published(owner, item.output, data)
            return Response(gallery.one(item, request.user))
        showcase.change(
            item,
            title=data["title"],
            description=data["description"],
            show_prompt=data["showPrompt"],
        )
        if not data["isPublic"]:
            showcase.withdraw(item)
        return Response(gallery.one(item, request.user))

    @extend_schema(operation_id="take_down_gallery_item", responses={204: None})
    def delete(self, request: Request, item_id: str) -> Response:
        """Take it down; the image stays the author's."""
        require(request, "generate")
        self.owner()
        showcase.withdraw(self.own(item_id))
        return Response(status=204)


def _merged(item: Item, data: Fields) -> Fields:
    """What is to be, where the caller says only what changes."""
    return {
        "title": item.title,
        "description": item.description,
        "showPrompt": bool(item.prompt),
        "isPublic": item.is_public,
    } | data


class Likes(ItemView):
    """Whether the caller likes an item."""

    permission_classes = (Scope("generate"),)

    @extend_schema(operation_id="like", request=None, responses=OpenApiTypes.OBJECT)
    def put(self, request: Request, item_id: str) -> Response:
        """Like it; as often as one says so, it counts once."""
        limited(request, "like")
        likes = showcase.like(self._user(), self.public(item_id))
        return Response({"liked": True, "likes": likes})

    @extend_schema(operation_id="unlike", responses=OpenApiTypes.OBJECT)
    def delete(self, request: Request, item_id: str) -> Response:
        """Do not like it any more."""
        limited(request, "like")
        likes = showcase.unlike(self._user(), self.public(item_id))
        return Response({"liked": False, "likes": likes})

    def _user(self) -> User:
        user = self.request.user
        assert isinstance(user, User)  # noqa: S101 (the permission saw to it)
        return user


class Reports(ItemView):
    """What is wrong with an item."""

    permission_classes = (Scope("generate", anonymous=True),)

    @extend_schema(
        operation_id="report_gallery_item", request=Complaint, responses={201: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request, item_id: str) -> Response:
        """Tell the staff; one open report per person and item."""
        item = self.public(item_id)
        data = checked(Complaint, self.body())
        limited(request, "report")
        news = showcase.report(self.somebody(), item, data["reason"], data["detail"])
        return Response({"reported": True}, status=201 if news else 200)
