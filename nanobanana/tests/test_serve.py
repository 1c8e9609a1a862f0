"""What `manage.py serve` promises: one command brings it all up, one signal brings it all down."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@contextmanager
def served(home: Path, port: int = 0) -> Iterator[subprocess.Popen[str]]:
    """The command running in a data directory of its own, gone afterwards."""
    environment = {name: value for name, value in os.environ.items() if name != "NB_TEST"}
    environment |= {"DATA_DIR": str(home), "DATABASE_URL": "", "REDIS_URL": "", "SITE_URL": ""}
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    """Where it says that it answers."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+$", line.strip()):
            return found[0]
    raise AssertionError(process.stderr.read() if process.stderr else "")


@pytest.mark.slow
def test_a_first_start_answers_and_a_signal_ends_it_cleanly(tmp_path):
    with served(tmp_path) as process:
        url = address(process)
        assert httpx.get(f"{url}/health", trust_env=False).json() == {"status": "healthy"}
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors


@pytest.mark.slow
def test_a_taken_port_is_told_before_anything_is_made(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        served(tmp_path / "home", taken.getsockname()[1]) as process,
    ):
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Cannot listen on 127.0.0.1" in errors
    assert not (tmp_path / "home" / "nanobanana.sqlite3").exists()
