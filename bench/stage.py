"""The stage of the load programs: a real server and simulator on free ports, in a folder of their
own.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
USERS = """
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


def environment(folder: str, port: int, **settings: str) -> dict[str, str]:
    """Nothing of this machine but an optional test database."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    kept |= {"DATA_DIR": folder, "PORT": str(port), **settings}
    if os.environ.get("TEST_DATABASE_URL"):
        kept["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    return kept


def manage(env: dict[str, str], *arguments: str) -> list[str]:
    """Run a management command; its lines."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    return done.stdout.splitlines()


def prepared(env: dict[str, str], users: int) -> list[str]:
    """A migrated database with `users` rich accounts whose rate is lifted; their API keys."""
    manage(env, "migrate", "-v0")
    Path(env["DATA_DIR"], "prepared").touch()
    return manage(env, "shell", "-v0", "-c", USERS.format(users=users))


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


@contextmanager
def process(env: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A management command that runs beside us and is ended with us."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    running = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(40)


@contextmanager
def server(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`manage.py serve`, once it answers."""
    with process(env, "serve") as running:
        seconds = wait_for(f"http://127.0.0.1:{env['PORT']}/health")
        print(f"the server answers {seconds:.2f} s after its start")  # noqa: T201
        yield running
