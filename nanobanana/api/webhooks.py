"""Contract A's webhooks: endpoints, their secrets, and what was delivered to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import deliveries, webhooks
from accounts.models import User, WebhookDelivery, WebhookEndpoint
from accounts.permissions import Scope
from generator import hooks
from generator.guard import MAX_URL
from generator.models.querysets import read_id
from generator.presentation import moment
from generator.validation import Invalid, is_absent
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.developer.generations import decode_cursor, encode_cursor, page_size
from nanobanana.api.errors import ApiError
from nanobanana.api.strict import Fields, Text, checked


class NewWebhook(serializers.Serializer[Fields]):
    """What `POST /v1/webhooks` takes."""

    url = Text(max_length=MAX_URL)
    events = serializers.ListField(
        child=serializers.ChoiceField(webhooks.EVENTS), required=False, allow_empty=False
    )


def target(fields: Mapping[str, Any]) -> str:
    """The `webhook_url` of a request, "" where there is none. Raises Invalid, FetchRefused."""
    value = fields.get("webhook_url")
    if is_absent(value):
        return ""
    if not isinstance(value, str):
        raise Invalid({"webhook_url": ["Send an https address."]})
    return str(hooks.policy().check(value.strip()))


class Webhooks(ApiView):
    """The caller's endpoints."""

    permission_classes = (Scope("manage"),)

    @extend_schema(operation_id="list_webhooks", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """All endpoints, newest first; never their secrets."""
        return Response({"data": [_shown(one) for one in webhooks.of(_caller(request))]} | _END)

    @extend_schema(
        operation_id="create_webhook", request=NewWebhook, responses={201: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request) -> Response:
        """A new endpoint; its secret is shown here and on rotation alone."""
        data = checked(NewWebhook, self.body())
        url = str(hooks.policy().check(data["url"]))
        try:
            made = webhooks.register(_caller(request), url, data.get("events", ()))
        except webhooks.TooMany as error:
            raise ApiError("conflict", str(error)) from error
        return Response(_head(made) | {"secret": made.secret}, status=201)


class Secret(ApiView):
    """What signs the events of a request's `webhook_url`."""

    permission_classes = (Scope("manage"),)

    @extend_schema(operation_id="webhook_secret", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The account's secret."""
        return Response({"secret": webhooks.account(_caller(request)).secret})


class One(ApiView):
    """What the routes of one endpoint share."""

    permission_classes = (Scope("manage"),)

    def endpoint(self, webhook_id: str) -> WebhookEndpoint:
        """The caller's own; 404 for anybody else's as for none."""
        pk = read_id(webhook_id)
        found = pk and webhooks.of(_caller(self.request)).filter(pk=pk).first()
        if not found:
            raise Http404
        return found


class Webhook(One):
    """One endpoint."""

    @extend_schema(operation_id="get_webhook", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, webhook_id: str) -> Response:
        """The endpoint, and whether it is on."""
        return Response(_shown(self.endpoint(webhook_id)))

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Ends it, with what is on its way."""
        webhooks.remove(self.endpoint(webhook_id))
        return Response(status=204)


class Rotate(One):
    """A new secret."""

    @extend_schema(operation_id="rotate_webhook", request=None, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request, webhook_id: str) -> Response:
        """The previous secret signs besides the new one for 24 hours."""
        endpoint = self.endpoint(webhook_id)
        webhooks.rotate(endpoint)
        until = {"previous_secret_until": moment(endpoint.previous_until)}
        return Response(_head(endpoint) | {"secret": endpoint.secret} | until)


class Test(One):
    """A delivery to try."""

    @extend_schema(operation_id="test_webhook", request=None, responses={202: OpenApiTypes.OBJECT})
    def post(self, request: Request, webhook_id: str) -> Response:
        """Sends a `webhook.test` event; read how it went from the deliveries."""
        endpoint = self.endpoint(webhook_id)
        if endpoint.disabled_at:
            raise ApiError("conflict", "This webhook is disabled. Enable it on the page first.")
        return Response(_delivery(deliveries.test(endpoint)), status=202)


class Deliveries(One):
    """What was sent."""

    @extend_schema(
        operation_id="webhook_deliveries",
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request, webhook_id: str) -> Response:
        """Deliveries of 30 days, newest first, each with how it went."""
        limit = page_size(request)
        rows = self.endpoint(webhook_id).deliveries.all()
        if request.query_params.get("cursor"):
            rows = rows.filter(_after(rows, request.query_params["cursor"]))
        found = list(rows[: limit + 1])
        following = None
        if len(found) > limit:
            query = request.query_params.copy()
            query["cursor"] = encode_cursor(found[limit - 1].pk.hex)
            following = absolute(f"{request.path}?{query.urlencode()}")
        return Response({"data": [_delivery(one) for one in found[:limit]], "next": following})


class Resend(One):
    """A delivery once more."""

    @extend_schema(
        operation_id="resend_webhook", request=None, responses={202: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request, webhook_id: str, delivery_id: str) -> Response:
        """Sends it again under the same id, with ten tries."""
        endpoint, pk = self.endpoint(webhook_id), read_id(delivery_id)
        found = pk and endpoint.deliveries.filter(pk=pk).first()
        if not found:
            raise Http404
        if endpoint.disabled_at:
            raise ApiError("conflict", "This webhook is disabled. Enable it on the page first.")
        return Response(_delivery(deliveries.resend(found)), status=202)


_END: Fields = {"next": None}


def _caller(request: Request) -> User:
    """The user of a route that asks for one."""
    assert isinstance(request.user, User)  # noqa: S101 (its permission saw to it)
    return request.user


def _after(rows: Any, cursor: str) -> Q:
    """What comes after the delivery that a cursor names; 400 for a cursor that names none."""
    parts = decode_cursor(cursor)
    pk = read_id(str(parts[0])) if len(parts) == 1 else None
    last = pk and rows.filter(pk=pk).first()
    if not last:
        raise ApiError("invalid_parameter", "This cursor is not one of ours.", param="cursor")
    return Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)


def _head(endpoint: WebhookEndpoint) -> Fields:
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "events": endpoint.events,
        "created_at": moment(endpoint.created_at),
    }


def _shown(endpoint: WebhookEndpoint) -> Fields:
    """An endpoint with its state."""
    return _head(endpoint) | {
        "is_active": endpoint.disabled_at is None,
        "disabled_at": moment(endpoint.disabled_at),
        "disabled_reason": endpoint.reason or None,
        "failing_since": moment(endpoint.failing_since),
    }


def _delivery(row: WebhookDelivery) -> Fields:
    """A delivery with how its last try went."""
    is_pending = row.status == WebhookDelivery.Status.PENDING
    return {
        "id": str(row.pk),
        "message_id": deliveries.message(row),
        "type": row.type,
        "status": row.status,
        "attempts": row.attempts,
        "http_status": row.http_status,
        "duration_ms": row.duration_ms,
        "answer": row.answer,
        "created_at": moment(row.created_at),
        "next_attempt_at": moment(row.due_at) if is_pending else None,
    }


urlpatterns = [
    path("v1/webhooks", Webhooks.as_view(), name="v1-webhooks"),
    path("v1/webhooks/secret", Secret.as_view(), name="v1-webhook-secret"),
    path("v1/webhooks/<str:webhook_id>", Webhook.as_view(), name="v1-webhook"),
    path("v1/webhooks/<str:webhook_id>/test", Test.as_view(), name="v1-webhook-test"),
    path("v1/webhooks/<str:webhook_id>/rotate", Rotate.as_view(), name="v1-webhook-rotate"),
    path(
        "v1/webhooks/<str:webhook_id>/deliveries",
        Deliveries.as_view(),
        name="v1-webhook-deliveries",
    ),
    path(
        "v1/webhooks/<str:webhook_id>/deliveries/<str:delivery_id>/resend",
        Resend.as_view(),
        name="v1-webhook-resend",
    ),
]
