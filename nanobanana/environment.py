"""The one place that reads the environment: every setting with its name, default and purpose.

The README's table is checked against `SETTINGS` by a test, so a setting cannot exist undocumented.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, its default as text, and what it is for."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("HOST", "127.0.0.1", "address `bin/run` listens on"),
    Setting("PORT", "8000", "port `bin/run` listens on"),
    Setting("DATA_DIR", "./var", "embedded mode: SQLite, media, secret key"),
    Setting("DATABASE_URL", "", "PostgreSQL (`postgres://…`); empty: SQLite in `DATA_DIR`"),
    Setting("REDIS_URL", "", "Redis for Celery and the cache; empty: all in one process"),
    Setting("SECRET_KEY", "", "signs sessions and links; empty: made on first start"),
    Setting("ALLOWED_HOSTS", "", "comma-separated host names; empty: local ones and `SITE_URL`'s"),
    Setting("SITE_URL", "", "public address; empty: `http://HOST:PORT`"),
    Setting("DEBUG", "false", "Django's debug pages; never in production"),
    Setting("EMAIL_URL", "", "`smtp://user:pass@host:587`; empty: mails go to `DATA_DIR/mail`"),
    Setting("TRUSTED_PROXIES", "0", "how many reverse proxies stand in front"),
    Setting("GOOGLE_CLIENT_ID", "", "Google login; empty: off"),
    Setting("GOOGLE_CLIENT_SECRET", "", "Google login"),
    Setting("GOOGLE_ISSUER", "", "another OpenID issuer in Google's place, for tests"),
    Setting("ACCESS_TOKEN_EXPIRE_MINUTES", "10080", "life of a `/v1/auth/login` token"),
    Setting("NANO_BANANA_API_KEY", "", "provider `kie`; empty: off"),
    Setting("NANO_BANANA_API_URL", "https://api.kie.ai/api/v1/playground", "KIE's API"),
    Setting("KIE_UPLOAD_URL", "https://kieai.redpandaai.co", "KIE's upload API for input images"),
    Setting(
        "KIE_HMAC_KEY", "", "checks the signature of KIE's callbacks, where set in the account"
    ),
    Setting("DEMO", "", "provider `demo`; empty: on in embedded mode, off on PostgreSQL"),
    Setting("DEMO_DELAY", "0.8-2", "seconds the demo takes, a number or a range"),
    Setting("OPENAI_DEFAULT_MODEL", "nano-banana", "what `gpt-image-*` and `dall-e-*` stand for"),
    Setting("WAIT_LIMIT", "120", "longest a request waits for its generation, seconds"),
    Setting("TRIAL_DAILY_TOTAL", "200", "visitors' images a day over all; 0: no trial"),
    Setting("FETCH_ALLOW_HOSTS", "", "`host:port` list exempt from the private-address guard"),
    Setting("SIGNUPS_PER_ADDRESS", "", "sign-ups an hour; empty: 20 on PostgreSQL, 1,000 embedded"),
    Setting("UPLOAD_PATH", "", "where files are kept; empty: `DATA_DIR/media`"),
    Setting("MAX_FILE_SIZE", "10485760", "largest input image, bytes"),
    Setting("LEASE_SECONDS", "60", "how long a worker may hold a step before another takes over"),
)

UNUSED: Mapping[str, str] = {
    "MONGO_URL": "data lives in DATABASE_URL",
    "DB_NAME": "data lives in DATABASE_URL",
    "JWT_SECRET": "tokens are opaque and stored hashed; SECRET_KEY signs sessions",
    "SESSION_SECRET": "SECRET_KEY signs sessions",
    "HIGGSFIELD_SSES": "the official API's HIGGSFIELD_API_KEY replaces browser sessions",
    "HIGGSFIELD_COOKIE": "the official API's HIGGSFIELD_API_KEY replaces browser sessions",
    "CLOUDINARY_URL": "files live in UPLOAD_PATH",
    "CLOUDINARY_CLOUD_NAME": "files live in UPLOAD_PATH",
    "CLOUDINARY_API_KEY": "files live in UPLOAD_PATH",
    "CLOUDINARY_API_SECRET": "files live in UPLOAD_PATH",
}
"""Settings of the product's forerunners that have no use here, with the hint a start gives."""

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def text(name: str) -> str:
    """The setting's value, or its declared default; KeyError for one that is not declared."""
    default = _DEFAULTS[name]
    return os.environ.get(name, "").strip() or default


def flag(name: str) -> bool:
    """The setting as a switch: 1, true, yes and on are true."""
    return text(name).lower() in {"1", "true", "yes", "on"}


def number(name: str) -> int:
    """The setting as a whole number; ValueError names the setting."""
    try:
        return int(text(name))
    except ValueError as error:
        raise ValueError(f"{name} must be a whole number, not {text(name)!r}") from error


def words(name: str) -> list[str]:
    """The setting as a comma-separated list without empty parts."""
    return [part.strip() for part in text(name).split(",") if part.strip()]


def hints(environ: Mapping[str, str]) -> list[str]:
    """One sentence for each setting of the forerunners that is set but has no use here."""
    return [f"{name} is not used: {why}." for name, why in UNUSED.items() if environ.get(name)]
