"""The staff's view of people: users to find, close and open again; keys and tokens to end."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from accounts import deliveries, keys, tokens, webhooks
from accounts.models import (
    AccessToken,
    ApiKey,
    Mail,
    User,
    Visitor,
    WebhookDelivery,
    WebhookEndpoint,
)
from accounts.staff import ReasonedAdmin, Refused, ShowOnlyAdmin, ShowOnlyInline, reasoned

admin.site.unregister(Group)


@reasoned("Ban: sign out, stop keys", warning="They are out at their next request.")
def ban(request: HttpRequest, user: User, answers: dict[str, Any]) -> str:
    """Deactivates a user; sessions, keys and tokens open nothing from the next request on."""
    if user == request.user:
        raise Refused("You cannot ban yourself.")
    if not user.is_active:
        raise Refused("Not active already.")
    User.objects.filter(pk=user.pk).update(is_active=False)
    tokens.end_all(user)
    return "Banned."


@reasoned("Lift the ban")
def unban(request: HttpRequest, user: User, answers: dict[str, Any]) -> str:
    """Lets a banned user in again; a closed account has nobody to let in."""
    if user.is_active or user.is_closed:
        raise Refused("Not banned.")
    User.objects.filter(pk=user.pk).update(is_active=True)
    return "Let in again."


@reasoned("Revoke all keys and tokens")
def revoke_all(request: HttpRequest, user: User, answers: dict[str, Any]) -> str:
    """Ends every key and access token of the user."""
    tokens.end_all(user)
    return f"{keys.revoke_all(user)} keys revoked."


@reasoned("Revoke the key")
def revoke(request: HttpRequest, key: ApiKey, answers: dict[str, Any]) -> str:
    """Ends a key from the next request on."""
    if key.revoked_at:
        raise Refused("Revoked already.")
    keys.revoke(key)
    return "Revoked."


class KeyInline(ShowOnlyInline):
    """The user's keys: never more of one than its prefix."""

    model = ApiKey
    fields = ("shown", "name", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at")
    readonly_fields = fields


class AddressInline(ShowOnlyInline):
    """The user's e-mail addresses."""

    model = EmailAddress
    fields = ("email", "verified", "primary")
    readonly_fields = fields


@admin.register(User)
class UserAdmin(ReasonedAdmin):
    """Users; their password is theirs alone."""

    list_display = (
        "email",
        "name",
        "handle",
        "proved",
        "is_active",
        "is_staff",
        "open_keys",
        "date_joined",
    )
    list_filter = ("is_active", "is_staff", "date_joined")
    id_field = "id"
    email_field = "email"
    text_field = "name"
    ordering = ("-date_joined",)
    fields: ClassVar[Any] = (
        "email", "name", "handle", "is_active", "is_staff", "is_superuser", "user_permissions",
        "date_joined", "last_login", "why",
    )  # fmt: skip
    readonly_fields = ("email", "date_joined", "last_login")
    filter_horizontal = ("user_permissions",)
    inlines = (AddressInline, KeyInline)
    actions = (ban, unban, revoke_all)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With what the list shows of other tables, in the same query."""
        proofs = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
        still_open = Count("api_keys", filter=Q(api_keys__revoked_at=None))
        return super().get_queryset(request).annotate(_proved=Exists(proofs), _keys=still_open)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Permissions with what their names are made of: one query, not one for each."""
        if db_field.name == "user_permissions":
            kwargs["queryset"] = Permission.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(boolean=True, description="confirmed")
    def proved(self, user: Any) -> bool:
        """Whether an address of theirs is proved."""
        return bool(user._proved)

    @admin.display(description="keys")
    def open_keys(self, user: Any) -> int:
        """How many keys are not revoked."""
        return int(user._keys)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only superusers make staff."""
        powers = ("is_staff", "is_superuser", "user_permissions")
        return self.readonly_fields + (() if request.user.is_superuser else powers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: people sign up, staff are made by a command."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: generations and the ledger point at a user."""
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(ShowOnlyAdmin):
    """API keys by their prefix."""

    list_display = (
        "shown",
        "name",
        "user",
        "scopes",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("created_at", "revoked_at")
    list_select_related = ("user",)
    id_field = "id"
    email_field = "user__email"
    text_field = "prefix"
    exclude = ("digest",)
    actions = (revoke,)


@admin.register(AccessToken)
class AccessTokenAdmin(ShowOnlyAdmin):
    """Access tokens that are still on."""

    list_display = ("user", "created_at", "expires_at")
    list_select_related = ("user",)
    email_field = "user__email"
    exclude = ("digest",)


@admin.register(Visitor)
class VisitorAdmin(ShowOnlyAdmin):
    """Browsers without an account."""

    list_display = ("__str__", "created_at", "claimed_by")
    list_select_related = ("claimed_by",)
    id_field = "id"


@admin.register(Mail)
class MailAdmin(ShowOnlyAdmin):
    """Mails that have not left yet; their text holds links that open doors, so it is not shown."""

    list_display = ("to", "subject", "attempts", "due_at", "created_at")
    email_field = "to"
    exclude = ("text", "html")


@reasoned("Disable the webhook", warning="What is on its way is given up; its owner gets a mail.")
def disable_webhook(request: HttpRequest, row: WebhookEndpoint, answers: dict[str, Any]) -> str:
    """Stops everything that goes to an endpoint."""
    if row.disabled_at or not row.url:
        raise Refused("Disabled already, or no address.")
    webhooks.disable(row, "Staff disabled it.")
    return "Disabled."


@reasoned("Send again")
def resend(request: HttpRequest, row: WebhookDelivery, answers: dict[str, Any]) -> str:
    """Sends a delivery once more, under its id."""
    if row.endpoint.disabled_at:
        raise Refused("Its webhook is disabled.")
    deliveries.resend(row)
    return "On its way again."


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ShowOnlyAdmin):
    """Webhooks; their secrets sign in the user's name, so they are not shown."""

    list_display = ("__str__", "user", "created_at", "failing_since", "disabled_at", "reason")
    list_filter = ("created_at", "disabled_at")
    list_select_related = ("user",)
    id_field = "id"
    email_field = "user__email"
    text_field = "url"
    exclude = ("secret", "previous_secret")
    actions = (disable_webhook,)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ShowOnlyAdmin):
    """What was sent, and how it went."""

    list_display = (
        "type",
        "endpoint",
        "status",
        "attempts",
        "http_status",
        "duration_ms",
        "due_at",
        "created_at",
    )
    list_filter = ("status", "type", "created_at")
    list_select_related = ("endpoint__user",)
    id_field = "id"
    email_field = "endpoint__user__email"
    actions = (resend,)
