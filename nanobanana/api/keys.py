"""Contract A's API keys: made, listed and revoked; their text is shown once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, Sum
from django.http import Http404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys
from accounts.models import ApiKey, User
from accounts.permissions import Scope
from billing.models import UsageDay
from generator.models.querysets import read_id
from generator.presentation import moment
from nanobanana.api.base import ApiView
from nanobanana.api.strict import Cap, Fields, Text, checked


class NewKey(serializers.Serializer[Fields]):
    """What `POST /v1/keys` takes."""

    name = Text(max_length=80, required=False, default="")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(keys.SCOPES), required=False, allow_empty=False
    )
    expires_at = serializers.DateTimeField(required=False)
    daily_credit_cap = Cap(required=False)
    monthly_credit_cap = Cap(required=False)

    def validate_expires_at(self, value: datetime) -> datetime:
        """A time to come."""
        if value <= timezone.now():
            raise serializers.ValidationError("Send a time in the future.")
        return value


class Keys(ApiView):
    """The caller's API keys."""

    permission_classes = (Scope("manage"),)

    @extend_schema(operation_id="list_keys", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """All keys, newest first, with their use; never their text."""
        found = list(ApiKey.objects.filter(user=_caller(request)))
        used = _use(found)
        return Response({"data": [_shown(key, used) for key in found], "next": None})

    @extend_schema(operation_id="create_key", request=NewKey, responses={201: OpenApiTypes.OBJECT})
    def post(self, request: Request) -> Response:
        """A new key; its text is shown only here. A key cannot give what it does not have, and
        one with a cap none at all: the new one could spend past it.
        """
        data = checked(NewKey, self.body())
        given = set(data.get("scopes", keys.DEFAULT_SCOPES))
        if isinstance(request.auth, ApiKey) and not given <= set(request.auth.scopes):
            raise PermissionDenied("A key cannot give a scope it lacks", code="insufficient_scope")
        if isinstance(request.auth, ApiKey) and _is_capped(request.auth):
            raise PermissionDenied
        key, plain = keys.issue(_caller(request), **data)
        return Response(_head(key) | {"key": plain}, status=201)


class Key(ApiView):
    """One API key."""

    permission_classes = (Scope("manage"),)

    @extend_schema(operation_id="revoke_key", responses={204: None})
    def delete(self, request: Request, key_id: str) -> Response:
        """Revokes the key at once; its row stays."""
        pk = read_id(key_id)
        key = pk and ApiKey.objects.filter(user=_caller(request), pk=pk).first()
        if not key:
            raise Http404
        keys.revoke(key)
        return Response(status=204)


def _caller(request: Request) -> User:
    """The user of a route that asks for one."""
    assert isinstance(request.user, User)  # noqa: S101 (its permission saw to it)
    return request.user


def _is_capped(key: ApiKey) -> bool:
    return key.daily_credit_cap is not None or key.monthly_credit_cap is not None


def _head(key: ApiKey) -> Fields:
    """What is shown of a key everywhere."""
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": key.shown,
        "scopes": key.scopes,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "daily_credit_cap": key.daily_credit_cap,
        "monthly_credit_cap": key.monthly_credit_cap,
    }


def _shown(key: ApiKey, used: Mapping[str, Mapping[str, Any]]) -> Fields:
    """A key in the list."""
    use: Mapping[str, Any] = used.get(str(key.pk), {})
    return _head(key) | {
        "last_used_at": moment(key.last_used_at),
        "is_active": key.is_active,
        "credits_today": use.get("today") or 0,
        "credits_this_month": use.get("month") or 0,
    }


def _use(found: list[ApiKey]) -> dict[str, Mapping[str, Any]]:
    """Credits of each key on this UTC day and in this month, in one query."""
    today = timezone.now().date()
    rows = UsageDay.objects.filter(
        key__in=[str(key.pk) for key in found], day__gte=today.replace(day=1)
    )
    sums = rows.values("key").annotate(
        month=Sum("credits"), today=Sum("credits", filter=Q(day=today))
    )
    return {row["key"]: dict(row) for row in sums.order_by()}


urlpatterns = [
    path("v1/keys", Keys.as_view(), name="v1-keys"),
    path("v1/keys/<str:key_id>", Key.as_view(), name="v1-key"),
]
