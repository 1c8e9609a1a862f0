"""What joining means across the apps: allauth's adapters."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Signing up and in by e-mail."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Signing up and in with Google."""
