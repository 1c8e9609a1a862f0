"""Contract C's way in: contract A's, with a session beside the token, and who one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Scope
from billing import ledger
from generator import limits
from generator.models import Output
from generator.presentation import moment
from nanobanana import signup
from nanobanana.api import auth
from nanobanana.api.base import ApiView


class Register(auth.Register):
    """A new account."""

    @extend_schema(
        operation_id="app_register", request=auth.Registration, responses={201: OpenApiTypes.OBJECT}
    )
    def post(self, request: Request) -> Response:
        """As `POST /v1/auth/register`."""
        response = super().post(request)
        response.data["createdAt"] = response.data["created_at"]
        return response


class Login(auth.Login):
    """A session and an access token."""

    @extend_schema(operation_id="app_login", request=auth.Credential, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """As `POST /v1/auth/login`, with the session's cookie and the profile."""
        response = super().post(request)
        user = request._request.user
        assert isinstance(user, User)  # noqa: S101 (`enter` signed them in)
        response.data["user"] = profile(user)
        return response

    def enter(self, http: HttpRequest, user: User) -> None:
        """Opens the browser's session."""
        signup.AccountAdapter(http).login(http, user)


class Logout(auth.Logout):
    """The end of the session or the token."""

    @extend_schema(operation_id="app_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """As `POST /v1/auth/logout`."""
        return super().post(request)


class Me(ApiView):
    """Who is asking."""

    permission_classes = (Scope("read", anonymous=True),)

    @extend_schema(operation_id="app_me", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The profile, or what a visitor may still try; sets the cookies that writes need."""
        get_token(request._request)
        if isinstance(request.user, User):
            return Response({"authenticated": True} | profile(request.user))
        owner = self.somebody()
        left = limits.trial_left(owner.visitor, owner.address)
        return Response({"authenticated": False, "trial": {"left": left}})


def profile(user: User) -> dict[str, Any]:
    """The user with plan and use; images are counted since the plan's period began."""
    wallet = ledger.wallet_of(user)
    made = Output.objects.filter(generation__user=user, state=Output.State.DELIVERED)
    if wallet.period_start is not None:
        made = made.filter(delivered_at__gte=wallet.period_start)
    ends = moment(wallet.period_end) if wallet.plan.price_cents else None
    return {
        "id": str(user.pk),
        "email": user.email,
        "name": user.name,
        "createdAt": moment(user.date_joined),
        "subscription": {"type": wallet.plan_id, "expiresAt": ends},
        "usage": {"imagesGenerated": made.count(), "monthlyLimit": wallet.plan.monthly_images},
        "credits": wallet.balance,
    }
