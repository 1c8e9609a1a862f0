"""How we log: JSON in production, short lines else, and no key or token in any of them."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRETS = re.compile(
    r"nbt?_[0-9A-Za-z]{20,60}|(?i:bearer|token|key)\s+[A-Za-z0-9._~+/=-]{16,}|(?<=[?&]t=)[\w:.-]+"
    r"|(?<=/reset/key/)[\w-]+|(?<=/confirm-email/)[\w:-]+|(?<=[?&]code=)[^&\s'\"]+"
)
"""Keys and tokens; signed addresses; the links of mails; what Google sends back."""


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with everything that looks like a credential blanked."""
    return {name: _blanked(value) for name, value in event.items()}


def _blanked(value: Any) -> Any:
    """Text without its secrets; a request as text, so that its address is looked at too."""
    text = repr(value) if hasattr(value, "META") else value
    return _SECRETS.sub("[secret]", text) if isinstance(text, str) else value


def configure(options: dict[str, Any]) -> None:
    """Set up logging from `{"json": bool, "debug": bool}`; called by Django at start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if options["json"]
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.ExtraAdder(), *shared],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": "DEBUG" if options["debug"] else "INFO"},
            "loggers": {
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                "celery": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
                "PIL": {"level": "WARNING"},
                "django.server": {"level": "WARNING"},
            },
        }
    )
