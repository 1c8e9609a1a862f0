"""What becomes of a request whose generation is not finished: the wait, and the answer after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from nanobanana.front.gateway import Reply
from nanobanana.front.vocabulary import Headers

_OF_THE_FIRST_ANSWER_ALONE = {
    b"content-length",
    b"content-type",
    b"content-encoding",
    b"content-language",
    b"content-disposition",
    b"location",
    b"retry-after",
    b"etag",
    b"last-modified",
    b"cache-control",
    b"allow",
    b"set-cookie",
    b"preference-applied",
}


@dataclass(frozen=True)
class Hold:
    """What the view asked for: whom to wait for, how long (seconds), what to render then."""

    generation: UUID
    seconds: float
    render: str
    headers: Headers

    @classmethod
    def asked_by(cls, reply: Reply) -> Self | None:
        """Reads X-NB-Wait (`<uuid hex>;<seconds>`) and X-NB-Render (`path?query`)."""
        wait = reply.internal.get("x-nb-wait")
        if wait is None:
            return None
        identity, _, seconds = wait.partition(";")
        render = reply.internal["x-nb-render"]
        return cls(UUID(identity), float(seconds), render, reply.headers)

    @property
    def request_id(self) -> str:
        """The id the first answer was given."""
        return dict(self.headers).get(b"x-request-id", b"").decode("latin-1")


def merged(first: Headers, second: Headers) -> Headers:
    """The final answer's headers: its own, and of the first answer's those it lacks.

    What spoke of the first answer's body stays behind. Cookies set by the first are kept unless the
    second sets the same one; the request's id is the first's.
    """
    ours = [(name, value) for name, value in second if name != b"x-request-id"]
    present = {name for name, _ in ours} | _OF_THE_FIRST_ANSWER_ALONE
    baked = {_cookie(value) for name, value in ours if name == b"set-cookie"}
    cookies = [
        (name, value)
        for name, value in first
        if name == b"set-cookie" and _cookie(value) not in baked
    ]
    return ours + [pair for pair in first if pair[0] not in present] + cookies


def _cookie(header: bytes) -> bytes:
    return header.partition(b"=")[0].strip()
