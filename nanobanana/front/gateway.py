"""Running the WSGI application: the environ it gets, and its reply taken whole in one thread.

Follows PEP 3333. A reply is collected before anything is sent, so a slow client never holds a
thread; what streams more than a megabyte is kept in a temporary file until it is sent.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from nanobanana.front.lanes import LARGE
from nanobanana.front.spool import EMPTY, Body
from nanobanana.front.vocabulary import Environ, Headers, Scope, WsgiApp

logger = logging.getLogger(__name__)

_INTERNAL = b"x-nb-"
_DROPPED = {b"proxy", b"transfer-encoding", b"content-length", b"content-type"}
_OF_THE_BODY = {b"range", b"expect", b"content-encoding"}
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te"}
_names: dict[bytes, str] = {}


@dataclass
class Reply:
    """What the application answered; `internal` holds its X-NB-* headers, never sent on."""

    status: int = 500
    headers: Headers = field(default_factory=list)
    internal: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)
    file: IO[bytes] | None = None
    size: int = 0


def environ_for(scope: Scope, body: Body) -> Environ:
    """The environ of the client's own request."""
    environ = _environ(scope, scope["method"], scope["raw_path"], scope["query_string"], set())
    for name, value in scope["headers"]:
        if name == b"content-type":
            environ["CONTENT_TYPE"] = value.decode("latin-1")
    environ["CONTENT_LENGTH"] = str(body.size) if body is not EMPTY else _length(scope)
    environ["wsgi.input"] = body.reader()
    return environ


def internal_environ(scope: Scope, target: str, facts: dict[str, Any]) -> Environ:
    """The environ of the GET of `target` which renders the answer to a request that was held.

    It carries the client's own headers, so that the credential is checked again, without those
    that speak of a body or of a cached copy; `facts` become the key `nanobanana.internal`.
    """
    path, _, query = target.partition("?")
    skipped = {name for name, _ in scope["headers"] if name.startswith(b"if-")} | _OF_THE_BODY
    environ = _environ(scope, "GET", path.encode("latin-1"), query.encode("latin-1"), skipped)
    environ["CONTENT_LENGTH"] = ""
    environ["wsgi.input"] = EMPTY.reader()
    environ["nanobanana.internal"] = facts
    return environ


def _length(scope: Scope) -> str:
    """`0` where the client announced an empty body, else nothing."""
    return "0" if any(name == b"content-length" for name, _ in scope["headers"]) else ""


def _environ(scope: Scope, method: str, path: bytes, query: bytes, skipped: set[bytes]) -> Environ:
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 80)
    environ: Environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "nanobanana.front": True,
    }
    for name, value in scope["headers"]:
        key = _key(name)
        if not key or name in skipped:
            continue
        text = value.decode("latin-1")
        if key in environ:
            text = f"{environ[key]}{'; ' if name == b'cookie' else ','}{text}"
        environ[key] = text
    return environ


def _key(name: bytes) -> str:
    """The environ key of a header, empty for one that does not pass.

    A name with an underscore could pass for another one; X-NB-* is ours alone; `Proxy` would set
    a proxy for outgoing requests in CGI-like code.
    """
    key = _names.get(name)
    if key is None:
        refused = b"_" in name or name in _DROPPED or name.startswith(_INTERNAL)
        key = "" if refused else f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
        if len(_names) < 512:
            _names[name] = key
    return key


def call(app: WsgiApp, environ: Environ) -> Reply:
    """Runs the application to the end of its reply, close() included; errors are the caller's."""
    reply = Reply()

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        reply.status = int(status[:3])
        _sort_headers(reply, headers)
        return lambda piece: _keep(reply, piece)

    result: Iterable[bytes] = app(environ, start_response)
    try:
        for piece in result:
            _keep(reply, piece)
    except BaseException:
        if reply.file is not None:
            reply.file.close()
        raise
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    return reply


def _sort_headers(reply: Reply, headers: list[tuple[str, str]]) -> None:
    reply.headers, reply.internal = [], {}
    for name, value in headers:
        lower = name.lower()
        if lower.startswith("x-nb-"):
            reply.internal[lower] = value
        elif lower not in _HOP_BY_HOP:
            reply.headers.append((lower.encode("latin-1"), value.encode("latin-1")))


def _keep(reply: Reply, piece: bytes) -> None:
    reply.size += len(piece)
    if reply.file is not None:
        reply.file.write(piece)
    elif piece:
        reply.body.append(piece)
        if len(reply.body) > 1 and reply.size > LARGE:
            reply.file = tempfile.TemporaryFile(prefix="nanobanana-reply-")  # noqa: SIM115
            reply.file.writelines(reply.body)
            reply.body = []
