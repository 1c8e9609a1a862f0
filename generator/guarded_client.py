"""The one place that opens connections to addresses somebody gave: checked, and for a time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache

import httpcore
import httpx

from generator.guard import FetchFailed, Policy

HEADERS = {"User-Agent": "NanoBanana/1", "Accept": "*/*", "Accept-Encoding": "identity"}
MAX_CONNECTIONS = 4
WIRE_ERRORS = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
)


@contextlib.contextmanager
def open_guarded_client(policy: Policy, seconds: float) -> Iterator[httpx.Client]:
    """Yield a client for one exchange that connects to what `policy` allows and lives `seconds`.

    It follows no redirects and takes no proxy or credentials from the environment. A string from
    outside goes through Policy.check first. Requests raise guard.FetchRefused or guard.FetchFailed.
    """
    backend = GuardedBackend(policy, seconds)
    transport = GuardedTransport(backend, policy.tls or _tls())
    timeout = httpx.Timeout(seconds)
    try:
        with httpx.Client(
            transport=transport, timeout=timeout, trust_env=False, headers=HEADERS
        ) as client:
            yield client
    finally:
        backend.close()


@lru_cache
def _tls() -> ssl.SSLContext:
    """Building one takes 20 ms and more, so all clients share it."""
    return httpx.create_ssl_context()


class GuardedBackend(httpcore.NetworkBackend):
    """Sockets to checked addresses only, all of them shut when `seconds` are over.

    Time-outs of single reads cannot stop a peer that sends a byte a second; shutting the socket
    can, in a TLS handshake too.
    """

    def __init__(self, policy: Policy, seconds: float) -> None:
        self.policy = policy
        self.deadline = time.monotonic() + seconds
        self.watched: list[tuple[threading.Timer, socket.socket]] = []

    def left(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self.deadline - time.monotonic())

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        for address in self.policy.addresses(host, port, self.left()):
            wait = min(timeout or self.left(), self.left())
            if wait <= 0:
                raise httpcore.ConnectTimeout("deadline")
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                stream = self.policy.wire.connect_tcp(address, port, wait, local_address)
                self._watch(stream)
                return stream
        raise httpcore.ConnectError("no address answers")

    def close(self) -> None:
        """Stop the watchdogs and let go of their hold on the connections."""
        for watchdog, twin in self.watched:
            watchdog.cancel()
            twin.close()

    def _watch(self, stream: httpcore.NetworkStream) -> None:
        # A duplicate, because TLS takes the descriptor away from the socket it starts on.
        twin = stream.get_extra_info("socket").dup()
        watchdog = threading.Timer(self.left(), _shut, [twin])
        watchdog.daemon = True
        watchdog.start()
        self.watched.append((watchdog, twin))


def _shut(twin: socket.socket) -> None:
    with contextlib.suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)


class GuardedTransport(httpx.BaseTransport):
    """httpx over a pool whose sockets a GuardedBackend makes; any failure is FetchFailed."""

    def __init__(self, backend: GuardedBackend, tls: ssl.SSLContext) -> None:
        self.policy = backend.policy
        self.pool = httpcore.ConnectionPool(
            ssl_context=tls, network_backend=backend, max_connections=MAX_CONNECTIONS
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = self.policy.check(str(request.url))
        sent = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        with failures_hidden():
            answer = self.pool.handle_request(sent)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        self.pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self.answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with failures_hidden():
            yield from self.answer.iter_stream()

    def close(self) -> None:
        with failures_hidden():
            self.answer.close()


@contextlib.contextmanager
def failures_hidden() -> Iterator[None]:
    """Whatever goes wrong on the wire is one exception that tells nothing of the other side."""
    try:
        yield
    except (*WIRE_ERRORS, OSError) as error:
        raise FetchFailed from error
