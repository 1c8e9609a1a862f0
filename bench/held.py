"""What requests that wait cost: memory and threads while held, seconds until all are answered.

`python -m bench.held [how many ...]`
"""

from __future__ import annotations

import resource
import socket
import sys
import time
from uuid import uuid4

import psutil

from bench.small_site import running

MOST = 10_000


def ask(port: int, request: str) -> socket.socket:
    """A connection on which the request is sent."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\n{HEADERS}\r\n".encode())
    return connection


HEADERS = (
    "Authorization: Bearer nb_0123456789012345678901234567890123456789012345\r\n"
    "User-Agent: python-httpx/0.28.1\r\nAccept: */*\r\nContent-Length: 0\r\n"
    "Accept-Encoding: gzip, deflate\r\n"
)


def settled(process: psutil.Process) -> float:
    """Bytes of memory once the process is quiet."""
    seen = 0.0
    for _ in range(20):
        time.sleep(0.5)
        memory = float(process.memory_info().rss)
        if abs(memory - seen) < 100_000 and process.cpu_percent(0.2) < 30:
            return memory
        seen = memory
    return seen


def measure(count: int, kind: str) -> None:
    """Prints one line for `count` held requests or event streams."""
    verb = "POST /held/" if kind == "held" else "GET /events/"
    with running() as (port, process):
        ask(port, "GET /").recv(1000)
        empty = settled(process)
        held = [ask(port, f"{verb}{uuid4().hex}") for _ in range(count)]
        full = settled(process)
        threads = process.num_threads()
        busy = process.cpu_percent(2.0)
        started = time.perf_counter()
        ask(port, "GET /end").recv(1000)
        for connection in held:
            answer = b""
            while b"done" not in answer and b"completed" not in answer:
                answer += connection.recv(4096)
            connection.close()
        print(
            f"{count:6} {kind:6}: {(full - empty) / count / 1024:5.1f} KB each, "
            f"{full / 1e6:5.0f} MB in all, {threads} threads, {busy:4.1f}% CPU while they wait, "
            f"all answered in {time.perf_counter() - started:.2f} s"
        )


def main(counts: list[int]) -> None:
    """Held requests and event streams, each count in a fresh process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for count in counts:
        for kind in ("held", "events"):
            measure(min(count, MOST), kind)


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [500, 2000])
