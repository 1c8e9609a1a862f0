"""Prints what accepting a generation costs: requests a second and CPU a request, through the front.

Runs the real server with a demo that takes an hour, so that little but acceptance is measured:
`POST /v1/generate` with `Prefer: respond-async`, on SQLite or, with TEST_DATABASE_URL, PostgreSQL.
Usage: python -m bench.accept [--requests 2000] [--clients 16] [--users 16]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time

import httpx
import psutil

from bench.stage import environment, free_port, prepared, server


def client(base: str, keys: list[str], count: int, times: list[float], codes: list[int]) -> None:
    """One client's requests, each on the next key."""
    with httpx.Client(base_url=base, timeout=60) as http:
        for number in range(count):
            key = keys[number % len(keys)]
            headers = {"Authorization": f"Bearer {key}", "Prefer": "respond-async"}
            begun = time.perf_counter()
            answer = http.post("/v1/generate", json={"prompt": f"a fox {number}"}, headers=headers)
            times.append(time.perf_counter() - begun)
            codes.append(answer.status_code)


def measure(base: str, process: psutil.Process, keys: list[str], count: int, clients: int) -> str:
    """One run's figures as a line."""
    times: list[float] = []
    codes: list[int] = []
    threads = []
    for number in range(clients):
        place = number % len(keys)
        turned = keys[place:] + keys[:place]
        arguments = (base, turned, count // clients, times, codes)
        threads.append(threading.Thread(target=client, args=arguments))
    cpu = sum(process.cpu_times()[:2])
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    used = (sum(process.cpu_times()[:2]) - cpu) / len(codes) * 1000
    accepted, ordered = codes.count(202), sorted(times)
    return (
        f"{accepted} accepted of {len(codes)}: {accepted / seconds:.0f} requests/s, "
        f"{used:.2f} ms CPU a request (whole process, worker included), "
        f"p50 {statistics.median(ordered) * 1000:.1f} ms, "
        f"p99 {ordered[int(len(ordered) * 0.99)] * 1000:.1f} ms"
    )


def main() -> None:
    """Measure many accounts, then one hot account."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--users", type=int, default=16)
    options = parser.parse_args()
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder, port, DEMO="1", DEMO_DELAY="3600")
        keys = prepared(env, options.users)
        with server(env) as running:
            process = psutil.Process(running.pid)
            measure(base, process, keys, 200, 4)
            for name, used in (("many accounts", keys), ("one account", keys[:1])):
                line = measure(base, process, used, options.requests, options.clients)
                print(f"{name}: {line}")  # noqa: T201
            print(f"memory {process.memory_info().rss / 1e6:.0f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
