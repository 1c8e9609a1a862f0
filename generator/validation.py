"""How single input values are judged, once for pages and contracts: strict types, clear words.

A checker takes a value and returns it cleaned, or raises ValueError with a sentence for the user.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

SIZE = re.compile(r"^([1-9][0-9]{1,3})x([1-9][0-9]{1,3})$", re.ASCII)
_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp", "Mn"}


def is_absent(value: Any) -> bool:
    """Whether an optional parameter counts as not sent. 0 does not, though it equals False."""
    return value is None or value is False or value == ""


class Invalid(Exception):
    """Bad input: messages by field, the first field's code. Nothing was charged."""

    def __init__(self, fields: Mapping[str, list[str]], code: str = "invalid_parameter") -> None:
        self.fields = dict(fields)
        self.param = next(iter(self.fields))
        self.detail = self.fields[self.param][0]
        self.code = code
        super().__init__(self.detail)


def text(value: Any, limit: int) -> str:
    """Plain text of at most `limit` characters; no NUL, no half surrogate pair."""
    if not isinstance(value, str):
        raise ValueError("Must be text.")
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("Holds characters that are not text. Remove them and send it again.")
    value = value.strip()
    if len(value) > limit:
        raise ValueError(f"Has {len(value):,} characters; at most {limit:,} are allowed.")
    return value


def prompt(value: Any, limit: int = 5000) -> str:
    """A prompt with at least one visible character."""
    if not isinstance(value, str):
        raise ValueError("Prompt is required and must be a non-empty string")
    cleaned = text(value, limit)
    if all(unicodedata.category(char) in _INVISIBLE for char in cleaned):
        raise ValueError("Prompt is required and must be a non-empty string")
    return cleaned


def whole(value: Any, low: int, high: int) -> int:
    """A whole number within limits; text, floats and booleans are refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"Must be a whole number from {low} to {high}.")
    if not low <= value <= high:
        raise ValueError(f"Must be from {low} to {high}.")
    return value


def real(value: Any, low: float, high: float) -> float:
    """A number within limits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"Must be a number from {low} to {high}.")
    return float(value)


def switch(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError("Must be true or false.")
    return value


def choice(value: Any, values: list[Any], model: str) -> Any:
    """One of the values a model takes; the message names the model and what it takes."""
    if isinstance(value, bool) or type(value) not in {str, int} or value not in values:
        named = ", ".join(str(one) for one in values)
        raise ValueError(f"{model} takes {named}.")
    return value


def size(value: Any, values: list[str], max_side: int | None, model: str) -> str:
    """A size as `WxH`: one of the model's, or any up to `max_side` where the model has one."""
    match = SIZE.match(value) if isinstance(value, str) else None
    if match and max_side and all(64 <= int(side) <= max_side for side in match.groups()):
        return str(value)
    return str(choice(value, values, model))


def by_spec(name: str, value: Any, spec: Mapping[str, Any], model: str) -> Any:
    """The value judged by the model's own entry for this parameter."""
    if name == "size":
        return size(value, spec["values"], spec.get("max_side"), model)
    if "values" in spec:
        return choice(value, spec["values"], model)
    if "max_length" in spec:
        return text(value, spec["max_length"])
    if spec.get("switch"):
        return switch(value)
    if name == "guidance":
        return real(value, spec["min"], spec["max"])
    return whole(value, spec["min"], spec["max"])
