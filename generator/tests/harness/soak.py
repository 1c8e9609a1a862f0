"""Runs a soak from outside: its own database, the simulator and the conductor as processes, and the
outcome.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from generator.tests.harness import database
from generator.tests.harness.plan import Plan

ROOT = Path(__file__).resolve().parents[3]
RESTART_AFTER = 4.0
"""Seconds after which PostgreSQL dies, where the plan says so."""
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT")
"""What of our environment reaches the processes: no setting does."""


class Broken(Exception):
    """The harness itself did not work; the text says how."""


def run(plan: Plan, postgres: bool = False) -> dict[str, Any]:
    """Play the plan on a fresh database; `violations` in what is returned is empty when all is
    well.

    Raises ImportError without PostgreSQL's wheel, Broken where the harness itself fails.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nb-soak-")))
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
            "NB_TEST": "1",
            "DJANGO_SETTINGS_MODULE": "nanobanana.settings",
            "DATA_DIR": str(folder),
            "LEASE_SECONDS": str(plan.lease),
            "DEMO": "false",
            "HARNESS_FINDABLE": "on",
        }
        restart = None
        if postgres:
            server = stack.enter_context(database.postgres())
            environment["DATABASE_URL"] = server.get_uri()
            restart = database.Restart(server, folder / "begun", RESTART_AFTER)
        if restart and plan.restart_database:
            restart.start()
        simulator = stack.enter_context(_simulator(environment))
        found = _conducted(plan, environment | simulator)
        if restart and plan.restart_database and restart.outcome != "restarted":
            raise Broken(f"the database was to be restarted: {restart.outcome}")
        return found


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
