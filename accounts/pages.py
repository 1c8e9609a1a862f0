"""The settings pages of an account: profile, sign-in, API keys."""

from __future__ import annotations

import time
import uuid

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.views import EmailView
from allauth.core.exceptions import ReauthenticationRequired
from allauth.socialaccount.models import SocialAccount
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import get_random_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import addresses, keys
from accounts.forms import SCOPE_WORDS, EmailForm, KeyForm, ProfileForm
from accounts.models import ApiKey, User

_FRESH = 15 * 60
"""Seconds after which a sign-in is too old for what cannot be undone."""
_OPEN_FORMS = "key_forms"


def settings(request: HttpRequest) -> HttpResponse:
    """`/settings` is the profile."""
    return redirect("settings-profile")


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Name and public address."""
    user = User.objects.get(pk=person(request).pk)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("settings-profile")
    return render(request, "accounts/profile.html", {"form": form}, status=_status(form))


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """E-mail, password, Google and the way out."""
    user = person(request)
    facts = {
        "proved": addresses.is_proved(user, user.email),
        "google": SocialAccount.objects.filter(user=user, provider="google").first(),
    }
    return render(request, "accounts/account.html", facts)


class EmailPage(EmailView):
    """Another e-mail address, which counts once it is confirmed."""

    form_class = EmailForm

    def _action_primary(self, request: HttpRequest) -> None:
        """Nothing: an address becomes the account's by its mailed link alone."""


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def api_keys(request: HttpRequest) -> HttpResponse:
    """The user's keys, and a form for a new one, whose text is shown in this very answer alone."""
    form = KeyForm(request.POST if request.method == "POST" else None)
    plain = ""
    if request.method == "POST" and form.is_valid():
        if not _sent_once(request):
            messages.info(request, "This key was made already. A key is shown once.")
            return redirect("settings-keys")
        plain = keys.issue(person(request), **form.facts)[1]
        form = KeyForm()
    facts = {
        "form": form,
        "plain": plain,
        "keys": list(ApiKey.objects.filter(user=person(request))),
        "scopes": SCOPE_WORDS,
        "chosen": form["scopes"].value() or [],
        "token": _open_form(request),
    }
    return render(request, "accounts/keys.html", facts, status=_status(form))


@login_required
@require_http_methods(["GET", "POST"])
def revoke_key(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks, and ends a key; a foreign one does not exist."""
    key = get_object_or_404(ApiKey, pk=pk, user=person(request))
    if request.method == "GET":
        return render(request, "accounts/revoke.html", {"key": key})
    require_fresh(request)
    keys.revoke(key)
    messages.success(request, f"{key.name or key.shown} is revoked.")
    return redirect("settings-keys")


def person(request: HttpRequest) -> User:
    """The signed-in user of a page that asks for one."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 (login_required saw to it)
    return user


def require_fresh(request: HttpRequest) -> None:
    """Raises ReauthenticationRequired, which asks for the password, when the sign-in is too old.

    Who has no password signs in with Google, which asks as it sees fit.
    """
    user = person(request)
    records = get_authentication_records(request, user)
    newest = max((record["at"] for record in records), default=0.0)
    if user.has_usable_password() and time.time() - newest > _FRESH:
        raise ReauthenticationRequired


def _status(form: ProfileForm | KeyForm) -> int:
    """400 for a form with errors, so that a client sees what a reader sees."""
    return 400 if form.is_bound and form.errors else 200


def _open_form(request: HttpRequest) -> str:
    """A mark for one form; the session remembers a few, so that tabs do not hinder each other."""
    mark = get_random_string(12)
    request.session[_OPEN_FORMS] = [*request.session.get(_OPEN_FORMS, [])[-9:], mark]
    return mark


def _sent_once(request: HttpRequest) -> bool:
    """Whether this form comes for the first time: a reload makes no second key."""
    marks = request.session.get(_OPEN_FORMS, [])
    mark = request.POST.get("form", "")
    if mark not in marks:
        return False
    request.session[_OPEN_FORMS] = [other for other in marks if other != mark]
    return True
