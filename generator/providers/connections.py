"""The one place where HTTP connections to upstreams are made: one set of clients for each thread.

Building a client costs nothing once the process has its TLS context; sharing one between hundreds
of polling threads costs a lock. A forked child never uses its parent's sockets.
"""

from __future__ import annotations

import functools
import http.cookiejar
import os
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

_WRITE_PIECE = 256 * 1024


class Deadline:
    """When the call under way must be over. One for each thread's clients, set before each call."""

    def __init__(self) -> None:
        self.at = float("inf")

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        left = self.at - time.monotonic()
        if left <= 0:
            raise late("deadline")
        return left if timeout is None else min(left, timeout)


class _TimedStream(httpcore.NetworkStream):
    """A connection on which every read and write also ends at the call's deadline.

    httpx's own timeouts bound single reads, so an upstream dripping one byte a second, in headers
    or body, would hold a thread for ever.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _WRITE_PIECE):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + _WRITE_PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _TimedBackend(httpcore.SyncBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        inner = super().connect_tcp(host, port, left, local_address, socket_options)
        return _TimedStream(inner, self._deadline)


class _Transport(httpx.HTTPTransport):
    """httpx's transport over a pool with our timed connections; httpx has no argument for that."""

    def __init__(self, deadline: Deadline, keepalive: int) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(),
            max_connections=None,
            max_keepalive_connections=keepalive,
            keepalive_expiry=20.0,
            network_backend=_TimedBackend(deadline),
        )


@functools.cache
def tls_context() -> ssl.SSLContext:
    """One for the process: making it costs a hundred times more than making a client."""
    return httpx.create_ssl_context(trust_env=False)


def build_client(transport: httpx.BaseTransport) -> httpx.Client:
    """A client that follows nothing, remembers no cookie and reads nothing from the environment."""
    refuse_all = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
    return httpx.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        cookies=http.cookiejar.CookieJar(refuse_all),
        headers={"accept-encoding": "identity", "user-agent": "nanobanana"},
    )


class Lane:
    """One thread's clients and their deadline.

    Creates never travel on a kept connection: one that the upstream is just closing would turn a
    request that nobody took into an unknown outcome, which is never sent again.
    """

    def __init__(self, transport: Callable[[], httpx.BaseTransport] | None = None) -> None:
        self.deadline = Deadline()
        kept = transport() if transport else _Transport(self.deadline, keepalive=4)
        fresh = transport() if transport else _Transport(self.deadline, keepalive=0)
        self.fresh = build_client(fresh)
        self.kept = build_client(kept)
        weakref.finalize(self, self.fresh.close)
        weakref.finalize(self, self.kept.close)


_threads = threading.local()


def this_thread() -> Lane:
    """The calling thread's lane, made at its first use and closed when the thread ends."""
    found: Lane | None = getattr(_threads, "lane", None)
    if found is None:
        found = _threads.lane = Lane()
    return found


def _forget_parent() -> None:
    """A forked child must never write on its parent's connections."""
    _threads.__dict__.clear()


os.register_at_fork(after_in_child=_forget_parent)
