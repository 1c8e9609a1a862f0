"""Conducts a soak: bears clients and workers, kills and freezes them, bears them again, and judges
in the end.

`python -m generator.tests.harness.conductor PLAN SIMULATOR`, with the settings in the environment;
prints the result as one line of JSON. Everything is imported once and forked, so that a death costs
milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, InterfaceError, connections  # noqa: E402

from accounts.models import User  # noqa: E402
from billing import ledger  # noqa: E402
from billing.models import Wallet  # noqa: E402
from generator import engine, fetch, providers, upstreams  # noqa: E402
from generator.guard import Policy  # noqa: E402
from generator.models import Generation, Model, Route  # noqa: E402
from generator.providers.connections import tls_context  # noqa: E402
from generator.tests.harness import bugs, roles, verdict  # noqa: E402
from generator.tests.harness.plan import Plan  # noqa: E402

providers.__path__.append(str(Path(__file__).parent / "upstreams"))
GLANCE = 0.3
"""Seconds between looks at what is still open."""


def prepare(plan: Plan) -> None:
    """An empty database becomes the stage: two models, three people with credit for everything."""
    call_command("migrate", verbosity=0)
    for slug, provider in (("soak", "kie"), ("soak-findable", "findable")):
        model = Model.objects.create(
            slug=slug,
            title=slug,
            kind="image",
            modes=["text-to-image"],
            parameters={"size": {"values": ["64x64"], "default": "64x64"}},
            prices={"base": 20},
            deadline_seconds=60,
        )
        Route.objects.create(model=model, provider=provider, upstream_model="google/nano-banana")
    for name in roles.PEOPLE:
        wallet = ledger.wallet_of(User.objects.create_user(f"{name}@example.com"))
        ledger.adjust(wallet.pk, 10_000_000, ledger.Note(f"soak:{name}", "For the soak"))
    Wallet.objects.update(rate_lifted=True)
    bugs.break_database(plan.bug)
    _warm_up()
    connections.close_all()


def _warm_up() -> None:
    """Do once what every process does at its first step, so that forks have it done."""
    upstreams.active()
    tls_context()
    engine.nudge(Generation(prompt="warm"))
    with contextlib.suppress(fetch.FetchFailed, fetch.FetchRefused):
        fetch.fetch("http://127.0.0.1:9/", policy=Policy(allow=frozenset({"127.0.0.1:9"})))


@dataclass(frozen=True)
class Role:
    """What a process is there for: a client with its number, or a worker with a named point to die
    at.
    """

    kind: str
    number: int
    environment: tuple[tuple[str, str], ...] = ()

    def reborn(self) -> Role:
        """Who takes its place: a named point is met once."""
        return Role(self.kind, self.number)


class Conductor:
    """The running processes by id, and what is to happen to whom when."""

    def __init__(self, plan: Plan, errors: Path) -> None:
        self.plan = plan
        self.errors = errors
        self.dice = random.Random(plan.seed)
        self.living: dict[int, Role] = {}
        self.thaw_at: dict[int, float] = {}
        self.counts: Counter[str] = Counter()
        self.kill_at = self._next_kill()

    def bear(self, role: Role) -> None:
        """Fork a process for the role."""
        pid = os.fork()
        if pid:
            self.living[pid] = role
            return
        code = 1
        try:
            self._be(role)
            code = 0
        except (DatabaseError, InterfaceError):
            code = 1  # the database is away; who takes its place tries again
        except Exception as error:  # noqa: BLE001 (noted: nobody else is there to see it)
            roles.note(str(self.errors), f"a {role.kind} broke: {error!r}")
        finally:
            os._exit(code)

    def _be(self, role: Role) -> None:
        os.environ.update(role.environment)
        random.seed(f"{self.plan.seed}:{role.number}:{os.getpid()}")
        for name in ("generator.engine", "generator.engine.steps"):
            logging.getLogger(name).addHandler(roles.Findings(str(self.errors)))
        bugs.plant(self.plan.bug)
        if role.kind == "client":
            roles.client(self.plan, role.number, str(self.errors))
        else:
            roles.worker()

    def cast(self) -> None:
        """Bear everybody; the first workers get the named points, one each."""
        points = [("CRASH_AT", point) for point in self.plan.crash]
        points += [("FREEZE_AT", point) for point in self.plan.freeze]
        ours = [one for one in points if one[1] != "after_charge"]
        theirs = [one for one in points if one[1] == "after_charge"]
        for number in range(max(self.plan.workers, len(ours))):
            self.bear(Role("worker", number, tuple(ours[number : number + 1])))
        for number in range(self.plan.clients):
            self.bear(Role("client", number, tuple(theirs[number : number + 1])))

    def play(self) -> float:
        """Until all is ordered and ended, or the time is over; returns the seconds it took."""
        begun = time.monotonic()
        self.cast()
        look_at = begun + GLANCE
        while time.monotonic() < begun + self.plan.seconds:
            self.reap()
            self.disturb()
            if time.monotonic() >= look_at:
                if self.is_over():
                    break
                look_at = time.monotonic() + GLANCE
            time.sleep(0.01)
        took = time.monotonic() - begun
        self.end()
        return took

    def reap(self) -> None:
        """Bear again who died; note who stopped."""
        while self.living:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self.thaw_at.setdefault(pid, time.monotonic() + self.plan.thaw)
                self.counts["frozen"] += 1
                continue
            role = self.living.pop(pid)
            self.thaw_at.pop(pid, None)
            code = os.waitstatus_to_exitcode(status)
            if code == 137:
                self.counts["crashed at its point"] += 1
            if not (role.kind == "client" and code == 0):
                self.bear(role.reborn())

    def disturb(self) -> None:
        """Thaw who was frozen long enough; kill or freeze somebody when it is time."""
        now = time.monotonic()
        for pid in [pid for pid, at in self.thaw_at.items() if at <= now]:
            del self.thaw_at[pid]
            os.kill(pid, signal.SIGCONT)
        if now < self.kill_at or not self.living:
            return
        pid = self.dice.choice(sorted(self.living))
        if self.dice.random() < self.plan.freezing:
            os.kill(pid, signal.SIGSTOP)
        else:
            os.kill(pid, signal.SIGKILL)
            self.counts["killed"] += 1
        self.kill_at = self._next_kill()

    def _next_kill(self) -> float:
        low, high = self.plan.every
        return time.monotonic() + self.dice.uniform(low, high) if high else float("inf")

    def is_over(self) -> bool:
        """Whether every order was accepted and has ended, and nobody is frozen in the
        middle of it.
        """
        if self.thaw_at or any(role.kind == "client" for role in self.living.values()):
            return False
        try:
            is_open = Generation.objects.filter(status__in=("pending", "processing")).exists()
        except (DatabaseError, InterfaceError):
            return False
        finally:
            connections.close_all()
        return not is_open

    def end(self) -> None:
        """Let the thawed finish what they were at, then end everybody."""
        time.sleep(0.8)
        for pid in self.living:
            os.kill(pid, signal.SIGKILL)
        for pid in self.living:
            os.waitpid(pid, 0)


def main(text: str, simulator: str) -> None:
    """Play the plan and print what came of it."""
    plan = Plan.load(text)
    prepare(plan)
    errors = Path(os.environ["DATA_DIR"]) / "errors"
    (errors.parent / "begun").touch()
    conductor = Conductor(plan, errors)
    took = conductor.play()
    result: dict[str, Any] = {
        "violations": verdict.violations(plan, simulator, errors),
        "seconds": round(took, 1),
        **dict(conductor.counts),
        **verdict.figures(),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
