"""A small Django site behind the front, as its own process, for the front's benchmarks."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import django
import psutil
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


class Everything:
    """Generations that have all ended, or none of them."""

    over = False

    def ended(self, ids: Collection[UUID]) -> set[UUID]:
        """All or nothing."""
        return set(ids) if self.over else set()

    def snapshots(self, ids: Collection[UUID]) -> dict[UUID, tuple[int, str]]:
        """One state for all."""
        status = "completed" if self.over else "processing"
        return dict.fromkeys(ids, (1 + self.over, json.dumps({"status": status})))

    def holding(self, ids: Collection[UUID]) -> None:
        """Nobody asks."""

    def released(self, generation_id: UUID, delivered: bool) -> None:
        """Nobody asks."""


waiting = Everything()


def page(request: HttpRequest) -> HttpResponse:
    """A trivial page."""
    return HttpResponse(b"hello")


@csrf_exempt
def held(request: HttpRequest, name: str) -> HttpResponse:
    """Waits, as a generate route does."""
    if "nanobanana.internal" in request.environ:  # type: ignore[attr-defined]
        return HttpResponse(b"done")
    headers = {"X-NB-Wait": f"{name};120", "X-NB-Render": f"/held/{name}"}
    return HttpResponse(b"{}", status=202, headers=headers)


def stream(request: HttpRequest, name: str) -> HttpResponse:
    """Streams, as an events route does."""
    return HttpResponse(headers={"X-NB-Events": f"{name};"})


def end(request: HttpRequest) -> HttpResponse:
    """Ends all generations."""
    waiting.over = True
    return HttpResponse(b"ended")


urlpatterns = [
    path("", page),
    path("held/<name>", held),
    path("events/<name>", stream),
    path("end", end),
]


def serve(listener: socket.socket) -> None:
    """Serves until SIGTERM."""
    settings.configure(
        MIDDLEWARE=MIDDLEWARE,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="not a secret",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    django.setup()
    from nanobanana.front import Front
    from nanobanana.front.server import FrontServer

    def ready() -> None:
        print("ready", flush=True)

    FrontServer(Front(WSGIHandler(), waiting), "127.0.0.1", 0, ready).run(sockets=[listener])


@contextmanager
def running() -> Iterator[tuple[int, psutil.Process]]:
    """The site on a free port: port and process; ended afterwards."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    descriptor = listener.fileno()
    command = [sys.executable, "-m", "bench.small_site", str(descriptor)]
    root = Path(__file__).parent.parent
    options: dict[str, Any] = {"cwd": root, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, pass_fds=[descriptor], **options) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield listener.getsockname()[1], psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)
            listener.close()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
