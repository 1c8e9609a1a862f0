"""Contract A's way in: register, log in and out."""

from __future__ import annotations

from allauth.account.internal.flows import email_verification
from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import addresses, throttle, tokens
from accounts.models import AccessToken, ApiKey, User
from accounts.permissions import Scope
from generator.presentation import moment
from nanobanana import signup
from nanobanana.api.base import ApiView
from nanobanana.api.errors import ApiError
from nanobanana.api.strict import Email, Fields, Text, checked


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
        return checked(kind, self.body())


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
        self.enter(request._request, user)
        _, plain = tokens.issue(user)
        lasts = int(tokens.lifetime().total_seconds())
        return Response({"access_token": plain, "token_type": "bearer", "expires_in": lasts})

    def enter(self, http: HttpRequest, user: User) -> None:
        """What coming in means here beside the token: no session."""
        signup.arrive(http, user)

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


urlpatterns = [
    path("v1/auth/register", Register.as_view(), name="v1-register"),
    path("v1/auth/login", Login.as_view(), name="v1-login"),
    path("v1/auth/logout", Logout.as_view(), name="v1-logout"),
]
