"""The caller's account: plan, balance, rate, ledger and usage."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast

from django.utils import timezone
from django.utils.dateparse import parse_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Scope
from billing import ledger
from billing.models import LedgerEntry, UsageDay, Wallet
from generator import limits
from generator.presentation import moment
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.developer.generations import decode_cursor, encode_cursor, page_size
from nanobanana.api.errors import ApiError


def _rate(wallet: Wallet) -> dict[str, int] | None:
    rate = limits.rate_of(wallet)
    return {"limit": rate.limit, "remaining": rate.remaining, "reset": rate.reset} if rate else None


class AccountView(ApiView):
    """What these routes share: a user, never a visitor."""

    permission_classes = (Scope("read"),)

    def user(self) -> User:
        """The caller."""
        return cast(User, self.request.user)


class Account(AccountView):
    """The account."""

    @extend_schema(operation_id="get_account", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """User, plan, balance and renewal."""
        user, wallet = self.user(), ledger.wallet_of(self.user())
        return Response(
            {
                "id": str(user.pk),
                "email": user.email,
                "name": user.name,
                "plan": wallet.plan_id,
                "balance": wallet.balance,
                "renews_at": moment(wallet.period_end),
                "rate": _rate(wallet),
            }
        )


class Ledger(AccountView):
    """Every credit movement."""

    @extend_schema(
        operation_id="list_ledger",
        parameters=[OpenApiParameter("limit", int), OpenApiParameter("cursor", str)],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Ledger entries, newest first."""
        limit = page_size(request, 50)
        rows = LedgerEntry.objects.filter(wallet=ledger.wallet_of(self.user())).order_by("-seq")
        if request.query_params.get("cursor"):
            rows = rows.filter(seq__lt=self._place(request.query_params["cursor"]))
        found = list(rows[: limit + 1])
        following = None
        if len(found) > limit:
            cursor = encode_cursor(found[limit - 1].seq)
            following = absolute(f"{request.path}?limit={limit}&cursor={cursor}")
        return Response({"data": [_entry(row) for row in found[:limit]], "next": following})

    def _place(self, cursor: str) -> int:
        parts = decode_cursor(cursor)
        if len(parts) != 1 or type(parts[0]) is not int or abs(parts[0]) > 2**62:
            raise ApiError("invalid_parameter", "This cursor is not one of ours.", param="cursor")
        return parts[0]


def _entry(row: LedgerEntry) -> dict[str, Any]:
    shown = {
        "id": str(row.pk),
        "kind": row.kind,
        "amount": row.amount,
        "balance": row.balance_after,
        "reason": row.reason,
        "created_at": moment(row.created_at),
    }
    return shown | ({"generation_id": f"gen_{row.generation.hex}"} if row.generation else {})


class Usage(AccountView):
    """Use by key and day."""

    @extend_schema(
        operation_id="get_usage",
        parameters=[OpenApiParameter("since", str), OpenApiParameter("until", str)],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        """Requests, images, credits, cost and errors by key and day; limits and what is left."""
        wallet = ledger.wallet_of(self.user())
        since = self._day("since", timezone.now().date() - timedelta(days=30))
        until = self._day("until", timezone.now().date() + timedelta(days=1))
        rows = UsageDay.objects.filter(wallet=wallet, day__gte=since, day__lte=until)
        rate = _rate(wallet)
        return Response(
            {
                "data": [_usage(row) for row in rows.order_by("-day", "key_prefix")[:1000]],
                "plan": wallet.plan_id,
                "limits": {
                    "monthly_credits": wallet.plan.monthly_credits,
                    "hourly_rate": None if wallet.rate_lifted else wallet.plan.hourly_rate,
                    "at_once": None if wallet.rate_lifted else wallet.plan.at_once,
                },
                "remaining": {
                    "credits": wallet.balance,
                    "rate": rate["remaining"] if rate else None,
                },
            }
        )

    def _day(self, name: str, default: date) -> date:
        text = self.request.query_params.get(name)
        if not text:
            return default
        try:
            day = parse_date(text[:10])
        except ValueError:
            day = None
        if day is None:
            raise ApiError(
                "invalid_parameter", f"{name} must be a day such as 2026-01-31.", param=name
            )
        return day


def _usage(row: UsageDay) -> dict[str, Any]:
    return {
        "date": row.day.isoformat(),
        "key_prefix": row.key_prefix or None,
        "requests": row.requests,
        "images": row.images,
        "credits": row.credits,
        "cost": row.cost_micros / 1_000_000,
        "errors": row.errors,
    }
