"""The one place that fetches a file from an address somebody gave: guarded and bounded."""

import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from generator.guard import FetchFailed, FetchRefused, Policy
from generator.guarded_client import open_guarded_client

__all__ = ["FetchFailed", "FetchRefused", "Fetched", "Policy", "fetch"]

MAX_BYTES = 10 * 1024 * 1024
MAX_SECONDS = 10.0
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Stores often know no better type than the last two; what it really is, generator.images decides.
IMAGE_TYPES = ("image/", "application/octet-stream", "binary/octet-stream")


@dataclass(frozen=True)
class Fetched:
    """What came: the bytes and the type the other side claims, which proves nothing."""

    data: bytes
    content_type: str


def fetch(
    url: str,
    *,
    policy: Policy,
    limit: int = MAX_BYTES,
    seconds: float = MAX_SECONDS,
    types: tuple[str, ...] = IMAGE_TYPES,
) -> Fetched:
    """Return at most `limit` bytes from `url` within `seconds`, names, redirects and all.

    `types` are the accepted beginnings of a content type; none at all is accepted too. Raise
    FetchRefused when the address or one it redirects to may not be used, else FetchFailed.
    """
    deadline = time.monotonic() + seconds
    with open_guarded_client(policy, seconds) as client:
        try:
            fetched = _follow(client, policy.check(url), policy, limit, types)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, zlib.error) as error:
            raise FetchFailed from error
    # A body without a length ends like any other when the deadline shuts its connection.
    if time.monotonic() >= deadline:
        raise FetchFailed
    return fetched


def _follow(
    client: httpx.Client, url: httpx.URL, policy: Policy, limit: int, types: tuple[str, ...]
) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        with client.stream("GET", url) as response:
            if response.status_code not in REDIRECTS:
                return _received(response, limit, types)
            target = response.headers.get("location", "")
        if not target or not target.isprintable():
            raise FetchFailed
        url = policy.check(str(url.join(target)))
    raise FetchFailed


def _received(response: httpx.Response, limit: int, types: tuple[str, ...]) -> Fetched:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    length = response.headers.get("content-length", "0")
    if response.status_code != 200 or (content_type and not content_type.startswith(types)):
        raise FetchFailed
    if len(length) > 15 or not length.isdecimal() or int(length) > limit:
        raise FetchFailed
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    return Fetched(_read(response, encoding, limit), content_type)


def _read(response: httpx.Response, encoding: str, limit: int) -> bytes:
    body = bytearray()
    for chunk in _decoded(response, encoding, limit):
        body += chunk
        if len(body) > limit:
            raise FetchFailed
    return bytes(body)


def _decoded(response: httpx.Response, encoding: str, limit: int) -> Iterator[bytes]:
    """Inflate by hand: httpx would inflate a whole chunk, a thousand times its size, at once."""
    if encoding in ("identity", ""):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchFailed
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    for chunk in response.iter_raw():
        # One byte more than the limit is all it takes for the reader to give up.
        yield inflater.decompress(chunk, limit + 1)
    if not inflater.eof:
        raise FetchFailed
