"""Who holds an e-mail address: whoever proved it; a mere claim gives way to a proof."""

from __future__ import annotations

from contextlib import suppress

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import closing
from accounts.models import User


class Taken(Exception):
    """Somebody else holds the address for good: proved, or staff set up by the operator."""


def holder(email: str) -> User | None:
    """The account whose sign-in address this is."""
    return User.objects.filter(email=email.strip().lower()).first()


def is_free(email: str) -> bool:
    """Whether nobody has this address, not even as a change that waits for its proof."""
    taken = EmailAddress.objects.filter(email=email).exists()
    return not taken and holder(email) is None


def is_proved(user: User, email: str) -> bool:
    """Whether `user` has shown that mail to `email` arrives."""
    return EmailAddress.objects.filter(user=user, email=email.lower(), verified=True).exists()


def vouch(user: User) -> None:
    """Counts the user's address as proved: an operator at the console, or staff, answers for it."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def prove_only(user: User) -> None:
    """Counts the address as proved by a mailed link, if no other can have got the link."""
    if EmailAddress.objects.filter(user=user).exclude(email=user.email).exists():
        return
    with suppress(Taken), transaction.atomic():
        take_over(user.email, keep=user)
        vouch(user)


@transaction.atomic
def take_over(email: str, keep: User | None = None) -> None:
    """Frees `email` for somebody who has just proved it; `keep` may hold it already.

    An account that was signed up with it but never proved it is closed with its password, sessions
    and keys: whoever made it may be lying in wait for the address's owner. Pending changes to it
    are dropped. Raises Taken where it is proved, or belongs to staff.
    """
    email = email.strip().lower()
    others = EmailAddress.objects.filter(email=email).exclude(user=keep)
    if others.filter(verified=True).exists():
        raise Taken(email)
    account = holder(email)
    if account is not None and account != keep:
        if account.is_staff or account.is_superuser:
            raise Taken(email)
        closing.close(account)
    others.delete()
