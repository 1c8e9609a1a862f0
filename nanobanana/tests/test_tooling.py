"""The README's commands prepare their environment as they promise, and bin/test counts truly."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FAKE_PYTHON = """#!/bin/sh
# Stands in for Python: notes its arguments; installing fails while the file `broken` is there.
[ "$1" = -c ] && exit 0
echo "$@" >> calls
case "$*" in *install*) [ ! -e broken ] ;; esac
"""
JUNIT = """<testsuites><testsuite tests="5" failures="1" errors="1" skipped="2">
<testcase><skipped message="no Chromium"/></testcase>
<testcase><skipped message="no Chromium"/></testcase></testsuite></testsuites>"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh clone's bin/ and pinned files, with a Python that only notes what it is asked."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    (tmp_path / "requirements.txt").write_text("one==1\n")
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(FAKE_PYTHON)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    """bin/checks.py as a module."""
    spec = importlib.util.spec_from_file_location("checks", ROOT / "bin" / "checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    return module


def run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(checkout / "bin" / "run"), *arguments],
        cwd="/",
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=20,
    )


def calls(checkout: Path) -> list[str]:
    """What Python was asked for since the last look, but for looks at pip's version."""
    path = checkout / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [line for line in lines if "--version" not in line]


def test_run_installs_with_hashes_and_then_serves(checkout: Path) -> None:
    assert run(checkout, "--", "--port", "1").returncode == 0
    installed, served = calls(checkout)
    assert "install" in installed
    assert "--require-hashes" in installed
    assert served == "manage.py serve --port 1"


def test_a_second_run_installs_nothing(checkout: Path) -> None:
    run(checkout)
    calls(checkout)
    run(checkout)
    assert calls(checkout) == ["manage.py serve"]


def test_a_changed_pin_is_installed(checkout: Path) -> None:
    run(checkout)
    (checkout / "requirements.txt").write_text("one==2\n")
    calls(checkout)
    run(checkout)
    assert len(calls(checkout)) == 2


def test_an_interrupted_installation_is_begun_again(checkout: Path) -> None:
    (checkout / "broken").touch()
    assert run(checkout).returncode != 0
    assert "manage.py serve" not in calls(checkout)
    (checkout / "broken").unlink()
    assert run(checkout).returncode == 0
    assert len(calls(checkout)) == 2


def test_a_machine_without_a_fitting_python_is_told_so(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "rm"):
        (tools / name).symlink_to(shutil.which(name) or name)
    ended = run(checkout, PATH=str(tools))
    assert ended.returncode == 1
    assert "Python 3.11, 3.12 or 3.13" in ended.stderr


def test_nothing_configured_here_reaches_a_check(
    checks: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NANO_BANANA_API_KEY", "secret")
    monkeypatch.setenv("CRASH_AT", "charge")
    environment = checks.clean_environment()
    assert {"NANO_BANANA_API_KEY", "CRASH_AT"} & set(environment) == set()
    assert "PATH" in environment


def test_counts_and_reasons_are_read_from_each_run(checks: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text(JUNIT)
    report = checks.Report()
    report.read("SQLite", tmp_path / "junit.xml")
    assert (report.passed, report.failed, report.skipped) == (1, 2, 2)
    assert report.reasons == {"no Chromium [SQLite]": 2}


def test_a_step_that_fails_is_named_and_fails_the_run(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    report = checks.Report()
    assert not checks.step(report, "style", [sys.executable, "-c", "exit(3)"], dict(os.environ))
    assert report.broken == ["style"]
    assert "FAILED (3)" in capsys.readouterr().out


def test_sqlite_leaves_out_only_what_postgresql_and_redis_will_run(checks: ModuleType) -> None:
    both = {"TEST_DATABASE_URL": "x", "TEST_REDIS_URL": "y"}
    assert checks._left_for_sqlite({}) == ""
    assert checks._left_for_sqlite({"TEST_REDIS_URL": "y"}) == ""
    assert checks._left_for_sqlite({"TEST_DATABASE_URL": "x"}) == "not races"
    assert checks._left_for_sqlite(both) == "not races and not redis"
