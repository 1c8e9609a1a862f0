"""Contract A's way in: register, log in and out, and the caller's API keys."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from allauth.account.internal.flows import email_verification
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import ValidationError
from django.db.models import Q, Sum
from django.http import Http404
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import addresses, keys, throttle, tokens
from accounts.models import AccessToken, ApiKey, User
from accounts.permissions import Scope
from billing.models import UsageDay
from generator.models.querysets import read_id
from generator.presentation import moment
from nanobanana import signup
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError

_GREATEST_CAP = 10**12

Fields = dict[str, Any]


class Text(serializers.CharField):
    """Text and nothing else: a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text.")
        return super().to_internal_value(data)


class Email(Text, serializers.EmailField):
    """An e-mail address, in lower case."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class Cap(serializers.Field[int, Any, int, Any]):
    """A whole number of credits above zero."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int or not 0 < data <= _GREATEST_CAP:
            raise serializers.ValidationError("Send a whole number of credits above 0.")
        return data


class Credential(serializers.Serializer[Fields]):
    """What `POST /v1/auth/login` takes."""

    email = Email(max_length=254)
    password = Text(max_length=1000, trim_whitespace=False)


class Registration(Credential):
    """What `POST /v1/auth/register` takes."""

    name = Text(max_length=80, required=False, default="")

    def validate_name(self, value: str) -> str:
        """Without characters that cannot be seen or that turn text around."""
        if not value.isprintable():
            raise serializers.ValidationError("Use characters that can be seen.")
        return value


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


def _checked(kind: type[serializers.Serializer[Fields]], body: Mapping[str, Any]) -> Fields:
    """The fields of `body` as `kind` wants them; null, false and "" are absent. 400 otherwise."""
    given = {name: value for name, value in body.items() if not _is_absent(value)}
    serializer = kind(data=given)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _is_absent(value: Any) -> bool:
    return value is None or value is False or value == ""


class OpenView(ApiView):
    """A route for people without a credential, counted by address."""

    permission_classes = (AllowAny,)
    action = ""

    def checked(self, kind: type[serializers.Serializer[Fields]]) -> Fields:
        """The checked body of one more try from this address. 429 after too many."""
        try:
            throttle.count(self.request._request, self.action)
        except throttle.TooMany as error:
            raise Throttled(error.wait) from error
        return _checked(kind, self.body())


class Register(OpenView):
    """A new account."""

    action = "signup"

    @extend_schema(
        operation_id="register", request=Registration, responses={201: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request) -> Response:
        """Makes an account; where confirmation is required, a taken address looks the same."""
        data = self.checked(Registration)
        user = User(email=data["email"], name=data["name"])
        _check_password(data["password"], user)
        if addresses.is_free(user.email):
            if not signup.register(request._request, user, data["password"]):
                _taken(request, user)
        else:
            user.set_password(data["password"])  # so that the answer takes as long
            _taken(request, user)
        shown = {"id": str(user.pk), "email": user.email, "name": user.name}
        return Response(shown | {"created_at": moment(user.date_joined)}, status=201)


def _check_password(password: str, user: User) -> None:
    """400 for a password that is too short, too common or too like the address."""
    try:
        signup.AccountAdapter().clean_password(password, user=user)
    except ValidationError as error:
        fields = {"password": list(error.messages)}
        raise ApiError(
            "invalid_parameter", error.messages[0], param="password", fields=fields
        ) from error


def _taken(request: Request, user: User) -> None:
    """400, or where that would tell who has an account: a mail to them and no word here."""
    if not signup.confirmation_required():
        raise ApiError("email_taken", "An account with this e-mail exists.", param="email")
    signup.tell_holder(request._request, user.email)


class Login(OpenView):
    """An access token."""

    action = "login"

    @extend_schema(operation_id="login", request=Credential, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """A token for an e-mail address and its password."""
        data = self.checked(Credential)
        user = self._user(data)
        if signup.confirmation_required() and not addresses.is_proved(user, user.email):
            email_verification.send_verification_email_for_user(request._request, user)
            raise ApiError("email_not_verified", "Open the link in the mail we sent you.")
        signup.arrive(request._request, user)
        _, plain = tokens.issue(user)
        lasts = int(tokens.lifetime().total_seconds())
        return Response({"access_token": plain, "token_type": "bearer", "expires_in": lasts})

    def _user(self, data: Fields) -> User:
        """Whose address and password these are; 401 for anything else, 429 after too many."""
        http = self.request._request
        try:
            user = signup.AccountAdapter(http).authenticate(http, **data)
        except ImmediateHttpResponse as refusal:
            raise Throttled(int(refusal.response["Retry-After"])) from refusal
        if user is None or not user.is_active:
            raise ApiError("invalid_login", "The e-mail or the password is not right.")
        return user


class Logout(ApiView):
    """The end of an access token."""

    permission_classes = (Scope("read"),)

    @extend_schema(operation_id="logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Ends the token, or the browser's session; an API key is revoked, not signed out."""
        if isinstance(request.auth, ApiKey):
            raise PermissionDenied(
                "An API key is revoked, not signed out", code="permission_denied"
            )
        if isinstance(request.auth, AccessToken):
            tokens.end(request.auth)
        else:
            signup.AccountAdapter(request._request).logout(request._request)
        return Response(status=204)


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
        """A new key; its text is shown only here. A key cannot give what it does not have."""
        data = _checked(NewKey, self.body())
        given = set(data.get("scopes", keys.DEFAULT_SCOPES))
        if isinstance(request.auth, ApiKey) and not given <= set(request.auth.scopes):
            raise PermissionDenied("A key cannot give a scope it lacks", code="insufficient_scope")
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
    path("v1/auth/register", Register.as_view(), name="v1-register"),
    path("v1/auth/login", Login.as_view(), name="v1-login"),
    path("v1/auth/logout", Logout.as_view(), name="v1-logout"),
    path("v1/keys", Keys.as_view(), name="v1-keys"),
    path("v1/keys/<str:key_id>", Key.as_view(), name="v1-key"),
]
