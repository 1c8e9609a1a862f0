"""The gallery in the admin: a queue of reports, items to hide or put back, the site's words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from accounts.staff import (
    ReasonedAdmin,
    Refused,
    ShowOnlyAdmin,
    ShowOnlyInline,
    StaffAdmin,
    keep,
    reasoned,
)
from gallery import showcase
from gallery.models import (
    Feature,
    FirstStart,
    Item,
    ItemCount,
    Like,
    Question,
    Report,
    Review,
)
from generator.admin.generations import GenerationAdmin, picture
from generator.models import Generation

HIDE = "Nobody sees these pictures any more, and their authors cannot publish them again."


@reasoned("Hide", warning=HIDE)
def hide(request: HttpRequest, item: Item, answers: dict[str, Any]) -> str:
    """Takes items out of the gallery."""
    showcase.hide(item)
    return "Hidden; its reports are settled."


@reasoned("Put back")
def put_back(request: HttpRequest, item: Item, answers: dict[str, Any]) -> str:
    """Puts back what was hidden."""
    if not item.hidden_by_staff:
        raise Refused("It is not hidden.")
    showcase.unhide(item)
    return "Put back."


@reasoned("Dismiss the reports")
def dismiss(request: HttpRequest, item: Item, answers: dict[str, Any]) -> str:
    """Settles the open reports on items that stay."""
    closed = showcase.close_reports(item)
    if not closed:
        raise Refused("No report is open.")
    return f"Dismissed {closed} report{'s' if closed > 1 else ''}."


class ReportedFilter(admin.SimpleListFilter):
    """Items that somebody reported and nobody looked at yet."""

    title = "reports"
    parameter_name = "reported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One choice beside all."""
        return [("open", "With open reports")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Those with an open report."""
        waiting = Report.objects.filter(closed_at=None).values("item")
        return queryset.filter(pk__in=waiting) if self.value() == "open" else queryset


class ReportInline(ShowOnlyInline):
    """What people said about the item."""

    model = Report
    fields = ("created_at", "reason", "detail", "closed_at")
    readonly_fields = ("created_at",)


@admin.register(Item)
class ItemAdmin(StaffAdmin):
    """What is shown. Staff may correct the words; showing and hiding are acts with a reason."""

    list_display = (
        "image", "name", "author", "model", "likes", "open_reports", "is_public",
        "hidden_by_staff", "created_at",
    )  # fmt: skip
    list_display_links = ("name",)
    list_filter = (ReportedFilter, "hidden_by_staff", "is_public", "created_at")
    id_field, email_field, text_field = "id", "author__email", "title"
    search_help_text = "An id, the beginning of the author's e-mail address, or words of the title"
    ordering = ("-created_at", "-id")
    list_select_related = ("author", "output", "count")
    inlines = (ReportInline,)
    actions = (hide, put_back, dismiss)
    fields = (
        "page", "image", "title", "description", "prompt", "author", "model", "width", "height",
        "is_public", "hidden_by_staff", "by_demo", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        """With what a row shows, and how many reports wait."""
        mine = Report.objects.filter(item=OuterRef("pk"), closed_at=None).order_by()
        # A subquery runs for the rows of one page; a joined count would group the whole table.
        waiting = Subquery(mine.values("item").annotate(count=Count("pk")).values("count"))
        return super().get_queryset(request).annotate(waiting=waiting)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """All but the words."""
        return tuple(name for name in self.fields if name not in {"title", "description"})

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Items come from their authors."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Hidden instead, so that the file closes and the history stays."""
        return False

    def save_model(self, request: HttpRequest, obj: Item, form: Any, change: bool) -> None:
        """Only the words: what else the row says may have changed meanwhile."""
        obj.save(update_fields=("title", "description"))

    @admin.display(description="")
    def image(self, item: Item) -> str:
        """Its thumbnail."""
        return picture(item.output)

    @admin.display(description="title")
    def name(self, item: Item) -> str:
        """The title, or what stands for it."""
        return item.title or "Untitled"

    @admin.display(description="likes", ordering="count__likes")
    def likes(self, item: Item) -> int:
        """How many people like it."""
        return item.count.likes

    @admin.display(description="open reports")
    def open_reports(self, item: Item) -> str:
        """How many reports nobody looked at yet."""
        waiting: int | None = getattr(item, "waiting", None)
        return f"⚠ {waiting}" if waiting else "–"

    @admin.display(description="page")
    def page(self, item: Item) -> str:
        """The item as the public sees it."""
        address = reverse("gallery-item", args=[item.pk])
        return format_html('<a href="{}">{}</a>', address, address)


@reasoned("Hide the picture", warning=HIDE)
def hide_reported(request: HttpRequest, report: Report, answers: dict[str, Any]) -> str:
    """Takes the reported items out; all reports on them are settled."""
    showcase.hide(report.item)
    keep(request, report.item, f"Hidden after a report. Reason: {answers['reason']}")
    return "Picture hidden; its reports are settled."


@reasoned("Dismiss, the picture stays")
def dismiss_report(request: HttpRequest, report: Report, answers: dict[str, Any]) -> str:
    """Settles these reports."""
    if not showcase.close_report(report):
        raise Refused("It is settled already.")
    return "Dismissed."


@admin.register(Report)
class ReportAdmin(ShowOnlyAdmin):
    """The moderation queue: open reports first, the oldest of them on top."""

    list_display = ("created_at", "image", "item", "why", "detail", "by", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "reason")
    list_select_related = ("item__output",)
    id_field, text_field = "item", "detail"
    search_help_text = "An item's id, or words of the report"
    actions = (hide_reported, dismiss_report)
    readonly_fields = ("image", "by")
    exclude = ("reporter",)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Open ones first."""
        return (F("closed_at").desc(nulls_first=True), "created_at")

    @admin.display(description="")
    def image(self, report: Report) -> str:
        """The picture it is about."""
        return picture(report.item.output)

    @admin.display(description="why", ordering="reason")
    def why(self, report: Report) -> str:
        """The reason in words."""
        return report.get_reason_display()

    @admin.display(description="by")
    def by(self, report: Report) -> str:
        """The reporter's id, shortened: enough to see that one person reports a lot."""
        return report.reporter[:8]


@admin.register(Like)
class LikeAdmin(ShowOnlyAdmin):
    """Who likes what."""

    list_display = ("created_at", "user", "item")
    list_select_related = ("user", "item")
    id_field, email_field = "item", "user__email"
    search_help_text = "An item's id, or the beginning of an e-mail address"
    ordering = ("-id",)


@admin.register(ItemCount)
class ItemCountAdmin(ShowOnlyAdmin):
    """The like counters, the highest first."""

    list_display = ("item", "likes", "visible")
    list_select_related = ("item",)
    id_field = "item"
    ordering = ("-likes", "-item")


@admin.register(Feature)
class FeatureAdmin(ReasonedAdmin):
    """The cards of the landing page."""

    list_display = ("title", "icon", "enabled", "order")
    list_filter = ("enabled",)


@admin.register(Question)
class QuestionAdmin(ReasonedAdmin):
    """The questions of the landing page."""

    list_display = ("question", "enabled", "order")
    list_filter = ("enabled",)


@reasoned("Approve: show on the landing page", permission="change")
def approve(request: HttpRequest, review: Review, answers: dict[str, Any]) -> str:
    """Shows reviews."""
    Review.objects.filter(pk=review.pk).update(approved=True)
    return "Approved."


@reasoned("Take back the approval", permission="change")
def disapprove(request: HttpRequest, review: Review, answers: dict[str, Any]) -> str:
    """Shows reviews no more."""
    Review.objects.filter(pk=review.pk).update(approved=False)
    return "Not shown any more."


@admin.register(Review)
class ReviewAdmin(ReasonedAdmin):
    """What users said, waiting for approval first."""

    list_display = ("name", "role", "rating", "text", "approved", "created_at")
    list_filter = ("approved", "rating")
    text_field = "text"
    ordering = ("approved", "-created_at")
    actions = (approve, disapprove)


@admin.register(FirstStart)
class FirstStartAdmin(ShowOnlyAdmin):
    """Which steps of the very first start are done."""

    list_display = ("step", "done_at")


@reasoned("Hide from the gallery", warning=HIDE)
def hide_generation(request: HttpRequest, generation: Generation, answers: dict[str, Any]) -> str:
    """Takes whatever was published of these generations out of the gallery."""
    items = list(Item.objects.filter(output__generation=generation, hidden_by_staff=False))
    if not items:
        raise Refused("Nothing of it is in the gallery.")
    for item in items:
        showcase.hide(item)
        keep(request, item, f"Hidden with its generation. Reason: {answers['reason']}")
    return f"Hid {len(items)} picture{'s' if len(items) > 1 else ''}."


admin.site.unregister(Generation)


@admin.register(Generation)
class ModeratedGenerationAdmin(GenerationAdmin):
    """Generations with the act that only the gallery knows."""

    actions = (*GenerationAdmin.actions, hide_generation)
