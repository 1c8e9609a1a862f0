"""The front: uvicorn loads `nanobanana.front:app`, which puts Django's WSGI handler behind ASGI.

It does three things and no more. It hands each request, body spooled first, to Django in a bounded
thread pool. It holds requests that wait for a generation, without a thread or a connection, until
one poller sees the end, and lets Django render the answer. It keeps event streams on that poller.

How Django speaks to it. A request that came through has `environ["nanobanana.front"]`; only then
may a reply carry these headers, which never reach the client (nor may a client send them):

- `X-NB-Wait: <uuid hex>;<seconds>` with `X-NB-Render: <path?query>`: hold this request; then GET
  that path with the client's headers and `environ["nanobanana.internal"]`, a dict of `generation`
  (hex), `waited` (whether it ended), `reason` (ended, timeout, shutdown) and `request_id`.
- `X-NB-Events: <uuid hex>;<last event id>`: stream this generation's states.
- `X-NB-File: <absolute path, percent-encoded>`: send this file, with ranges and conditions.
"""

from __future__ import annotations

from typing import Any

from nanobanana.front.application import Front, notify

__all__ = ["Front", "notify"]


def __getattr__(name: str) -> Any:
    """`app` is built when a server asks for it, so that importing `notify` starts no Django."""
    if name != "app":
        raise AttributeError(name)
    from nanobanana.front.build import app

    return app
