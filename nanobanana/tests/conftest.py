"""The stage of the tests over all apps: mails that leave, confirmation, a Google of our own."""

import pytest
from allauth.socialaccount.providers.google import views


@pytest.fixture
def mandatory(settings):
    """Accounts open only after the address was confirmed, as in production."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


@pytest.fixture
def posting(django_capture_on_commit_callbacks):
    """What is sent after a commit is sent at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture(scope="session")
def provider():
    """An OpenID provider that listens; each person is added by a test."""
    from oidc_provider_mock import run_server_in_thread

    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def google(provider, settings, monkeypatch):
    """Google login is on, and its endpoints are the provider's, as GOOGLE_ISSUER sets them."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    settings.GOOGLE_LOGIN = True
    settings.SOCIALACCOUNT_PROVIDERS = {
        "google": settings.SOCIALACCOUNT_PROVIDERS["google"]
        | {"APPS": [{"client_id": "nanobanana", "secret": "secret"}]}
    }
    adapter = views.GoogleOAuth2Adapter
    monkeypatch.setattr(views, "ID_TOKEN_ISSUER", provider)
    monkeypatch.setattr(adapter, "authorize_url", f"{provider}/oauth2/authorize")
    monkeypatch.setattr(adapter, "access_token_url", f"{provider}/oauth2/token")
    monkeypatch.setattr(adapter, "identity_url", f"{provider}/userinfo")
    return provider
