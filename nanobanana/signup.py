"""What joining means across the apps: allauth's adapters, and what a new account finds there."""

from __future__ import annotations

from typing import Any, NoReturn

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows import email_verification
from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.account.models import EmailAddress
from allauth.account.utils import setup_user_email
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import addresses, closing, outbox, throttle, tokens
from accounts.models import User, Visitor
from accounts.owner_of import VISITOR, address_of, visitor_of
from billing import ledger
from generator import claims

log = structlog.get_logger(__name__)


def welcome(user: User, visitor: Visitor | None) -> None:
    """Opens the wallet with its first credits, and hands over what the visitor made."""
    ledger.wallet_of(user)
    if visitor is not None:
        claims.claim(visitor, user)


def register(request: HttpRequest, user: User, password: str) -> bool:
    """Saves a new account and mails the link that confirms it; False: the address is taken.

    Where confirmation is required, an account waits with its welcome until its first sign-in.
    """
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            setup_user_email(request, user, [EmailAddress(email=user.email)])
    except IntegrityError:
        return False
    EmailAddress.objects.get(user=user).send_confirmation(request, signup=True)
    if not confirmation_required():
        arrive(request, user)
    return True


def arrive(request: HttpRequest, user: User) -> None:
    """What every sign-in does: the session's visitor becomes the user, whose wallet is opened."""
    visitor = visitor_of(request)
    request.session.pop(VISITOR, None)
    welcome(user, visitor)


def tell_holder(request: HttpRequest, email: str) -> None:
    """Mails the holder of an address that somebody tried to sign up with it, not too often."""
    if email_verification.consume_email_verification_rate_limit(request, email):
        AccountAdapter(request).send_account_already_exists_mail(email)


def confirmation_required() -> bool:
    """Whether an account opens only after its e-mail address was confirmed."""
    return bool(settings.ACCOUNT_EMAIL_VERIFICATION == "mandatory")


class AccountAdapter(DefaultAccountAdapter):
    """Signing up and in by e-mail."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": "This account is closed.",
        "email_password_mismatch": "The email or the password is not right.",
        "email_taken": "An account with this email exists. Sign in, or reset its password.",
        "duplicate_email": "This is your email already.",
        "enter_current_password": "The current password is not right.",
        "incorrect_password": "The password is not right.",
        "invalid_password_reset": "This link was used before or is too old.",
        "unverified_primary_email": "Confirm this email first.",
    }

    def is_ajax(self, request: HttpRequest) -> bool:
        """Never: these are pages. Programs have the API."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only a path of this site is a place to go on to."""
        if not url.startswith("/") or any(ord(letter) < 33 for letter in url):
            return False
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address as our own trusted proxies saw it."""
        return address_of(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Counts a try; too many failed ones are a 429 that says how long to wait."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            key = self._get_login_attempts_cache_key(request, **credentials)
            seconds = throttle.wait(request, "login_failed", key)
            raise ImmediateHttpResponse(throttle.too_many(request, seconds)) from error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The user of these credentials. Staff were made by an operator, who vouches for them."""
        user: User | None = super().authenticate(request, **credentials)
        if user and user.is_staff and not EmailAddress.objects.filter(user=user).exists():
            addresses.vouch(user)
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        """Opens the session (under a new id), and hands over what its visitor made."""
        super().login(request, user)
        if not get_authentication_records(request, user):  # it was the sign-up itself
            record_authentication(request, user, "signup")
        arrive(request, user)

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Saves a new user of the page; whoever was a moment faster keeps the address."""
        try:
            with transaction.atomic():
                return super().save_user(request, user, form, commit)
        except IntegrityError as error:
            messages.error(request, self.error_messages["email_taken"])
            raise ImmediateHttpResponse(redirect("account_login")) from error

    def set_password(self, user: User, password: str) -> None:
        """A new password ends access tokens; keys stay, unless they came before the proof.

        Nobody signed in means the mailed link was used. If the address was never proved until
        now, a stranger may have made the account: keys and a connected Google end too.
        """
        super().set_password(user, password)
        tokens.end_all(user)
        if not self.request.user.is_authenticated and not addresses.is_proved(user, user.email):
            closing.shut(user)
            addresses.prove_only(user)

    def can_delete_email(self, email_address: EmailAddress) -> bool:
        """Only a change that waits for its proof can be dropped."""
        return bool(email_address.email != email_address.user.email)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Confirms an address: others who only claimed it give way; other sessions end."""
        user = email_address.user
        here = request.user.pk == user.pk  # looked at now: the change ends every session
        try:
            with transaction.atomic():
                addresses.take_over(email_address.email, keep=user)
                changed = user.email != email_address.email
                done: bool = super().confirm_email(request, email_address)
        except addresses.Taken:
            return False
        if done and changed:
            tokens.end_all(user)
            if here:
                user.refresh_from_db()
                update_session_auth_hash(request, user)
        return done

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Writes the mail and puts it into the outbox, so that no page waits for a mail server."""
        facts = {"email": email, "site_url": settings.SITE_URL} | context
        outbox.put(self.render_mail(template_prefix, email, facts))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link of the mail, always on the site's own address."""
        return settings.SITE_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of the mail, always on the site's own address."""
        uid, _, secret = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": secret})
        return settings.SITE_URL + path

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to the settings page."""
        return reverse("settings-account")


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Signing up and in with Google."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Lets in only who Google vouches for, and never into an account of another's making.

        Where the address has an account that proved it, its password comes first: then Google is
        connected in the settings. One that never proved it is closed (see `addresses.take_over`).
        """
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        proved = [address.email for address in sociallogin.email_addresses if address.verified]
        if not proved:
            _refuse(request, "unverified")
        try:
            addresses.take_over(proved[0])
        except addresses.Taken:
            _refuse(request, "taken")

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        """A new user starts with the name Google knows."""
        user: User = super().populate_user(request, sociallogin, data)
        name = str(sociallogin.account.extra_data.get("name") or "").strip()
        user.name = name[:80] if name.isprintable() else ""
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        """Back to the settings page."""
        return reverse("settings-account")

    def get_app(self, request: HttpRequest, provider: str, client_id: str | None = None) -> Any:
        """Google's credentials; where there are none, its pages do not exist."""
        if not settings.GOOGLE_LOGIN:
            raise Http404("Google login is off")
        return super().get_app(request, provider, client_id)


def _refuse(request: HttpRequest, reason: str) -> NoReturn:
    """Ends a Google login with a page that says why; nothing was linked, nobody is signed in."""
    log.info("google login refused", reason=reason)
    page = render(request, "socialaccount/refused.html", {"reason": reason}, status=403)
    raise ImmediateHttpResponse(page)
