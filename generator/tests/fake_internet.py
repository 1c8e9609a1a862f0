"""An internet of one listener, for tests of what may be connected to and what may come back."""

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator

import httpcore

from generator.fetch import Policy, fetch

PUBLIC, OTHER = "93.184.216.34", "151.101.1.69"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200

NAMES = {
    "pics.example": [PUBLIC],
    "other.example": [OTHER],
    "inside.example": ["10.0.0.7"],
    "mixed.example": [PUBLIC, "fd00::1"],
    "us.example": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
}


class FakeInternet(httpcore.NetworkBackend):
    """A wire on which every address leads to one local listener; it remembers who was called."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.called: list[str] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        ipaddress.ip_address(host)  # only checked addresses come here, never names
        self.called.append(f"{host}:{port}")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


def lookup(host: str, port: int) -> list[str]:
    """Resolve as a system would, odd spellings of IPv4 included."""
    if host in NAMES:
        return NAMES[host]
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return ["127.0.0.1"]


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """Yield (port, connections) of a listener that calls `answer` with each accepted socket."""
    accepted: list[int] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            answer(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], accepted
        listener.shutdown(socket.SHUT_RDWR)


def reply(body: bytes = PNG, *headers: str, status: str = "200 OK", length: int | None = None):
    """Return an `answer` that reads one request and sends this."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is None:
        length = len(body)
    if length >= 0:
        lines.append(f"Content-Length: {length}")

    def answer(connection: socket.socket) -> None:
        request(connection)
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received.decode("latin-1")


def get(answer, url: str = "http://pics.example/a.png", seconds: float = 3, **settings):
    """Fetch over a fake internet where `answer` serves every address; return the result."""
    with listening(answer) as (port, _):
        policy = Policy(resolver=lookup, wire=FakeInternet(port), allow_http=True)
        return fetch(url, policy=policy, seconds=seconds, **settings)
