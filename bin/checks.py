"""The steps of bin/test, in order: style, types, migrations, deployment, tests on both databases.

Runs in the project's own environment (bin/test sees to it). Names what it skipped and why, counts,
and ends with a non-zero code when any step failed.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from nanobanana.environment import SETTINGS, UNUSED  # noqa: E402
from nanobanana.tests import servers  # noqa: E402

ON_POSTGRES = "money or engine or uploads or contracts or queries or races or redis"
"""The tests whose promises depend on the database: they run again where many writers are real."""
WORKERS = "2"
CONCISE = "--output-format=concise"
LIMIT = 2400
"""Seconds after which a step hangs: it is ended and counts as failed."""
CONFIGURED = ("TEST_DATABASE_URL", "TEST_REDIS_URL")
FOREIGN = ("DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS", "CRASH_AT", "PYTHONPATH")


@dataclass
class Report:
    """What came of all steps: counted tests, failed steps, and how many each reason skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)

    def skip(self, reason: str, tests: int = 1) -> None:
        """Notes `tests` skipped for `reason`."""
        self.reasons[reason] = self.reasons.get(reason, 0) + tests

    def read(self, name: str, path: Path) -> None:
        """Adds the counts and skips of one pytest run from its JUnit file."""
        if not path.exists():
            return
        for suite in ET.parse(path).getroot().iter("testsuite"):  # noqa: S314 (our own file)
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            self.failed += bad
            self.skipped += skipped
            self.passed += int(suite.get("tests", 0)) - bad - skipped
            for mark in suite.iter("skipped"):
                self.skip(f"{mark.get('message', 'no reason given')} [{name}]")


def clean_environment() -> dict[str, str]:
    """The caller's environment without settings of ours: what is set here reaches no test."""
    ours = {setting.name for setting in SETTINGS} | set(UNUSED) | set(FOREIGN)
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    folder = tempfile.mkdtemp(prefix="nb-checks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return kept | {"NB_TEST": "1", "DATA_DIR": folder}


def production(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a deployment, with made-up values: nothing of it is connected to."""
    names = {name: value for name, value in environment.items() if name != "NB_TEST"}
    return names | {
        "DATABASE_URL": "postgres://app:made-up@db.invalid/app",
        "REDIS_URL": "redis://cache.invalid:6379/0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "https://images.example.com",
        "ALLOWED_HOSTS": "images.example.com",
        "EMAIL_URL": "smtp://mail.invalid:587",
        "TRUSTED_PROXIES": "1",
        "NANO_BANANA_API_KEY": "made-up",
    }


def step(report: Report, title: str, command: Sequence[str], environment: dict[str, str]) -> bool:
    """Runs one command in the project's folder, says how it went; True when it ended well."""
    print(f"== {title}", flush=True)
    start = time.monotonic()
    code = _code(command, environment)
    if code:
        report.broken.append(title)
    took = time.monotonic() - start
    print(f"   {'ok' if not code else f'FAILED ({code})'} in {took:.1f} s", flush=True)
    return not code


def _code(command: Sequence[str], environment: dict[str, str]) -> int:
    """The command's exit code; 124 when it had to be ended after LIMIT seconds."""
    try:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return 124
    return ended.returncode


def python(*arguments: str) -> list[str]:
    """A command that runs this Python with the arguments."""
    return [sys.executable, *arguments]


def static_checks(report: Report, environment: dict[str, str]) -> None:
    """Everything that needs no test: style, types, migrations and Django's own checks."""
    checked = {
        "ruff check": ["-m", "ruff", "check", "--quiet", CONCISE],
        "ruff format": ["-m", "ruff", "format", "--check", "--quiet", CONCISE],
        "mypy": ["-m", "mypy", "."],
        "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
        "check": ["manage.py", "check", "--fail-level", "WARNING"],
    }
    for title, arguments in checked.items():
        step(report, title, python(*arguments), environment)
    deploy = python("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    step(report, "check --deploy in production", deploy, production(environment))


def tests(report: Report, name: str, arguments: Sequence[str], environment: dict[str, str]) -> None:
    """One pytest run, counted into the report."""
    with tempfile.TemporaryDirectory(prefix="nb-junit-") as folder:
        path = Path(folder) / "junit.xml"
        broken = len(report.broken)
        before = report.failed
        command = python("-m", "pytest", "-q", f"--junitxml={path}", *arguments)
        ended_well = step(report, f"tests on {name}", command, environment)
        report.read(name, path)
        if not ended_well and report.failed > before:
            del report.broken[broken:]  # its failed tests say more than the run's name


def own_servers(report: Report, stack: ExitStack) -> dict[str, str]:
    """TEST_DATABASE_URL and TEST_REDIS_URL, as given or of own servers; reports what is missing."""
    urls = {name: os.environ[name] for name in CONFIGURED if os.environ.get(name)}
    for name, server in zip(CONFIGURED, (servers.postgres, servers.redis), strict=True):
        if name not in urls:
            try:
                urls[name] = stack.enter_context(server())
            except servers.Missing as why:
                report.skip(str(why))
    return urls


def everything(report: Report, environment: dict[str, str], long: bool) -> None:
    """The whole run; with `long` only the long figures, on both databases, one after the other."""
    if not long:
        static_checks(report, environment)
    with ExitStack() as stack:
        urls = own_servers(report, stack)
        if long:
            first = again = ["--long", "-m", "long"]
        else:
            parallel = ["--tb=short", "-n", WORKERS, "--dist", "worksteal"]
            first = [*parallel, "-m", _left_for_sqlite(urls)]
            again = [*parallel, "-m", ON_POSTGRES]
        tests(report, "SQLite", first, environment)
        if "TEST_DATABASE_URL" in urls:
            tests(report, "PostgreSQL", again, environment | urls)


def _left_for_sqlite(urls: dict[str, str]) -> str:
    """Everything but what PostgreSQL and Redis will run; without them that is skipped by name."""
    later = {"races": "TEST_DATABASE_URL", "redis": "TEST_REDIS_URL"}
    if "TEST_DATABASE_URL" not in urls:
        return ""
    return " and ".join(f"not {marker}" for marker, url in later.items() if url in urls)


def chosen(report: Report, environment: dict[str, str], arguments: Sequence[str]) -> None:
    """pytest alone with the caller's arguments, on PostgreSQL too where the caller names one."""
    tests(report, "SQLite", arguments, environment)
    urls = {name: os.environ[name] for name in CONFIGURED if os.environ.get(name)}
    if "TEST_DATABASE_URL" in urls:
        tests(report, "PostgreSQL", arguments, environment | urls)


def main(arguments: Sequence[str]) -> int:
    """Runs what the arguments ask for, prints skips and the count; 0 when nothing failed."""
    report = Report()
    environment = clean_environment()
    for name in CONFIGURED:
        environment.pop(name, None)
    start = time.monotonic()
    if list(arguments) in ([], ["--long"]):
        everything(report, environment, long=bool(arguments))
    else:
        chosen(report, environment, arguments)
    for reason, count in sorted(report.reasons.items()):
        print(f"skipped {count}: {reason}")
    for title in report.broken:
        print(f"failed: {title}")
    print(f"in {time.monotonic() - start:.0f} s")
    failed = report.failed + len(report.broken)
    print(f"{report.passed} passed, {failed} failed, {report.skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
