"""How staff act in the admin: acts that keep their reason, rows to read, lists of any size.

Every app's `admin.py` builds on this; nothing here knows a model.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

_ID = re.compile(r"(?:[a-z]+_)?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
MANY = 10_000
MOST_AT_ONCE = 200
REASON_HINT = "Kept with your name in the history of each row. No personal data."


def read_uuid(text: str) -> uuid.UUID | None:
    """The id in a text as pages, API or logs write it; None where there is none."""
    match = _ID.fullmatch(text.lower())
    return uuid.UUID(match[1]) if match else None


class Refused(Exception):
    """An act that is not possible on this row; the text tells staff why."""


class Many(int):
    """A count that was not taken to its end."""

    def __str__(self) -> str:
        return f"more than {MANY:,}"


class BoundedPaginator(Paginator):
    """Counts to ten thousand and no further: an exact count of a large table takes too long."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, `Many` where they are more than is worth counting."""
        rows: Any = self.object_list
        found = int(rows.order_by()[: MANY + 1].count())
        return found if found <= MANY else Many(MANY)


class Reason(forms.Form):
    """Why staff do something; acts with more to say add fields."""

    reason = forms.CharField(
        max_length=160, help_text=REASON_HINT, widget=forms.TextInput(attrs={"size": 80})
    )
    once = forms.CharField(max_length=32, widget=forms.HiddenInput)
    """Names this very form, so that sending it twice acts once where the act can tell."""


Act = Callable[[HttpRequest, Any, dict[str, Any]], str]


def reasoned(
    title: str, *, form: type[Reason] = Reason, permission: str = "act", warning: str = ""
) -> Callable[[Act], Any]:
    """Make an admin action of `act(request, row, answers) -> what was done`.

    It first asks for a reason, then acts on each row by itself, and keeps who, what and why of
    each in the admin's log. An act raises Refused where it is not possible.
    """

    def decorate(act: Act) -> Any:
        @admin.action(description=title, permissions=[permission])
        def action(
            model_admin: admin.ModelAdmin, request: HttpRequest, rows: QuerySet
        ) -> HttpResponse | None:
            chosen = list(rows[: MOST_AT_ONCE + 1])
            if len(chosen) > MOST_AT_ONCE:
                messages.error(request, f"Choose {MOST_AT_ONCE} rows at most.")
                return None
            answers = form(request.POST) if "once" in request.POST else None
            if answers is None or not answers.is_valid():
                return _ask(model_admin, request, chosen, answers or _blank(form), title, warning)
            for row in chosen:
                _run(act, model_admin, request, row, answers.cleaned_data)
            return None

        action.__name__ = act.__name__
        return action

    return decorate


def _blank(form: type[Reason]) -> Reason:
    return form(initial={"once": uuid.uuid4().hex})


def _ask(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: Sequence[Model],
    form: Reason,
    title: str,
    warning: str,
) -> HttpResponse:
    """The page that asks why."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "warning": warning,
        "form": form,
        "rows": rows,
        "opts": model_admin.opts,
        "media": model_admin.media,
        "action": request.POST["action"],
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/reason.html", context)


def _run(
    act: Act,
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    row: Model,
    answers: dict[str, Any],
) -> None:
    try:
        # The act and its record stand or fall together.
        with transaction.atomic():
            done = act(request, row, answers)
            model_admin.log_change(request, row, f"{done} Reason: {answers['reason']}")
    except Refused as refusal:
        messages.error(request, f"{row}: {refusal}")
        return
    messages.success(request, f"{row}: {done}")


def keep(request: HttpRequest, row: Model, message: str) -> None:
    """Write in a row's history who did what to it and why: for rows that an act changes besides."""
    user: Any = request.user
    LogEntry.objects.log_actions(user.pk, [row], CHANGE, change_message=message, single_object=True)


class StaffAdmin(admin.ModelAdmin):
    """Lists that open at any size. Acts need the model's change permission.

    A search is an id where it reads as one (`id_field`), else the beginning of an e-mail address
    where it has an @ (`email_field`), else words (`text_field`): each of them one indexed way, or
    the one that must read the text.
    """

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50
    change_form_template = "admin/acts.html"
    id_field = ""
    email_field = ""
    text_field = ""

    def get_search_fields(self, request: HttpRequest) -> Any:
        """The search box shows where there is something to search."""
        named = [one for one in (self.id_field, self.email_field, self.text_field) if one]
        return named or super().get_search_fields(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """The rows a search means."""
        if not (self.id_field or self.email_field or self.text_field):
            return super().get_search_results(request, queryset, search_term)
        found, term = queryset, search_term.strip()
        pk = read_uuid(term) if self.id_field else None
        if pk is not None:
            return found.filter(**{self.id_field: pk}), False
        if term and self.email_field and ("@" in term or not self.text_field):
            # Addresses are kept in lower case.
            return found.filter(**{f"{self.email_field}__startswith": term.lower()}), True
        for word in term.split()[:8] if self.text_field else ():
            found = found.filter(**{f"{self.text_field}__icontains": word})
        return (found if self.text_field or not term else found.none()), False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Who may run the actions, also where rows are never edited by hand."""
        name = f"{self.opts.app_label}.change_{self.opts.model_name}"
        return bool(request.user.has_perm(name))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """A row's page offers the acts of its list too, for this row alone."""
        context["acts"] = self.get_action_choices(request, [])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's bulk deletion, which leaves no reason."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


class ShowOnly:
    """Nothing is added, changed or deleted by hand, not even by a superuser."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False


class ShowOnlyAdmin(ShowOnly, StaffAdmin):
    """A list of rows that other code writes."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may view or act on it: `change` counts here though nothing is changed by hand."""
        view = f"{self.opts.app_label}.view_{self.opts.model_name}"
        user: Any = request.user
        return bool(user.has_perm(view)) or self.has_act_permission(request)


class ShowOnlyInline(ShowOnly, admin.TabularInline):
    """Rows of another model that belong to this one, to read."""

    extra = 0
    can_delete = False
    show_change_link = True


class Why(forms.ModelForm):
    """An edit that says why: for rows that decide about money or content."""

    why = forms.CharField(
        max_length=160, help_text=REASON_HINT, widget=forms.TextInput(attrs={"size": 80})
    )


class ReasonedAdmin(StaffAdmin):
    """Rows that staff edit, each edit with its reason in the history."""

    form = Why

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """What changed, and why."""
        inline = [
            name for formset in formsets or [] for one in formset.forms for name in one.changed_data
        ]
        changed = [name for name in form.changed_data if name != "why"] + inline
        what = "Added." if add else f"Changed {', '.join(dict.fromkeys(changed)) or 'nothing'}."
        return f"{what} Reason: {form.cleaned_data.get('why', '')}"


def thumbnail(address: str, size: int = 48) -> SafeString:
    """A small picture for a list."""
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="" loading="lazy" decoding="async">',
        address,
        size,
        size,
    )
