"""The one place that finds the upstreams: every module in this package with a Provider in it.

A provider is on when each setting it needs is there. Nothing of Django in here: settings come in
as a mapping, usually the environment.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from generator.providers.base import Provider
from generator.providers.http import Bounded


def discover() -> dict[str, type[Provider]]:
    """Every provider class by its slug, switched on or not. Two with one slug raise ValueError."""
    found: dict[str, type[Provider]] = {}
    for entry in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{entry.name}")
        for cls in vars(module).values():
            if not _is_provider(cls, module.__name__):
                continue
            if found.setdefault(cls.slug, cls) is not cls:
                raise ValueError(f"two providers are called {cls.slug}")
    return found


def _is_provider(value: object, module: str) -> bool:
    return (
        inspect.isclass(value)
        and issubclass(value, Provider)
        and value.__module__.startswith(module)
        and hasattr(value, "slug")
    )


def configure(
    environ: Mapping[str, str], exclude: Collection[str] = ("demo",)
) -> dict[str, Provider]:
    """Instances by slug of the providers whose settings are complete in `environ`.

    `exclude` names slugs that are switched in another way (`demo` has a setting of its own).
    Raises ValueError, naming the setting but never its value, for one that cannot be right.
    """
    return {
        slug: cls(config, Bounded(slug, cls.call_seconds))
        for slug, cls in discover().items()
        if slug not in exclude and (config := _config(cls, environ)) is not None
    }


def _config(cls: type[Provider], environ: Mapping[str, str]) -> dict[str, str] | None:
    """What the provider's settings say; None where one is missing that has no default."""
    config = {}
    for field, setting in cls.env.items():
        value = environ.get(setting, "").strip() or cls.defaults.get(field)
        if value is None:
            return None
        config[field] = _checked(setting, field, value)
    return config


def _checked(setting: str, field: str, value: str) -> str:
    # Anything else would fail only later, inside a request, in words that quote the value.
    if not (value.isascii() and value.isprintable()):
        raise ValueError(f"{setting} must be printable ASCII")
    if field == "url" or field.endswith("_url"):
        parts = urlsplit(value)
        plain = not (parts.username or parts.password or parts.query or parts.fragment)
        if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
            raise ValueError(f"{setting} must be a plain http or https address")
        return value.rstrip("/")
    return value
