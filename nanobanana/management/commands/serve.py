"""`manage.py serve`: the front, and in embedded mode worker and beat beside it, in one process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
import sys
import threading
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from nanobanana import checks

if TYPE_CHECKING:
    from nanobanana.embedded import Workshop

STOP_SECONDS, LAST_SECONDS = 20.0, 3.0
CONNECTIONS = 65_536
_M_ARENA_MAX = -8


class Command(BaseCommand):
    """Serves until Ctrl-C or SIGTERM, which end everything cleanly; a second one at once."""

    help = "Serves the site; without REDIS_URL the worker runs in the same process."
    requires_system_checks: list[str] = []  # noqa: RUF012

    def add_arguments(self, parser: ArgumentParser) -> None:
        """HOST and PORT of the environment are the defaults."""
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        """Binds first, so that a taken port is told before anything is made."""
        _allow_many_connections()
        _share_memory()
        for message in [*checks.somebody_serves(), *checks.settings_without_use()]:
            self.stderr.write(str(message))
        listener = self._listener(options["host"], options["port"])
        _address_links(listener)
        try:
            self._serve(listener)
        except KeyboardInterrupt:
            self._leave(130)

    def _listener(self, host: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as exc:
            raise CommandError(f"Cannot listen on {host}:{port}: {exc.strerror}") from exc
        return listener

    def _serve(self, listener: socket.socket) -> None:
        workshop = self._workshop() if settings.EMBEDDED else None
        from nanobanana.front.build import app as front
        from nanobanana.front.server import FrontServer

        host, port = listener.getsockname()[:2]

        def ready() -> None:
            self.stdout.write(f"NanoBanana answers at {_url(host, port)}")
            self.stdout.flush()
            if workshop is not None:
                workshop.start()

        server = FrontServer(front, host, port, ready)
        server.run(sockets=[listener])
        if server.force_exit:
            self._leave(1)
        if workshop is not None and not workshop.stop(STOP_SECONDS):
            # What still runs is taken up again by its row after the next start.
            self._leave(0)
        # Threads of other pools are joined at the interpreter's end: not for long.
        last_resort = threading.Timer(LAST_SECONDS, self._leave, [0])
        last_resort.daemon = True
        last_resort.start()

    def _workshop(self) -> Workshop:
        """Celery, not yet started, and all that the first start has to make before that."""
        from generator.engine import news
        from nanobanana import first_start
        from nanobanana.celery import app
        from nanobanana.embedded import Workshop
        from nanobanana.front import notify

        news.listen(notify)
        workshop = Workshop(app)
        first_start.prepare(self.stdout)
        return workshop

    def _leave(self, code: int) -> None:
        """Ends the process without waiting for threads that are busy."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _share_memory() -> None:
    """Makes threads share two of glibc's heaps, where each would keep what it once needed.

    Measured: 213 MB against 342 MB after eight pictures. mallopt(3); elsewhere it does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _address_links(listener: socket.socket) -> None:
    """Makes our own links lead to where we listen, unless the site's address was set."""
    if f"http://{settings.HOST}:{settings.PORT}" == settings.SITE_URL:
        host, port = listener.getsockname()[:2]
        settings.SITE_URL = _url(host, port)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _allow_many_connections() -> None:
    """Raises the limit of open files: commonly 1,024, and every waiting client is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, CONNECTIONS)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
