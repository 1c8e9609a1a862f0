"""What a start checks: somebody must serve; settings of the forerunners have no use."""

from __future__ import annotations

import os
from typing import Any

from django.core.checks import CheckMessage, Error, Info, register

from generator import upstreams
from nanobanana import environment


@register
def somebody_serves(**_kwargs: Any) -> list[CheckMessage]:
    """An error where no provider is on: every generation would be refused with 503."""
    if upstreams.active():
        return []
    hint = "Set a provider's key, or DEMO=1 for the built-in stand-in."
    return [Error("No provider is configured.", hint=hint, id="nanobanana.E001")]


@register
def settings_without_use(**_kwargs: Any) -> list[CheckMessage]:
    """A note for each setting of the product's forerunners that has no use here."""
    return [Info(hint, id="nanobanana.I001") for hint in environment.hints(os.environ)]
