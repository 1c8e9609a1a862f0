"""How an account ends: every door is shut, who it was is blanked, its ledger stays."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts import keys, tokens, webhooks
from accounts.models import CLOSED, User


@transaction.atomic
def close(user: User) -> None:
    """Ends keys, tokens, sessions, password, e-mail addresses and Google connection of `user`.

    The row stays under a made-up address, because the ledger and the generations point at it.
    Sessions end because the user is inactive and the password changed.
    """
    shut(user)
    keys.blank_names(user)
    webhooks.forget(user)
    EmailAddress.objects.filter(user=user).delete()
    user.email = f"closed-{user.pk.hex}{CLOSED}"
    user.name, user.handle = "", None
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()
    user.groups.clear()
    user.user_permissions.clear()


def shut(user: User) -> None:
    """Ends every way in but the password: keys, access tokens, the Google connection."""
    keys.revoke_all(user)
    tokens.end_all(user)
    SocialAccount.objects.filter(user=user).delete()
