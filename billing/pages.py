"""Pages about plans and money: `/pricing` and `/billing`."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing.models import Plan


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """`/pricing`: the plans as they are now."""
    return render(request, "billing/pricing.html", {"plans": Plan.objects.all()})


@login_required
@require_safe
def billing(request: HttpRequest) -> HttpResponse:
    """`/billing`: the plan, the balance, and every movement of credits."""
    return render(request, "billing/billing.html")
