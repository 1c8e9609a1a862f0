"""Bugs to plant, each a replaced function: a harness that does not find them proves nothing."""

from __future__ import annotations

from collections.abc import Callable

_PLANTS: dict[str, Callable[[], None]] = {}
_BREAKS: dict[str, tuple[str, ...]] = {}


def plant(name: str) -> None:
    """Put the bug of this name into the running process; no name, no bug."""
    if name:
        _PLANTS[name]()


def break_database(name: str) -> None:
    """Take away the database's own defence, where it would hide the bug."""
