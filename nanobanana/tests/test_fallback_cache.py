"""Without Redis nobody gets an error page, and nothing becomes unlimited."""

import socket
import time

import pytest
from django.core.cache import caches
from django.test import Client

from nanobanana.fallback_cache import FallbackCache

pytestmark = pytest.mark.django_db


@pytest.fixture
def no_redis(settings, monkeypatch):
    """The cache is a Redis that refuses connections."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    cache = FallbackCache(f"redis://127.0.0.1:{port}/0", {})
    cache.clear()
    monkeypatch.setattr(caches._connections, "default", cache)
    yield cache
    cache.clear()


def test_the_cache_still_works(no_redis):
    no_redis.set("a", 1)

    assert no_redis.get("a") == 1
    assert no_redis.add("a", 2) is False
    assert no_redis.incr("a") == 2
    assert no_redis.get_many(["a", "b"]) == {"a": 2}
    assert no_redis.delete("a")
    assert no_redis.get("a") is None


def test_guessing_passwords_is_still_limited(no_redis, ann):
    form = {"login": "ann@example.com", "password": "wrong password"}
    statuses = [Client().post("/accounts/login/", form).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]


def test_a_redis_that_hangs_holds_up_one_request_and_not_the_next():
    with socket.create_server(("127.0.0.1", 0)) as server:  # accepts, and never says a word
        cache = FallbackCache(f"redis://127.0.0.1:{server.getsockname()[1]}/0", {})
        cache.get("a")
        start = time.perf_counter()
        for _ in range(100):
            cache.get("a")
        assert time.perf_counter() - start < 0.5
        assert cache.asleep_until > time.monotonic()


@pytest.mark.redis
def test_redis_is_used_while_it_answers(settings):
    cache = FallbackCache(settings.REDIS_URL, {})
    cache.set("fallback-test", 1)

    assert cache.get("fallback-test") == 1
    assert cache.memory.get("fallback-test") is None
    assert cache.asleep_until == 0
