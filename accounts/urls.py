"""Addresses of the pages of `accounts`."""

from django.urls import path

from accounts import pages

urlpatterns = [
    path("settings", pages.settings, name="settings"),
    path("settings/profile", pages.profile, name="settings-profile"),
    path("settings/account", pages.account, name="settings-account"),
    path("accounts/email/", pages.EmailPage.as_view(), name="account_email"),
    path("settings/keys", pages.api_keys, name="settings-keys"),
    path("settings/keys/<uuid:pk>/revoke", pages.revoke_key, name="settings-key-revoke"),
]
