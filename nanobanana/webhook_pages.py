"""The settings page of webhooks: endpoints to add, try, rotate and delete, and their deliveries."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import deliveries, webhooks
from accounts.models import User, WebhookDelivery, WebhookEndpoint
from accounts.pages import person
from generator import hooks
from generator.guard import MAX_URL, FetchRefused

EVENT_WORDS = (
    ("generation.completed", "An image is ready"),
    ("generation.failed", "A generation failed"),
    ("generation.canceled", "A generation was canceled"),
    ("credits.low", "Credits run low"),
    ("key.created", "A key was made"),
)
_SHOWN = 50


class WebhookForm(forms.Form):
    """A new endpoint: its address and the events it hears of."""

    url = forms.CharField(max_length=MAX_URL)
    events = forms.MultipleChoiceField(choices=EVENT_WORDS)

    def __init__(self, user: User, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user

    def clean_url(self) -> str:
        """A public https address that the user has not added yet."""
        try:
            url = str(hooks.policy().check(self.cleaned_data["url"]))
        except FetchRefused as refused:
            raise forms.ValidationError(refused.message) from refused
        if webhooks.of(self.user).filter(url=url).exists():
            raise forms.ValidationError("You have added this address already.")
        return url


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """The endpoints, and a form for a new one, whose secret is shown in this answer alone."""
    user = person(request)
    form = WebhookForm(user, request.POST if request.method == "POST" else None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = webhooks.register(user, **form.cleaned_data)
            secret, form = made.secret, WebhookForm(user)
        except webhooks.TooMany as error:
            form.add_error("url", str(error))
    facts = {
        "form": form,
        "secret": secret,
        "webhooks": list(webhooks.of(user)),
        "account": WebhookEndpoint.objects.filter(user=user, url="").first(),
        "events": EVENT_WORDS,
        "chosen": form["events"].value() or ["generation.completed", "generation.failed"],
    }
    return render(request, "accounts/webhooks.html", facts, status=400 if form.errors else 200)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def detail(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One endpoint with its latest deliveries; a foreign one does not exist."""
    endpoint = get_object_or_404(WebhookEndpoint, pk=pk, user=person(request))
    secret = ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "rotate":
            secret = webhooks.rotate(endpoint)
        else:
            return _do(request, endpoint, act)
    rows = endpoint.deliveries.all()[:_SHOWN]
    facts = {"webhook": endpoint, "deliveries": rows, "secret": secret}
    return render(request, "accounts/webhook.html", facts)


def _do(request: HttpRequest, endpoint: WebhookEndpoint, act: str) -> HttpResponse:
    """One of the buttons; 404 for anything else."""
    if not endpoint.url:
        raise Http404
    if act == "delete":
        webhooks.remove(endpoint)
        messages.success(request, "The webhook is deleted.")
        return redirect("settings-webhooks")
    if act == "enable":
        webhooks.enable(endpoint)
        messages.success(request, "The webhook is on again.")
    elif act == "test" and endpoint.disabled_at is None:
        deliveries.test(endpoint)
        messages.success(request, "A test event is on its way. Reload in a moment to see it.")
    else:
        raise Http404
    return redirect("settings-webhook", endpoint.pk)


@login_required
@require_POST
def resend(request: HttpRequest, pk: uuid.UUID, delivery: uuid.UUID) -> HttpResponse:
    """Sends a delivery once more."""
    mine = WebhookDelivery.objects.filter(endpoint=pk, endpoint__user=person(request))
    row = get_object_or_404(mine.filter(endpoint__disabled_at=None), pk=delivery)
    deliveries.resend(row)
    messages.success(request, "It is on its way again.")
    return redirect("settings-webhook", pk)


urlpatterns = [
    path("settings/webhooks", listing, name="settings-webhooks"),
    path("settings/webhooks/<uuid:pk>", detail, name="settings-webhook"),
    path(
        "settings/webhooks/<uuid:pk>/deliveries/<uuid:delivery>",
        resend,
        name="settings-webhook-resend",
    ),
]
