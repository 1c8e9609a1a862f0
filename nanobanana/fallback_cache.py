"""The cache: Redis, and while it does not answer, this process's own memory.

Rate limits live here. Without Redis they count for each process by itself: weaker for a while, but
nobody gets an error page and nothing becomes unlimited.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

_PAUSE = 5.0
"""Seconds before a Redis that failed is asked again: one that hangs must not slow every page."""
_TIMEOUTS = {"socket_timeout": 2.0, "socket_connect_timeout": 1.0}


def _guarded(name: str) -> Callable[..., Any]:
    """The cache's method `name`, answered by memory while Redis does not answer."""

    def call(self: FallbackCache, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self.asleep_until:
            try:
                return getattr(RedisCache, name)(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                self.asleep_until = time.monotonic() + _PAUSE
                log.warning("redis does not answer", error=type(error).__name__)
        return getattr(self.memory, name)(*args, **kwargs)

    return call


class FallbackCache(RedisCache):
    """Django's Redis cache with a memory behind it."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        params["OPTIONS"] = _TIMEOUTS | params.get("OPTIONS", {})
        super().__init__(server, params)
        self.memory = LocMemCache("fallback", {"TIMEOUT": params.get("TIMEOUT", 300)})
        self.asleep_until = 0.0

    add = _guarded("add")
    get = _guarded("get")
    set = _guarded("set")
    touch = _guarded("touch")
    delete = _guarded("delete")
    get_many = _guarded("get_many")
    has_key = _guarded("has_key")
    incr = _guarded("incr")
    set_many = _guarded("set_many")
    delete_many = _guarded("delete_many")
    clear = _guarded("clear")
