"""A stage for the tests of the front: a real server, a small site behind it, raw sockets."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from nanobanana.front import Front
from nanobanana.front.server import FrontServer
from nanobanana.front.spool import Limits


@dataclass
class Story:
    """What the front is told about generations, and what it told back."""

    done: set[UUID] = field(default_factory=set)
    states: dict[UUID, tuple[int, str]] = field(default_factory=dict)
    still_held: set[UUID] = field(default_factory=set)
    over: dict[UUID, bool] = field(default_factory=dict)
    asked: int = 0

    def ended(self, ids: Collection[UUID]) -> set[UUID]:
        self.asked += 1
        return self.done & set(ids)

    def snapshots(self, ids: Collection[UUID]) -> dict[UUID, tuple[int, str]]:
        self.asked += 1
        return {name: self.states[name] for name in ids if name in self.states}

    def holding(self, ids: Collection[UUID]) -> None:
        self.still_held |= set(ids)

    def released(self, generation_id: UUID, delivered: bool) -> None:
        self.over[generation_id] = delivered

    def reach(self, generation: UUID, version: int, status: str) -> None:
        self.states[generation] = (version, json.dumps({"status": status, "progress": version}))


class Site:
    """A WSGI application with one path for each thing an application can do to the front."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.gate = threading.Event()
        self.rendering = threading.Event()
        self.rendering.set()
        self.inside: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.closed = 0
        self.seconds = "20"

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name = environ["PATH_INFO"].strip("/").partition("/")[0] or "home"
        page = getattr(self, f"page_{name}", None)
        if page is None:
            name, page = "echo", self.page_echo
        return page(environ, start)

    def page_home(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/plain"), ("Connection", "keep-alive")])
        return [b"hello"]

    def page_echo(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        facts: dict[str, Any] = {
            key: value for key, value in environ.items() if isinstance(value, (str, bool, dict))
        }
        facts |= {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        facts["thread"] = threading.current_thread().name
        self.seen.append(facts)
        start("200 OK", [("Content-Type", "application/json"), ("X-NB-Secret", "inside")])
        return [json.dumps(facts).encode()]

    def page_gate(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.inside.append(environ["QUERY_STRING"])
        self.gate.wait(10)
        return self.page_home(environ, start)

    page_generator = page_gate

    def page_boom(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        raise RuntimeError("a secret in a message")

    def page_late(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        yield b"half a page"
        raise SystemExit(3)

    def page_stream(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return Closing(self)

    def page_file(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        name = environ["QUERY_STRING"] or str(self.file)
        headers = [("Content-Type", "image/png"), ("ETag", '"v1"'), ("X-NB-File", name)]
        start("200 OK", headers)
        return []

    def page_nothing(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("204 No Content", [("Content-Length", "0")])
        return []

    def page_held(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        generation = environ["PATH_INFO"].rpartition("/")[2]
        internal = environ.get("nanobanana.internal")
        if internal is not None:
            self.inside.append(generation)
            self.rendering.wait(10)
            start(
                "200 OK" if internal["waited"] else "504 Late",
                [("Content-Type", "application/json"), ("X-Request-Id", "second"), ("X-Own", "b")],
            )
            told = {"method": environ["REQUEST_METHOD"], "query": environ["QUERY_STRING"]}
            told["key"] = environ.get("HTTP_AUTHORIZATION")
            return [json.dumps(told | internal).encode()]
        environ["wsgi.input"].read()
        start("202 Accepted", [
            ("X-NB-Wait", f"{generation};{self.seconds}"), ("X-Own", "a"), ("X-Extra", "kept"),
            ("X-NB-Render", f"/held/{generation}?a=%C3%A9"), ("X-Request-Id", "first"),
            ("Location", "/elsewhere"), ("Set-Cookie", "session=1; Path=/")])  # fmt: skip
        return [b'{"status": "pending"}']

    def page_events(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        generation = environ["PATH_INFO"].rpartition("/")[2]
        if environ.get("HTTP_AUTHORIZATION") != "Bearer ann":
            start("404 Not Found", [])
            return [b"no"]
        seen = environ.get("HTTP_LAST_EVENT_ID", "")
        start("200 OK", [("X-NB-Events", f"{generation};{seen}"), ("Vary", "Cookie")])
        return [b""]


class Closing:
    """Three megabytes in pieces, which notes that it was closed."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def __iter__(self) -> Iterator[bytes]:
        return (bytes([number % 251]) * 65536 for number in range(48))

    def close(self) -> None:
        self.site.closed += 1


@dataclass
class Stage:
    """A running front with what stands behind it."""

    front: Front
    server: FrontServer
    site: Site
    story: Story
    port: int
    thread: threading.Thread

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def raw(self, *pieces: bytes) -> bytes:
        """Sends pieces over one connection; everything that comes back until it closes."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=10, trust_env=False)


@contextmanager
def performed(file: Path, **options: Any) -> Iterator[Stage]:
    """A stage that is up, and afterwards gone with all its threads."""
    site, story = Site(file), Story()
    limits = options.pop("limits", Limits(body=8 * 1024 * 1024, idle=0.3))
    front = Front(site, story, limits=limits, site_url="https://nb.example", **options)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    ready = threading.Event()
    server = FrontServer(front, "127.0.0.1", 0, ready.set)
    thread = threading.Thread(target=server.run, args=([listener],), name="stage", daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield Stage(front, server, site, story, listener.getsockname()[1], thread)
    finally:
        site.gate.set()
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


def eventually(fact: Callable[[], object], seconds: float = 5.0) -> bool:
    """Whether `fact` becomes true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if fact():
            return True
        time.sleep(0.01)
    return bool(fact())
