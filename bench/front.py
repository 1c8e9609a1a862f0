"""Requests a second and CPU a request of a trivial Django page through the front.

`python -m bench.front [seconds] [connections]`
"""

from __future__ import annotations

import selectors
import socket
import sys
import time

from bench.small_site import running

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"


def load(port: int, seconds: float, connections: int) -> list[float]:
    """Keeps `connections` busy; the seconds each answer took."""
    selector = selectors.DefaultSelector()
    sent: dict[int, float] = {}
    took: list[float] = []
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        selector.register(connection, selectors.EVENT_READ, connection)
        sent[connection.fileno()] = time.perf_counter()
        connection.sendall(REQUEST)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        for key, _ in selector.select(1):
            if not key.data.recv(4096).endswith(b"hello"):
                continue
            now = time.perf_counter()
            took.append(now - sent[key.fd])
            sent[key.fd] = now
            key.data.sendall(REQUEST)
    for key in list(selector.get_map().values()):
        key.data.close()
    return sorted(took)


def main(arguments: list[str]) -> None:
    """Prints one line for one connection and one for many."""
    seconds = float(arguments[0]) if arguments else 5.0
    connections = int(arguments[1]) if len(arguments) > 1 else 32
    with running() as (port, process):
        load(port, 1, connections)
        for count in (1, connections):
            before = sum(process.cpu_times()[:2])
            took = load(port, seconds, count)
            cpu = sum(process.cpu_times()[:2]) - before
            print(
                f"{count:4} connections: {len(took) / seconds:7.0f} requests/s, "
                f"{cpu / len(took) * 1e6:6.0f} us CPU a request, "
                f"p50 {took[len(took) // 2] * 1e3:.2f} ms, "
                f"p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
