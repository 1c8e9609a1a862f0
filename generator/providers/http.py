"""The one place where upstreams are spoken to over HTTP: bounds, and what an answer means.

Adapters get a `Bounded` wire and never see httpx: nothing it raises can carry a key, an address or
an upstream's words, not even in `__context__`, because every error is made and raised here afresh.
"""

from __future__ import annotations

import enum
import functools
import json
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from generator.providers.base import (
    Failed,
    Misconfigured,
    NotAccepted,
    ProviderError,
    RateLimited,
    Refused,
    Unavailable,
    Unknown,
)
from generator.providers.connections import Lane, this_thread

JSON_LIMIT = 8 * 1024 * 1024
CONNECT_SECONDS = 5.0
LONGEST_RETRY_AFTER = 120.0
_BAD_INPUT = "The image service could not take this input. Change the prompt, images or options."


class Phase(enum.Enum):
    """What a lost answer would mean: perhaps paid for, nothing created yet, or just ask again."""

    CREATE = "create"
    PREPARE = "prepare"
    ASK = "ask"


def error_for(phase: Phase, code: int, who: str, retry_after: float | None = None) -> ProviderError:
    """The one table from an HTTP status (or a code of the same meaning in a body) to an error."""
    said = f"{who} {phase.value}: answered {code}"
    if code == 429:
        return RateLimited(said, retry_after)
    if phase is Phase.ASK:
        return Failed(said) if code in (404, 410) else Unavailable(said)
    if code in (401, 402, 403, 407):
        return Misconfigured(said)
    if phase is Phase.PREPARE or code == 503:
        return Unavailable(said)
    if code in (400, 413, 414, 422):
        return Refused(_BAD_INPUT, "invalid_input")
    # A 408, 409, 425 or 499 leaves open whether an earlier part of the exchange counted.
    definite = 400 <= code < 500 and code not in (408, 409, 425, 499)
    return Failed(said) if definite else Unknown(said)


def lost(phase: Phase, who: str, what: str) -> ProviderError:
    """The error for an exchange that began and brought no readable answer."""
    kind = Unknown if phase is Phase.CREATE else Unavailable
    return kind(f"{who} {phase.value}: {what}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds named by Retry-After, whole or as an HTTP date (RFC 9110 10.2.3), 0 to 120."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return min(float(value), LONGEST_RETRY_AFTER)
    then = _http_date(value)
    if then is None:
        return None
    # Counted from the upstream's own clock, so that a wrong one of ours changes nothing.
    now = _http_date(headers.get("date", "")) or datetime.now(UTC)
    return min(max((then - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


def _http_date(value: str) -> datetime | None:
    try:
        then = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Answer:
    """An upstream's answer of any status; see `base.Reply`. Its repr shows no header or body."""

    phase: Phase
    who: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def content(self) -> bytes:
        if not 200 <= self.status < 300:
            raise self.error(self.status)
        return self.body

    def json(self) -> dict[str, Any]:
        self.content()
        if self._object is None:
            raise self.broken()
        return self._object

    def peek(self) -> dict[str, Any]:
        return self._object or {}

    @functools.cached_property
    def _object(self) -> dict[str, Any] | None:
        return _json_object(self.body)

    def error(self, code: int) -> ProviderError:
        # A redirect is no proof of anything: the create may have been taken before it.
        return error_for(self.phase, code, self.who, retry_after(self.headers))

    def broken(self) -> ProviderError:
        return lost(self.phase, self.who, "an answer nobody can read")


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class Bounded:
    """The wire handed to one provider; see `base.Wire`. Any thread may use it.

    `who` is the provider's slug, for our logs; `seconds` bounds a call from connecting to the last
    byte. DNS is bounded by the system's resolver only. `lane` swaps the wire in tests.
    """

    def __init__(self, who: str, seconds: float, lane: Lane | None = None) -> None:
        self._who = who
        self._seconds = seconds
        self._lane = lane

    def create(self, url: str, **request: Any) -> Answer:
        return self._call(Phase.CREATE, url, request)

    def prepare(self, url: str, **request: Any) -> Answer:
        return self._call(Phase.PREPARE, url, request)

    def ask(self, url: str, **request: Any) -> Answer:
        return self._call(Phase.ASK, url, request)

    def _call(self, phase: Phase, url: str, options: dict[str, Any]) -> Answer:
        found = self._exchange(phase, url, options)
        if isinstance(found, ProviderError):
            # Outside of every except block: httpx's exceptions hold the request with its key.
            raise found
        return found

    def _exchange(self, phase: Phase, url: str, options: dict[str, Any]) -> Answer | ProviderError:
        lane = self._lane or this_thread()
        client = lane.kept if phase is Phase.ASK else lane.fresh
        limit = options.pop("limit", JSON_LIMIT)
        seconds = options.pop("seconds", self._seconds)
        method = options.pop("method", "GET" if phase is Phase.ASK else "POST")
        lane.deadline.at = time.monotonic() + seconds
        timeout = httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds))
        try:
            request = client.build_request(method, url, timeout=timeout, **options)
        except (ValueError, TypeError, httpx.InvalidURL):
            return NotAccepted(f"{self._who} {phase.value}: no request could be made of this")
        return self._send(phase, client, request, limit)

    def _send(
        self, phase: Phase, client: httpx.Client, request: httpx.Request, limit: int
    ) -> Answer | ProviderError:
        try:
            response = client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Unavailable(f"{self._who} {phase.value}: no connection")
        except httpx.UnsupportedProtocol:
            return Misconfigured(f"{self._who} {phase.value}: the address in the settings is wrong")
        except (httpx.HTTPError, OSError) as error:
            return lost(phase, self._who, type(error).__name__)
        try:
            body = b"".join(_bounded(response, limit))
        except (httpx.HTTPError, httpx.StreamError, OSError, zlib.error, _TooMuch) as error:
            if response.is_success:
                return lost(phase, self._who, type(error).__name__)
            body = b""
        finally:
            response.close()
        return Answer(phase, self._who, response.status_code, response.headers, body)


class _TooMuch(Exception):
    """The answer is larger than asked for, or packed in a way that we did not ask for."""


def _bounded(response: httpx.Response, limit: int) -> Iterator[bytes]:
    """The body's pieces, unpacked; raises _TooMuch once they are more than `limit` bytes.

    httpx would unpack a whole piece at once (64 KB of gzip may be 64 MB): so it is done here.
    """
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip", ""):
        raise _TooMuch
    unpack = zlib.decompressobj(wbits=31) if packing == "gzip" else None
    left = limit
    for raw in response.iter_raw():
        piece = unpack.decompress(raw, left + 1) if unpack else raw
        left -= len(piece)
        if left < 0:
            raise _TooMuch
        yield piece
    if unpack and not unpack.eof:
        raise _TooMuch
