"""Prints what many generations in flight cost: memory, connections, CPU, and how late ends are
noticed.

A real server works on the KIE simulator (its own process), whose tasks take `--seconds`.
Usage: python -m bench.inflight [--count 1000] [--seconds 20]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from bench.stage import environment, free_port, manage, prepared, process, server

OPEN = """
from generator.models import Generation
print(Generation.objects.filter(status__in=("pending", "processing")).count())
"""
LATE = """
from generator.models import Attempt, Generation
took = sorted(
    (a.output.delivered_at - a.created_at).total_seconds()
    for a in Attempt.objects.filter(state="done").select_related("output")
)
print(len(took), took[len(took) // 2], took[int(len(took) * 0.99)], took[-1])
print(dict((s, Generation.objects.filter(status=s).count()) for s in ("completed", "failed")))
"""


def settings_of(simulator: object) -> dict[str, str]:
    """The lines the simulator prints, as settings."""
    found: dict[str, str] = {}
    while "FETCH_ALLOW_HOSTS" not in found:
        name, _, value = simulator.stdout.readline().strip().partition("=")  # type: ignore[attr-defined]
        found[name] = value
    return found


def submit(base: str, keys: list[str], count: int) -> None:
    """Send `count` generations from 16 clients."""
    http = httpx.Client(base_url=base, timeout=60)

    def one(number: int) -> int:
        headers = {"Authorization": f"Bearer {keys[number % len(keys)]}", "Prefer": "respond-async"}
        body = {"prompt": f"a fox {number}"}
        return http.post("/v1/generate", json=body, headers=headers).status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(one, range(count)))
    print(f"{codes.count(202)} of {count} accepted")  # noqa: T201


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        plain = environment(folder, port)
        with process(plain, "simulate", "kie", "--seconds", str(options.seconds)) as simulator:
            env = plain | settings_of(simulator)
            keys = prepared(env, 20)
            with server(env) as running:
                watch(env, psutil.Process(running.pid), keys, options.count)
            for line in manage(env, "shell", "-v0", "-c", LATE):
                print(f"from submission to delivery (s) count p50 p99 max: {line}")  # noqa: T201
            print(*manage(env, "audit"))  # noqa: T201


def watch(env: dict[str, str], running: psutil.Process, keys: list[str], count: int) -> None:
    """Submit, then sample the server until nothing is open."""
    before = running.memory_info().rss
    cpu, begun = sum(running.cpu_times()[:2]), time.monotonic()
    submit(f"http://127.0.0.1:{env['PORT']}", keys, count)
    peak = connections = 0
    while int(manage(env, "shell", "-v0", "-c", OPEN)[-1]):
        peak = max(peak, running.memory_info().rss)
        found = [c for c in running.net_connections() if c.status == "ESTABLISHED"]
        connections = max(connections, len(found))
        time.sleep(1)
    seconds = time.monotonic() - begun
    used = sum(running.cpu_times()[:2]) - cpu
    print(  # noqa: T201
        f"all ended after {seconds:.1f} s; memory {before / 1e6:.0f} MB before, "
        f"{peak / 1e6:.0f} MB at most; {connections} connections; {running.num_threads()} threads; "
        f"CPU {used:.1f} s = {used / count * 1000:.1f} ms a generation"
    )


if __name__ == "__main__":
    main()
