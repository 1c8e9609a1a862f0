"""How Google login is set up for allauth, from the environment."""

from __future__ import annotations

from typing import Any

SETTINGS = ("GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "GOOGLE_ISSUER")
"""What `provider` takes, in its order."""


def provider(client_id: str, secret: str, issuer: str) -> dict[str, Any]:
    """allauth's settings of `google`; `issuer` puts another OpenID server in its place."""
    found: dict[str, Any] = {"SCOPE": ["openid", "email", "profile"], "OAUTH_PKCE_ENABLED": True}
    if client_id and secret:
        found["APPS"] = [{"client_id": client_id, "secret": secret}]
    if issuer:
        base = issuer.rstrip("/")
        found |= {
            "AUTHORIZE_URL": f"{base}/oauth2/authorize",
            "ACCESS_TOKEN_URL": f"{base}/oauth2/token",
            "IDENTITY_URL": f"{base}/userinfo",
            "CERTS_URL": f"{base}/jwks",
            "ID_TOKEN_ISSUER": base,
        }
    return found
