"""Deciding what of a file to send: conditions and ranges of RFC 9110, sections 13 and 14."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from nanobanana.front.vocabulary import PIECE, Headers, Scope

_RANGE = re.compile(rb"bytes=(\d{0,18})-(\d{0,18})")
_TAG = re.compile(rb'(?:W/)?"[^"]*"')


@dataclass(frozen=True)
class Plan:
    """Status and headers to send, and which bytes of the open `descriptor` follow."""

    status: int
    headers: Headers
    descriptor: int
    offset: int
    remaining: int
    first: bytes = b""

    def close(self) -> None:
        """Gives the descriptor back."""
        os.close(self.descriptor)


def plan(address: str, scope: Scope, headers: Headers) -> Plan:
    """Opens the file the application named and decides what goes out of it.

    `address` is an absolute path, percent-encoded where it has a `%` or is not ASCII; `headers` are
    the reply's own, with the type, ETag and caching the view chose. The first piece comes along,
    so that a small file costs one turn in a thread. Raises OSError when there is no such file.
    """
    descriptor = os.open(unquote(address), os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(address)
        part = _decide(descriptor, found.st_size, scope, headers)
        if part.remaining:
            first = read(part)
            part = Plan(part.status, part.headers, descriptor, part.offset, part.remaining, first)
    except BaseException:
        os.close(descriptor)
        raise
    return part


def read(part: Plan) -> bytes:
    """The next piece; blocks, so it runs in a thread."""
    return os.pread(part.descriptor, min(PIECE, part.remaining), part.offset)


def _decide(descriptor: int, size: int, scope: Scope, headers: Headers) -> Plan:
    asked, own = dict(scope["headers"]), dict(headers)
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    if _unchanged(asked, own):
        bare = [(n, v) for n, v in kept if n not in {b"content-type", b"content-disposition"}]
        return Plan(304, bare, descriptor, 0, 0)
    kept.append((b"accept-ranges", b"bytes"))
    if scope["method"] == "HEAD":
        return Plan(200, [*kept, _length(size)], descriptor, 0, 0)
    span = _span(asked, own, size)
    if span is None:
        return Plan(200, [*kept, _length(size)], descriptor, 0, size)
    first, last = span
    if first > last:
        refused = [*kept, (b"content-range", b"bytes */%d" % size), _length(0)]
        return Plan(416, refused, descriptor, 0, 0)
    count = last - first + 1
    part = [*kept, (b"content-range", b"bytes %d-%d/%d" % (first, last, size)), _length(count)]
    return Plan(206, part, descriptor, first, count)


def _length(count: int) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % count)


def _unchanged(asked: dict[bytes, bytes], own: dict[bytes, bytes]) -> bool:
    """Whether the client's copy is still good; tags compare weakly and beat dates."""
    tags = asked.get(b"if-none-match")
    if tags is not None:
        known = own.get(b"etag", b"").removeprefix(b"W/")
        listed = {tag.removeprefix(b"W/") for tag in _TAG.findall(tags)}
        return bool(known) and (tags.strip() == b"*" or known in listed)
    since, changed = asked.get(b"if-modified-since"), own.get(b"last-modified")
    return bool(since and changed) and _not_later(changed or b"", since or b"")


def _not_later(one: bytes, other: bytes) -> bool:
    try:
        first = parsedate_to_datetime(one.decode("latin-1"))
        return first <= parsedate_to_datetime(other.decode("latin-1"))
    except (ValueError, TypeError):
        return False


def _span(asked: dict[bytes, bytes], own: dict[bytes, bytes], size: int) -> tuple[int, int] | None:
    """First and last byte of the one range asked for; None for the whole, (1, 0) for no such bytes.

    Several ranges, another unit and what cannot be read are answered with the whole file.
    """
    match = _RANGE.fullmatch(asked.get(b"range", b"").strip().replace(b" ", b""))
    if match is None or match.groups() == (b"", b"") or not _still_the_same(asked, own):
        return None
    start, end = match.groups()
    if not start:
        return (max(size - int(end), 0), size - 1) if int(end) and size else (1, 0)
    first, last = int(start), min(int(end or size), size - 1)
    if end and int(end) < first:
        return None
    return (first, last) if first < size else (1, 0)


def _still_the_same(asked: dict[bytes, bytes], own: dict[bytes, bytes]) -> bool:
    """If-Range: a strong tag that matches, or exactly the date of the last change."""
    condition = asked.get(b"if-range")
    if condition is None:
        return True
    if condition.startswith(b'"'):
        return condition == own.get(b"etag")
    return condition == own.get(b"last-modified")
