"""What leaving means across the apps: nothing public, no files, no doors; the ledger stays."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import closing
from accounts.forms import ClosingForm
from accounts.models import CLOSED, User
from accounts.pages import person, require_fresh
from gallery import showcase
from gallery.models import Item
from generator import engine
from generator.engine import NotPossible
from generator.models import Generation, Upload


def leave(user: User) -> None:
    """Closes the account first, so that nothing new begins, then clears what it made."""
    closing.close(user)
    clear(user)


def clear(user: User) -> None:
    """Takes down what the user published, and removes images, prompts and uploads. Safe to repeat.

    What runs is canceled; what cannot be stopped at once is left to `clear_left`.
    """
    for item in Item.objects.filter(author=user, is_public=True):
        showcase.withdraw(item)
    for generation in Generation.objects.filter(user=user, deleted_at=None):
        _remove(generation)
    Upload.objects.filter(user=user, deleted_at=None).update(deleted_at=timezone.now())


def clear_left(limit: int = 100) -> int:
    """Clears after people who left while something ran; says after how many."""
    left = User.objects.filter(is_active=False, email__endswith=CLOSED)
    waiting = left.filter(generations__deleted_at=None).distinct()[:limit]
    for user in waiting:
        clear(user)
    return len(waiting)


def _remove(generation: Generation) -> None:
    """Deletes a generation, after stopping it if it can be stopped."""
    if not generation.is_ended:
        with suppress(NotPossible):
            engine.cancel(generation)
        generation.refresh_from_db()
    if generation.is_ended:
        engine.delete(generation)


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Asks for the address and a fresh sign-in, then deletes the account."""
    user = person(request)
    form = ClosingForm(user, request.POST if request.method == "POST" else None)
    if request.method == "GET" or not form.is_valid():
        status = 400 if form.errors else 200
        return render(request, "accounts/delete.html", {"form": form}, status=status)
    require_fresh(request)
    leave(user)
    logout(request)
    messages.success(request, "Your account is deleted.")
    return redirect("home")
