"""Prints what a burst on one wallet does over HTTP: 1,000 requests at once with credit for ten.

The rate is lifted. Before that, the same request 1,000 times with one Idempotency-Key. A real
server, on SQLite or with TEST_DATABASE_URL on PostgreSQL. Usage: python -m bench.double_spend
"""

from __future__ import annotations

import argparse
import collections
import tempfile
import threading
import time

import httpx

from bench.stage import environment, free_port, manage, prepared, server

CLIENTS = 100
BALANCE = """
from accounts.models import User
from billing import ledger
wallet = ledger.wallet_of(User.objects.get(email="bench0@example.com"))
ledger.adjust(wallet.pk, 200 - wallet.balance, ledger.Note("bench:ten", "credit for ten"))
"""
LEFT = """
from billing import ledger
from billing.models import Wallet
from generator.models import Generation
print(Generation.objects.count(), "generations; balance", Wallet.objects.get().balance)
"""


def burst(base: str, key: str, count: int, **headers: str) -> str:
    """Send `count` requests from 100 clients at once; how they were answered, and the p99."""
    codes: collections.Counter[int] = collections.Counter()
    times: list[float] = []
    gate = threading.Barrier(CLIENTS)

    def client() -> None:
        sent = {"Authorization": f"Bearer {key}", "Prefer": "respond-async", **headers}
        with httpx.Client(base_url=base, timeout=120, headers=sent) as http:
            gate.wait()
            for _ in range(count // CLIENTS):
                begun = time.perf_counter()
                codes[http.post("/v1/generate", json={"prompt": "a fox"}).status_code] += 1
                times.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return f"answers {dict(codes)}, p99 {sorted(times)[int(len(times) * 0.99)]:.2f} s"


def main() -> None:
    """Run both bursts and the audit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=1000)
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        env = environment(folder, port, DEMO="1", DEMO_DELAY="3600")
        key = prepared(env, 1)[0]
        with server(env):
            base = f"http://127.0.0.1:{port}"
            once = burst(base, key, options.requests, **{"Idempotency-Key": "the-one"})
            print("one key:", once, *manage(env, "shell", "-v0", "-c", LEFT))  # noqa: T201
            manage(env, "shell", "-v0", "-c", BALANCE)
            spent = burst(base, key, options.requests)
            print("credit for ten:", spent, *manage(env, "shell", "-v0", "-c", LEFT))  # noqa: T201
            print(*manage(env, "audit"))  # noqa: T201


if __name__ == "__main__":
    main()
