"""The whole product on a socket, for clients people already have: front, Django, one worker."""

from __future__ import annotations

import base64
import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import close_old_connections, connections
from django.test import override_settings
from PIL import Image

from generator import engine
from nanobanana.front import Front
from nanobanana.front.build import ApiWaiting
from nanobanana.front.server import FrontServer
from nanobanana.wsgi import application


@dataclass
class Site:
    """A running site: its address, and whether its worker works."""

    url: str
    working: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """The worker's thread."""
        while not self.over.wait(0.02):
            if self.working.is_set():
                close_old_connections()
                engine.sweep()
        connections.close_all()


@contextmanager
def site() -> Iterator[Site]:
    """The site, up; afterwards gone with its threads and their connections."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    running = Site(f"http://127.0.0.1:{listener.getsockname()[1]}")
    front = Front(application, ApiWaiting(), site_url=running.url, leaving=connections.close_all)
    ready = threading.Event()
    server = FrontServer(front, "127.0.0.1", 0, ready.set)
    running.working.set()
    threads = [
        threading.Thread(target=server.run, args=([listener],), name="site", daemon=True),
        threading.Thread(target=running.work, name="site-worker", daemon=True),
    ]
    for thread in threads:
        thread.start()
    assert ready.wait(5)
    try:
        with override_settings(SITE_URL=running.url):
            yield running
    finally:
        server.should_exit = True
        running.over.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def picture(data: str | bytes) -> Image.Image:
    """The picture in base64 text or bytes, read to its end."""
    raw = base64.b64decode(data) if isinstance(data, str) else data
    image = Image.open(io.BytesIO(raw))
    image.load()
    return image


def png(color: str = "#d04020", size: tuple[int, int] = (96, 64)) -> bytes:
    """A small picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return file.getvalue()
