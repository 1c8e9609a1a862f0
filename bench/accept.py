"""Prints what accepting a generation costs: requests a second and CPU a request, through the front.

Runs the real `manage.py serve` with the demo's delay at an hour, so that only acceptance is measured:
`POST /v1/generate` with `Prefer: respond-async`, on SQLite or, with TEST_DATABASE_URL, PostgreSQL.
Usage: bench/accept.py [--requests 2000] [--clients 16] [--users 16]
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parent.parent
KEYS = """
from accounts.models import User
from accounts import keys
from billing import ledger
from billing.models import Wallet
for number in range({users}):
    user = User.objects.create_user(f"bench{{number}}@example.com", None)
    wallet = ledger.wallet_of(user)
    ledger.adjust(wallet.pk, 10**9, ledger.Note(f"bench:{{number}}", "bench"))
    Wallet.objects.filter(pk=wallet.pk).update(rate_lifted=True)
    print(keys.issue(user, name="bench")[1])
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: str, port: int) -> dict[str, str]:
    """Nothing of this machine but an optional test database; the demo never finishes."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    kept |= {"DATA_DIR": folder, "PORT": str(port), "DEMO": "1", "DEMO_DELAY": "3600"}
    if os.environ.get("TEST_DATABASE_URL"):
        kept["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    return kept


def manage(env: dict[str, str], *arguments: str) -> list[str]:
    """Run a management command; its lines."""
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", *arguments],
        env=env, check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    return done.stdout.splitlines()


def wait_for(url: str) -> float:
    """Seconds until the server answers."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            if httpx.get(url).status_code == 200:
                return time.monotonic() - begun
        except httpx.TransportError:
            time.sleep(0.02)
    raise SystemExit("the server did not start")


def client(base: str, keys: list[str], count: int, times: list[float], statuses: list[int]) -> None:
    """One client's requests, each on the next key."""
    with httpx.Client(base_url=base) as http:
        for number in range(count):
            headers = {"Authorization": f"Bearer {keys[number % len(keys)]}", "Prefer": "respond-async"}
            begun = time.perf_counter()
            answer = http.post("/v1/generate", json={"prompt": f"a fox {number}"}, headers=headers)
            times.append(time.perf_counter() - begun)
            statuses.append(answer.status_code)


def measure(base: str, process: psutil.Process, keys: list[str], options: argparse.Namespace) -> str:
    """One run's figures as a line."""
    times: list[float] = []
    statuses: list[int] = []
    each = options.requests // options.clients
    threads = [
        threading.Thread(target=client, args=(base, keys[n % len(keys):] + keys[: n % len(keys)], each, times, statuses))
        for n in range(options.clients)
    ]  # fmt: skip
    cpu = sum(process.cpu_times()[:2])
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begun
    used = sum(process.cpu_times()[:2]) - cpu
    accepted = statuses.count(202)
    ordered = sorted(times)
    return (
        f"{accepted} accepted of {len(statuses)}: {accepted / seconds:.0f} requests/s, "
        f"{used / len(statuses) * 1000:.2f} ms CPU a request (whole process), "
        f"p50 {statistics.median(ordered) * 1000:.1f} ms, p99 {ordered[int(len(ordered) * 0.99)] * 1000:.1f} ms"
    )


def main() -> None:
    """Measure many accounts, then one hot account."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--port", type=int, default=free_port())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder, options.port)
        manage(env, "migrate", "-v0")
        Path(folder, "prepared").touch()
        keys = manage(env, "shell", "-v0", "-c", KEYS.format(users=options.users))
        server = subprocess.Popen([sys.executable, ROOT / "manage.py", "serve"], env=env, cwd=ROOT)
        try:
            base = f"http://127.0.0.1:{options.port}"
            print(f"answers after {wait_for(base + '/health'):.2f} s")  # noqa: T201
            process = psutil.Process(server.pid)
            measure(base, process, keys, argparse.Namespace(requests=200, clients=4))
            print("many accounts:", measure(base, process, keys, options))  # noqa: T201
            print("one account:  ", measure(base, process, keys[:1], options))  # noqa: T201
            print(f"memory {process.memory_info().rss / 1e6:.0f} MB")  # noqa: T201
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
