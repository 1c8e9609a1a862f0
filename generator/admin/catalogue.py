"""The catalogue in the admin: models, routes and styles, a field a price instead of raw data."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from accounts.staff import ReasonedAdmin, ShowOnlyInline, Why
from generator.admin import prices
from generator.models import Model, Route, Style


class RuleForm(Why):
    """A row with a price rule: its numbers as fields once it exists, raw only while it is made."""

    rule: ClassVar[str]
    unit: ClassVar[str]
    scale: ClassVar[int] = 1

    def clean(self) -> dict[str, Any]:
        """Put the numbers back into the rule; refuse a rule that cannot be read."""
        answers = super().clean() or self.cleaned_data
        if self.rule in answers:
            rule = answers[self.rule]
        else:
            rule = prices.filled(
                getattr(self.instance, self.rule), self.unit, self.scale, self.cleaned_data
            )
        if not prices.is_rule(rule):
            raise ValidationError('A rule is {"base": 20} or {"by": [parameter, {value: amount}]}.')
        setattr(self.instance, self.rule, rule)
        return answers


class ModelForm(RuleForm):
    """A model with its prices in credits."""

    rule, unit = "prices", "credits"


class RouteForm(RuleForm):
    """A route with its costs in dollars."""

    rule, unit, scale = "costs", "dollars", prices.MICROS


class RuleAdmin(ReasonedAdmin):
    """Shows the numbers of a row's rule as fields of their own."""

    form: type[RuleForm]
    raw: tuple[str, ...] = ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form with a field for each number of this row's rule."""
        base = self.form
        if obj is not None:
            kwargs["form"] = type(base.__name__, (base,), self._number_fields(obj))
        return super().get_form(request, obj, change=change, **kwargs)

    def _number_fields(self, obj: Any) -> dict[str, forms.Field]:
        rule, form = getattr(obj, self.form.rule), self.form
        return {
            cell.name: prices.field(cell, form.scale)
            for cell in (prices.cells(rule, form.unit) if prices.is_rule(rule) else ())
        }

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What staff change often first; raw data folded away below."""
        names = [str(name) for name in self.get_fields(request, obj)]
        raw = [name for name in names if name in self.raw]
        often = [name for name in names if name not in {*raw, "why"}]
        rest = (("Raw data", {"fields": raw, "classes": ("collapse",)}),) if raw and obj else ()
        return (
            (None, {"fields": often + ([] if rest else raw)}),
            *rest,
            ("Why", {"fields": ["why"]}),
        )

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """The raw rule, once its numbers have fields."""
        readable = obj is not None and prices.is_rule(getattr(obj, self.form.rule))
        return (self.form.rule,) if readable else None


class RouteInline(ShowOnlyInline):
    """The model's ways to providers; each has its own page."""

    model = Route
    fields = ("provider", "upstream_model", "order", "enabled", "sunset")


@admin.action(description="Switch on", permissions=["change"])
def switch_on(model_admin: Any, request: HttpRequest, rows: QuerySet) -> None:
    """Offer them again."""
    _switch(model_admin, request, rows, True)


@admin.action(description="Switch off", permissions=["change"])
def switch_off(model_admin: Any, request: HttpRequest, rows: QuerySet) -> None:
    """Offer them no more; what runs goes on."""
    _switch(model_admin, request, rows, False)


def _switch(model_admin: Any, request: HttpRequest, rows: QuerySet, on: bool) -> None:
    for row in rows.exclude(enabled=on):
        type(row).objects.filter(pk=row.pk).update(enabled=on)
        model_admin.log_change(request, row, "Switched on." if on else "Switched off.")
        messages.success(request, f"{row} is {'on' if on else 'off'}.")


@admin.register(Model)
class ModelAdmin(RuleAdmin):
    """What users pick: on or off, order, price, and whether the price covers its cost."""

    form = ModelForm
    list_display = ("slug", "title", "kind", "enabled", "order", "providers", "care")
    list_filter = ("kind", "enabled")
    search_fields = ("slug", "title", "maker")
    inlines = (RouteInline,)
    actions = (switch_on, switch_off)
    raw = ("aliases", "modes", "parameters")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """With their routes."""
        return super().get_queryset(request).prefetch_related("routes")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A model keeps its slug: generations name it."""
        return ("slug", "warnings") if obj else ("warnings",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Switched off instead: generations and gallery items name it."""
        return False

    @admin.display(description="providers")
    def providers(self, model: Model) -> str:
        """Who serves it, in order."""
        return (
            ", ".join(route.provider for route in model.routes.all() if route.enabled) or "nobody"
        )

    @admin.display(description="care")
    def care(self, model: Model) -> str:
        """How many warnings it has."""
        count = len(_warnings(model))
        return f"⚠ {count} to look at" if count else "–"

    @admin.display(description="to look at")
    def warnings(self, model: Model) -> str:
        """Prices below cost and routes that end."""
        lines = ((line,) for line in _warnings(model))
        return format_html_join("", "<div>⚠ {}</div>", lines) or "nothing"


def _warnings(model: Model) -> list[str]:
    if model.pk == "":
        return []
    routes = list(model.routes.all())
    return prices.sunset_warnings(routes) + prices.margin_warnings(model, routes)


@admin.register(Route)
class RouteAdmin(RuleAdmin):
    """One way to serve a model: the provider, the upstream's id, and what it costs us."""

    form = RouteForm
    list_display = ("model", "provider", "upstream_model", "order", "enabled", "sunset", "care")
    list_filter = ("provider", "enabled")
    list_select_related = ("model",)
    search_fields = ("model__slug", "provider", "upstream_model")
    ordering = ("model__order", "order")
    actions = (switch_on, switch_off)
    readonly_fields = ("warnings",)

    @admin.display(description="care")
    def care(self, route: Route) -> str:
        """How many warnings it has."""
        count = len(_route_warnings(route))
        return f"⚠ {count} to look at" if count else "–"

    @admin.display(description="to look at")
    def warnings(self, route: Route) -> str:
        """Prices below this route's cost, and its end."""
        lines = ((line,) for line in _route_warnings(route))
        return format_html_join("", "<div>⚠ {}</div>", lines) or "nothing"


def _route_warnings(route: Route) -> list[str]:
    if not route.model_id:
        return []
    return prices.sunset_warnings([route]) + prices.margin_warnings(route.model, [route])


class StyleForm(Why):
    """A style; its template must have a place for the user's words."""

    def clean_template(self) -> str:
        """Exactly one {prompt}."""
        template: str = self.cleaned_data["template"]
        if template.count("{prompt}") != 1:
            raise ValidationError("{prompt} must stand in it once, for the user's words.")
        return template


@admin.register(Style)
class StyleAdmin(ReasonedAdmin):
    """The visible prompt templates."""

    form = StyleForm
    list_display = ("slug", "title", "template", "enabled", "order")
    actions = (switch_on, switch_off)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A style keeps its slug: generations name it."""
        return ("slug",) if obj else ()
