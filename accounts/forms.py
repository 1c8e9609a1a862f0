"""What the settings pages let in: a profile, a new key, the last word before an account ends."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from allauth.account.forms import AddEmailForm
from allauth.account.internal.flows.email_verification import send_verification_email_to_address
from allauth.account.models import EmailAddress
from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest
from django.utils import timezone

from accounts import keys
from accounts.models import User

SCOPE_WORDS = (
    ("read", "Read history and usage"),
    ("generate", "Make images"),
    ("manage", "Manage keys"),
)
_HANDLE = RegexValidator(
    r"^[a-z0-9](?:-?[a-z0-9]){2,39}$",
    "Use 3 to 40 small letters, digits and single dashes.",
)
_GREATEST_CAP = 10**12


class ProfileForm(forms.ModelForm[User]):
    """The name others see, and the address of the public page."""

    class Meta:
        model = User
        fields = ("name", "handle")
        error_messages = {"handle": {"unique": "Somebody has this address already."}}  # noqa: RUF012

    def clean_name(self) -> str:
        """Without characters that cannot be seen or that turn text around."""
        name = self.cleaned_data["name"].strip()
        if not name.isprintable():
            raise forms.ValidationError("Use letters that can be seen.")
        return name

    def clean_handle(self) -> str | None:
        """None for an empty one, so that it collides with nobody's."""
        handle = (self.cleaned_data["handle"] or "").strip().lower()
        if not handle:
            return None
        _HANDLE(handle)
        if handle.startswith("maker-"):
            raise forms.ValidationError("Addresses that begin with maker- are made up by us.")
        return handle


class KeyForm(forms.Form):
    """A new API key."""

    name = forms.CharField(max_length=80, required=False)
    scopes = forms.MultipleChoiceField(
        choices=SCOPE_WORDS,
        initial=keys.DEFAULT_SCOPES,
        error_messages={"required": "Choose at least one."},
    )
    expires_on = forms.DateField(required=False)
    daily_credit_cap = forms.IntegerField(min_value=1, max_value=_GREATEST_CAP, required=False)
    monthly_credit_cap = forms.IntegerField(min_value=1, max_value=_GREATEST_CAP, required=False)

    def clean_expires_on(self) -> datetime | None:
        """The end of that day in UTC; it lies in the future."""
        day = self.cleaned_data["expires_on"]
        if day is None:
            return None
        if day < timezone.now().date():
            raise forms.ValidationError("Choose a day to come.")
        midnight = datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())
        return midnight + timedelta(days=1)

    @property
    def facts(self) -> dict[str, Any]:
        """The checked fields as `keys.issue` takes them."""
        cleaned = dict(self.cleaned_data)
        return {"expires_at": cleaned.pop("expires_on")} | cleaned


class EmailForm(AddEmailForm):
    """Another e-mail address. The present one stays, proved or not, until the new one is."""

    def save(self, request: HttpRequest) -> EmailAddress:
        """Keeps the wish in the place of an earlier one, and mails the link."""
        mine = EmailAddress.objects.filter(user=self.user)
        mine.filter(verified=False).exclude(email=self.user.email).delete()
        email = self.cleaned_data["email"]
        address = EmailAddress.objects.create(user=self.user, email=email)
        send_verification_email_to_address(request, address)
        return address


class ClosingForm(forms.Form):
    """The user's own e-mail address, typed, before their account is deleted."""

    email = forms.EmailField()

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> str:
        """The very address of the account, in any case."""
        email = str(self.cleaned_data["email"])
        if email.lower() != self.user.email:
            raise forms.ValidationError("This is not the email of this account.")
        return email
