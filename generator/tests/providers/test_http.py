"""What the wire promises every adapter: bounds in time and size, fresh connections for creates."""

from __future__ import annotations

import gzip
import os
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from generator.providers.base import NotAccepted, RateLimited, Unavailable, Unknown
from generator.providers.connections import Lane, this_thread
from generator.providers.http import Bounded, retry_after
from generator.simulators.base import Simulator
from generator.simulators.messages import Request, Response, json_response
from generator.simulators.wire import gzip_bomb


class Echo(Simulator):
    """Answers every path; `/break/<name>` breaks the answer on its way out."""

    slug = "echo"

    def answer(self, request: Request) -> Response:
        good = json_response({"path": request.path, "cookie": request.headers.get("cookie")})
        good.headers["set-cookie"] = "track=me"
        if request.path.startswith("/break/"):
            good.wire = request.path.removeprefix("/break/")
        if request.path == "/gzip":
            good.body = gzip.compress(good.body)
            good.headers["content-encoding"] = "gzip"
        if request.path == "/brotli":
            good.headers["content-encoding"] = "br"
        if request.path == "/broken-429":
            good = Response(429, b"x" * 100, {"retry-after": "3"}, wire="truncated")
        return good


@pytest.fixture(scope="module")
def echo() -> Iterator[Simulator]:
    with Echo() as server:
        yield server


@pytest.fixture
def wire() -> Bounded:
    return Bounded("echo", 5.0)


@pytest.mark.parametrize("break_name", ["drip", "silent", "slow"])
def test_a_call_ends_at_its_deadline_however_it_is_drawn_out(break_name, echo, wire):
    begun = time.monotonic()
    with pytest.raises(Unknown):
        wire.create(f"{echo.url}/break/{break_name}", seconds=0.1)
    assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("break_name", ["endless", "gzip_bomb"])
def test_an_answer_never_takes_much_more_memory_than_its_limit(break_name, echo, wire):
    gzip_bomb()
    tracemalloc.start()
    with pytest.raises(Unavailable):
        wire.ask(f"{echo.url}/break/{break_name}", seconds=5, limit=100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_an_answer_of_exactly_the_limit_is_read_and_one_byte_more_is_not(echo, wire):
    size = len(wire.ask(f"{echo.url}/a").body)
    assert wire.ask(f"{echo.url}/a", limit=size).status == 200
    with pytest.raises(Unavailable):
        wire.ask(f"{echo.url}/a", limit=size - 1)


def test_gzip_is_unpacked_though_nobody_asked_for_it(echo, wire):
    assert wire.ask(f"{echo.url}/gzip").json()["path"] == "/gzip"
    with pytest.raises(Unavailable):
        wire.ask(f"{echo.url}/brotli")


def test_creates_never_travel_on_a_kept_connection_and_polls_do(echo, wire):
    wire.ask(f"{echo.url}/poll")
    before = echo.book.requests["connections"]
    for _ in range(3):
        wire.ask(f"{echo.url}/poll")
    assert echo.book.requests["connections"] == before
    for _ in range(3):
        wire.create(f"{echo.url}/create")
    assert echo.book.requests["connections"] == before + 3


def test_an_upstreams_cookies_are_forgotten(echo, wire):
    assert [wire.ask(f"{echo.url}/a").json()["cookie"] for _ in range(2)] == [None, None]


def test_a_429_is_a_429_even_when_its_body_breaks_off(echo, wire):
    with pytest.raises(RateLimited) as caught:
        wire.create(f"{echo.url}/broken-429").json()
    assert caught.value.retry_after == 3


def test_proxies_of_the_environment_are_not_used(echo, wire, monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert Bounded("echo", 1, Lane()).ask(f"{echo.url}/a").status == 200


def test_a_redirect_is_not_followed(wire):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "a.test"
        return httpx.Response(302, headers={"location": "http://inside.test/"}, stream=Empty())

    swapped = Bounded("a", 1, Lane(lambda: httpx.MockTransport(answer)))
    assert swapped.ask("https://a.test/").status == 302


class Empty(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b""


@pytest.mark.parametrize("url", ["ftp://a.test/x", "no address", "http://[broken"])
def test_an_address_that_cannot_be_called_is_proof_that_nothing_was_sent(url, wire):
    with pytest.raises(NotAccepted):
        wire.create(url)


def test_each_thread_has_its_own_clients_and_closes_them_at_its_end():
    found = []
    thread = threading.Thread(target=lambda: found.append(this_thread().kept))
    thread.start()
    thread.join()
    assert this_thread() is this_thread()
    assert found[0] is not this_thread().kept
    assert found[0].is_closed


def test_a_forked_child_does_not_use_its_parents_connections():
    parents = this_thread()
    child = os.fork()
    if child == 0:
        os._exit(0 if this_thread() is not parents else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("86400", 120),
        (format_datetime(NOW + timedelta(seconds=30), usegmt=True), 30),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 0),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), 120),
        ("-5", None),
        ("١٢", None),
        ("soon", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_of_the_upstreams_own_clock(value, seconds):
    headers = {"retry-after": value, "date": format_datetime(NOW, usegmt=True)}
    assert retry_after(headers) == seconds
