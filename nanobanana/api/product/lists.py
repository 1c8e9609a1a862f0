"""Contract B's lists: the caller's pictures and prompts, and the accounts for staff."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, User
from accounts.permissions import Scope
from generator import presentation, storage
from generator.models import Generation, Output
from generator.presentation import moment
from nanobanana.api.base import ApiView, absolute
from nanobanana.api.developer.generations import page_size
from nanobanana.api.errors import ApiError

_FARTHEST = 10**9
_PAGES = [OpenApiParameter("limit", int), OpenApiParameter("offset", int)]


class ListView(ApiView):
    """A list of the caller's, cut by `limit` and `offset`."""

    permission_classes = (Scope("read"),)

    def page(self, rows: QuerySet[Any], default: int) -> tuple[list[Any], dict[str, Any]]:
        """The rows of this page, and what is said of it below the list."""
        limit, offset = page_size(self.request, default), self._offset()
        total = rows.count()
        pagination = {"limit": limit, "offset": offset, "total": total}
        following = None
        if offset + limit < total:
            following = absolute(f"{self.request.path}?limit={limit}&offset={offset + limit}")
        return list(rows[offset : offset + limit]), {"pagination": pagination, "next": following}

    def _offset(self) -> int:
        text = self.request.query_params.get("offset", "") or "0"
        if not (text.isascii() and text.isdecimal()):
            raise ApiError("invalid_parameter", "offset must be a whole number.", param="offset")
        return min(int(text[:12]), _FARTHEST)


class Images(ListView):
    """Every picture of the caller."""

    @extend_schema(operation_id="product_images", parameters=_PAGES, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Pictures of completed generations, newest first, with what all of them cost."""
        rows = Output.objects.of(self.owner()).filter(generation__status="completed")
        rows = rows.order_by("-generation__created_at", "-generation_id", "index")
        made = Generation.objects.of(self.owner()).filter(status="completed")
        micros = made.aggregate(micros=Sum("cost_micros"))["micros"] or 0
        found, below = self.page(rows.prefetch_related("generation__outputs"), 20)
        summary = {
            "totalCost": micros / 1_000_000,
            "totalGenerated": below["pagination"]["total"],
        }
        shown = [_image(output) for output in found]
        return Response({"success": True, "images": shown, "summary": summary} | below)


def _image(output: Output) -> dict[str, Any]:
    """A picture in the list; the cost of an order is shared by its pictures."""
    generation = output.generation
    share = generation.cost_dollars / max(len(presentation.delivered(generation)), 1)
    return {
        "promptId": str(generation.pk),
        "prompt": generation.prompt,
        "imageId": str(output.pk),
        "url": presentation.link(output),
        "thumbnailUrl": absolute(storage.url(output, "640")),
        "cost": share,
        "durationMs": generation.duration_ms,
        "createdAt": moment(generation.created_at),
    }


class Prompts(ListView):
    """Every generation of the caller."""

    @extend_schema(operation_id="product_prompts", parameters=_PAGES, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Generations in whatever state, newest first."""
        rows = Generation.objects.of(self.owner()).order_by("-created_at", "-id")
        found, below = self.page(rows, 50)
        return Response({"success": True, "prompts": [_prompt(row) for row in found]} | below)


def _prompt(generation: Generation) -> dict[str, Any]:
    canceled = generation.status == Generation.Status.CANCELED
    status = "FAILED" if canceled else generation.status.upper()
    return {
        "id": str(generation.pk),
        "prompt": generation.prompt,
        "taskType": generation.mode.upper().replace("-", "_"),
        "imageSize": f"{generation.width}x{generation.height}",
        "status": status,
        "cost": generation.cost_dollars,
        "durationMs": generation.duration_ms,
        "errorMessage": (generation.error_message or None) if status == "FAILED" else None,
        "createdAt": moment(generation.created_at),
    }


class Users(ListView):
    """The accounts, for staff."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="product_debug_users", parameters=_PAGES, responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """Accounts with plan, balance and counts, newest first; 404 to everybody but staff."""
        if not _is_staff(request):
            raise Http404
        counts = {"generations_made": Count("generations", distinct=True)}
        counts["keys_made"] = Count("api_keys", distinct=True)
        rows = User.objects.select_related("membership__wallet").order_by("-date_joined", "-id")
        found, below = self.page(rows.annotate(**counts), 50)
        return Response({"success": True, "users": [_user(row) for row in found]} | below)


def _is_staff(request: Request) -> bool:
    """Staff themselves, or a key of theirs that may manage."""
    if isinstance(request.auth, ApiKey) and "manage" not in request.auth.scopes:
        return False
    return bool(request.user and request.user.is_authenticated and request.user.is_staff)


def _user(row: Any) -> dict[str, Any]:
    wallet = row.membership.wallet if hasattr(row, "membership") else None
    return {
        "id": str(row.pk),
        "email": row.email,
        "plan": wallet.plan_id if wallet else None,
        "balance": wallet.balance if wallet else 0,
        "generations": row.generations_made,
        "keys": row.keys_made,
        "createdAt": moment(row.date_joined),
    }
