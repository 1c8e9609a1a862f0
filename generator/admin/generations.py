"""Generations in the admin: what runs, what failed, what it cost; refund, cancel and retry."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from accounts.staff import Refused, ShowOnlyAdmin, ShowOnlyInline, reasoned, thumbnail
from generator import engine, storage
from generator.catalogue import Invalid, ModelUnavailable
from generator.limits import RateLimited
from generator.models import Attempt, Generation, Model, Output, Route

PROMPT = 48


@reasoned("Refund", warning="Gives back what these still hold. The owner reads the reason.")
def refund(request: HttpRequest, generation: Generation, answers: dict[str, Any]) -> str:
    """Gives the credits of ended generations back."""
    actor: Any = request.user
    try:
        back = engine.refund_by_staff(generation, actor, answers["reason"])
    except engine.NotPossible as error:
        raise Refused(str(error)) from error
    return f"Gave {back:,} credits back."


@reasoned("Cancel", warning="Pending ones end at once, with their credits back.")
def cancel(request: HttpRequest, generation: Generation, answers: dict[str, Any]) -> str:
    """Stops generations that have not ended."""
    try:
        ended = engine.cancel(generation)
    except engine.NotPossible as error:
        raise Refused(str(error)) from error
    return "Canceled." if ended else "The provider is asked to stop."


@reasoned(
    "Retry", warning="Runs each again with the same parameters, free of charge for its owner."
)
def retry(request: HttpRequest, generation: Generation, answers: dict[str, Any]) -> str:
    """Submits the same again for the same owner."""
    actor: Any = request.user
    try:
        again = engine.retry(generation, actor=actor, reason=answers["reason"])
    except (engine.NotPossible, Invalid, ModelUnavailable, RateLimited) as error:
        raise Refused(str(error)) from error
    return f"Runs again as {again.public_id}."


class ModelFilter(admin.SimpleListFilter):
    """By model, from the catalogue: asking a large table for its values takes too long."""

    title = "model"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The catalogue's models."""
        return [(slug, slug) for slug in Model.objects.values_list("slug", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those of the chosen model."""
        return queryset.filter(model=self.value()) if self.value() else queryset


class ProviderFilter(admin.SimpleListFilter):
    """By the provider that served it in the end."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The routes' providers, and the stand-in."""
        names = set(Route.objects.order_by().values_list("provider", flat=True)) | {"demo"}
        return [(name, name) for name in sorted(names)]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those of the chosen provider."""
        return queryset.filter(provider=self.value()) if self.value() else queryset


def shown(output: Output, size: int = 48) -> str:
    """The output's thumbnail; a dash while there is none."""
    if output.state != Output.State.DELIVERED or output.deleted_at is not None:
        return "–"
    return thumbnail(storage.url(output, "320"), size)


def picture(output: Output, size: int = 48) -> str:
    """The output's thumbnail, linked to its file."""
    small = shown(output, size)
    return small if small == "–" else format_html('<a href="{}">{}</a>', storage.url(output), small)


class OutputInline(ShowOnlyInline):
    """The generation's slots."""

    model = Output
    fields = ("index", "image", "state", "progress", "error_code", "error_message", "published")
    readonly_fields = ("image",)

    @admin.display(description="image")
    def image(self, output: Output) -> str:
        """Its thumbnail."""
        return picture(output, 96)


@admin.register(Generation)
class GenerationAdmin(ShowOnlyAdmin):
    """Every request, with what became of it."""

    list_display = (
        "image", "words", "status", "made_by", "owner", "credits", "cost", "took", "error_code",
        "created_at",
    )  # fmt: skip
    list_display_links = ("image", "words")
    list_filter = ("status", ModelFilter, ProviderFilter, "mode", "created_at")
    id_field, email_field, text_field = "id", "user__email", "prompt"
    search_help_text = "An id, the beginning of an e-mail address, or words of the prompt"
    ordering = ("-created_at", "-id")
    list_select_related = ("user",)
    inlines = (OutputInline,)
    actions: Any = (refund, cancel, retry)
    readonly_fields = ("owner", "cost", "took", "attempts")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": (
            "status", "owner", "prompt", "model", "provider", "upstream_model", "price", "refunded",
            "cost", "took", "error_code", "error_message", "attempts",
        )}),
        ("Order", {"fields": (
            "mode", "style", "parameters", "warnings", "uploads", "n", "width", "height", "seed",
            "public",
        )}),
        ("Times", {"fields": (
            "created_at", "started_at", "completed_at", "deadline_at", "deleted_at",
            "cancel_requested", "version",
        )}),
        ("Paid by", {"fields": ("wallet", "key", "key_prefix")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        """With their owners and outputs."""
        outputs = Output.objects.order_by("index")
        rows = super().get_queryset(request).select_related("user")
        return rows.prefetch_related(Prefetch("outputs", outputs))

    @admin.display(description="")
    def image(self, generation: Generation) -> str:
        """The first delivered output."""
        done = [one for one in generation.outputs.all() if one.state == Output.State.DELIVERED]
        return shown(done[0]) if done else "–"

    @admin.display(description="owner")
    def owner(self, generation: Generation) -> str:
        """The user's address, or that it was a visitor's trial."""
        return generation.user.email if generation.user else "a visitor"

    @admin.display(description="prompt")
    def words(self, generation: Generation) -> str:
        """The beginning of the prompt; its id once it is deleted."""
        text = generation.prompt or generation.public_id
        return f"{text[:PROMPT]}…" if len(text) > PROMPT else text

    @admin.display(description="model, by", ordering="model")
    def made_by(self, generation: Generation) -> str:
        """The model, and who served it."""
        return f"{generation.model}, {generation.provider or '–'}"

    @admin.display(description="credits", ordering="price")
    def credits(self, generation: Generation) -> str:
        """The price, and what of it was given back."""
        back = f", {generation.refunded:,} back" if generation.refunded else ""
        return f"{generation.price:,}{back}"

    @admin.display(description="cost", ordering="cost_micros")
    def cost(self, generation: Generation) -> str:
        """What the provider costs us, in dollars."""
        return f"${generation.cost_dollars:.4f}"

    @admin.display(description="took", ordering="duration_ms")
    def took(self, generation: Generation) -> str:
        """Seconds from acceptance to its end."""
        took = generation.duration_ms
        return "–" if took is None else f"{took / 1000:.1f} s"

    @admin.display(description="attempts")
    def attempts(self, generation: Generation) -> str:
        """Every submission to a provider, with its outcome."""
        rows = Attempt.objects.filter(output__generation=generation).select_related("output")
        lines = (
            (
                one.output.index,
                one.number,
                one.provider,
                one.upstream_model,
                one.state,
                f"{one.created_at:%H:%M:%S}",
                f"{one.ended_at:%H:%M:%S}" if one.ended_at else "–",
                one.error,
            )
            for one in rows.order_by("output__index", "number")
        )
        line = "<div>slot {}, attempt {}: {} {}, {}, {} to {} {}</div>"
        return format_html_join("", line, lines) or "none yet"


class AttemptInline(ShowOnlyInline):
    """The slot's submissions."""

    model = Attempt
    fields = ("number", "provider", "upstream_model", "state", "error", "created_at", "ended_at")


@admin.register(Output)
class OutputAdmin(ShowOnlyAdmin):
    """The slots: what the queue holds and what was delivered."""

    list_display = ("id", "image", "generation", "index", "state", "due_at", "epoch", "error_code")
    list_filter = ("state", "published")
    id_field, email_field = "generation", "generation__user__email"
    search_help_text = "A generation's id, or the beginning of an e-mail address"
    ordering = ("-id",)
    list_select_related = ("generation",)
    inlines = (AttemptInline,)
    readonly_fields = ("image",)

    @admin.display(description="")
    def image(self, output: Output) -> str:
        """Its thumbnail."""
        return picture(output)


@admin.register(Attempt)
class AttemptAdmin(ShowOnlyAdmin):
    """The submissions to providers."""

    list_display = ("created_at", "output", "number", "provider", "state", "cost", "error")
    list_filter = ("state", ProviderFilter)
    id_field = "output__generation"
    search_help_text = "A generation's id"
    ordering = ("-created_at",)
    list_select_related = ("output",)
    exclude = ("callback_digest", "results")

    @admin.display(description="cost", ordering="cost_micros")
    def cost(self, attempt: Attempt) -> str:
        """What the provider says it costs us, in dollars."""
        return "–" if attempt.cost_micros is None else f"${attempt.cost_micros / 1_000_000:.4f}"
