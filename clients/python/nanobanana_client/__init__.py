"""Client of the NanoBanana API: generate, wait, follow the events, upload; sync and async."""

from __future__ import annotations

import asyncio
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

__all__ = ["AsyncNanoBanana", "Generation", "Image", "NanoBanana", "NanoBananaError"]

ENDED = frozenset({"completed", "failed", "canceled"})
REQUEST_SECONDS = 150.0
"""A little more than the server holds a request."""
LONGEST_PAUSE = 30.0
"""The client waits no longer than this, in seconds, before it sends a request again."""
POLL_SECONDS = 1.0


class NanoBananaError(Exception):
    """A refusal, or a generation that ended without a picture.

    `status` is the reply's (0 for a generation), `code` the stable name of what is wrong.
    """

    def __init__(self, message: str, code: str, status: int = 0, request_id: str = "") -> None:
        super().__init__(message)
        self.code, self.status, self.request_id = code, status, request_id


@dataclass(frozen=True)
class Image:
    """One picture; `url` opens without a key for some days."""

    id: str
    url: str
    width: int
    height: int
    thumbnail_url: str = ""


@dataclass(frozen=True)
class Generation:
    """A generation in any state; `raw` is the reply as it came."""

    id: str
    status: str
    images: tuple[Image, ...] = ()
    error: Mapping[str, str] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str | None:
        """The first picture's address."""
        return self.images[0].url if self.images else None

    @property
    def is_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in ENDED

    def completed(self) -> Generation:
        """Itself; raises NanoBananaError where it ended otherwise."""
        if self.status == "completed":
            return self
        told = self.error or {}
        raise NanoBananaError(
            told.get("message") or f"It is {self.status}", told.get("code") or self.status
        )


def _generation(body: Mapping[str, Any]) -> Generation:
    names = ("id", "url", "width", "height", "thumbnail_url")
    images = tuple(
        Image(**{name: image[name] for name in names if name in image})
        for image in body.get("images") or ()
    )
    return Generation(body["id"], body["status"], images, body.get("error"), body)


def _event(line: str) -> Generation | None:
    """What a line of an event stream tells, if anything."""
    return _generation(json.loads(line[6:])) if line.startswith("data: ") else None


def _checked(answer: httpx.Response) -> Any:
    """The reply's JSON. Raises NanoBananaError for a refusal."""
    if answer.is_success:
        return answer.json()
    try:
        body = answer.json()
    except ValueError:
        body = {}
    raise NanoBananaError(
        body.get("detail") or f"The server answered {answer.status_code}",
        body.get("code") or "error",
        answer.status_code,
        body.get("request_id") or answer.headers.get("X-Request-Id", ""),
    )


def _pause(answer: httpx.Response | None, attempt: int) -> float | None:
    """Seconds until the same request is worth sending again; None where it is not."""
    growing = 0.5 * 2**attempt
    if answer is None:
        return growing
    again = answer.status_code == 503
    if answer.status_code in (409, 429):
        again = answer.json().get("code") in ("rate_limited", "idempotency_in_progress")
    asked = float(answer.headers.get("Retry-After") or growing)
    return asked if again and asked <= LONGEST_PAUSE else None


def _order(
    prompt: str, options: Mapping[str, Any], key: str | None, prefer: str | None
) -> dict[str, Any]:
    """An order as a request; with a key of its own, so that sending it twice pays once."""
    headers = {"Idempotency-Key": key or str(uuid.uuid4())}
    headers |= {"Prefer": prefer} if prefer else {}
    return {"json": {"prompt": prompt, **options}, "headers": headers}


def _connection(api_key: str | None, base_url: str | None) -> dict[str, Any]:
    """Where to and who: from the arguments, else the environment. ValueError where unnamed."""
    key = api_key or os.environ.get("NANOBANANA_KEY")
    address = base_url or os.environ.get("NANOBANANA_URL")
    if not key or not address:
        raise ValueError("Set NANOBANANA_URL and NANOBANANA_KEY, or pass base_url and api_key")
    headers = {"Authorization": f"Bearer {key}"}
    return {"base_url": address, "headers": headers, "timeout": REQUEST_SECONDS}


class NanoBanana:
    """The API, in calls that wait for their answer."""

    def __init__(
        self, api_key: str | None = None, base_url: str | None = None, max_retries: int = 2
    ) -> None:
        self.max_retries = max_retries
        self._http = httpx.Client(**_connection(api_key, base_url))

    def __enter__(self) -> NanoBanana:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def generate(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Any
    ) -> Generation:
        """A completed generation. `options` are the API's fields (model, size, n, images, …)."""
        body = self._send("POST", "/v1/generate", **_order(prompt, options, idempotency_key, None))
        return self.wait(body["id"])

    def submit(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Any
    ) -> Generation:
        """The accepted order, at once; `wait` or `events` tell the rest."""
        order = _order(prompt, options, idempotency_key, "respond-async")
        return _generation(self._send("POST", "/v1/generate", **order))

    def get(self, generation_id: str) -> Generation:
        """The generation as it is now."""
        return _generation(self._send("GET", f"/v1/generations/{generation_id}"))

    def wait(self, generation_id: str, seconds: float = 1800) -> Generation:
        """The generation once it is completed. TimeoutError after `seconds`."""
        until = time.monotonic() + seconds
        while not (found := self.get(generation_id)).is_ended:
            if time.monotonic() >= until:
                raise TimeoutError(f"{generation_id} is still {found.status}")
            time.sleep(POLL_SECONDS)
        return found.completed()

    def events(self, generation_id: str) -> Iterator[Generation]:
        """Each change of it until its end."""
        with self._http.stream("GET", f"/v1/generations/{generation_id}/events") as answer:
            if answer.is_error:
                answer.read()
                _checked(answer)
            yield from filter(None, map(_event, answer.iter_lines()))

    def upload(self, image: bytes, name: str = "image") -> str:
        """The id of an uploaded JPEG, PNG or WebP, for `images`."""
        body = self._send("POST", "/api/upload", files={"file": (name, image)})
        return str(body["id"])

    def cancel(self, generation_id: str) -> Generation:
        """Asks to stop it; credits of what did not begin are back."""
        return _generation(self._send("POST", f"/v1/generations/{generation_id}/cancel"))

    def _send(self, method: str, path: str, **request: Any) -> Any:
        for attempt in range(self.max_retries + 1):
            try:
                answer = self._http.request(method, path, **request)
            except httpx.TransportError:
                if attempt == self.max_retries:
                    raise
                time.sleep(_pause(None, attempt) or 0)
                continue
            pause = _pause(answer, attempt)
            if pause is None or attempt == self.max_retries:
                break
            time.sleep(pause)
        return _checked(answer)


class AsyncNanoBanana:
    """The API, in calls to await."""

    def __init__(
        self, api_key: str | None = None, base_url: str | None = None, max_retries: int = 2
    ) -> None:
        self.max_retries = max_retries
        self._http = httpx.AsyncClient(**_connection(api_key, base_url))

    async def __aenter__(self) -> AsyncNanoBanana:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def generate(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Any
    ) -> Generation:
        """A completed generation. `options` are the API's fields (model, size, n, images, …)."""
        order = _order(prompt, options, idempotency_key, None)
        body = await self._send("POST", "/v1/generate", **order)
        return await self.wait(body["id"])

    async def submit(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Any
    ) -> Generation:
        """The accepted order, at once; `wait` or `events` tell the rest."""
        order = _order(prompt, options, idempotency_key, "respond-async")
        return _generation(await self._send("POST", "/v1/generate", **order))

    async def get(self, generation_id: str) -> Generation:
        """The generation as it is now."""
        return _generation(await self._send("GET", f"/v1/generations/{generation_id}"))

    async def wait(self, generation_id: str, seconds: float = 1800) -> Generation:
        """The generation once it is completed. TimeoutError after `seconds`."""
        until = time.monotonic() + seconds
        while not (found := await self.get(generation_id)).is_ended:
            if time.monotonic() >= until:
                raise TimeoutError(f"{generation_id} is still {found.status}")
            await asyncio.sleep(POLL_SECONDS)
        return found.completed()

    async def events(self, generation_id: str) -> AsyncIterator[Generation]:
        """Each change of it until its end."""
        path = f"/v1/generations/{generation_id}/events"
        async with self._http.stream("GET", path) as answer:
            if answer.is_error:
                await answer.aread()
                _checked(answer)
            async for line in answer.aiter_lines():
                if found := _event(line):
                    yield found

    async def upload(self, image: bytes, name: str = "image") -> str:
        """The id of an uploaded JPEG, PNG or WebP, for `images`."""
        body = await self._send("POST", "/api/upload", files={"file": (name, image)})
        return str(body["id"])

    async def cancel(self, generation_id: str) -> Generation:
        """Asks to stop it; credits of what did not begin are back."""
        return _generation(await self._send("POST", f"/v1/generations/{generation_id}/cancel"))

    async def _send(self, method: str, path: str, **request: Any) -> Any:
        for attempt in range(self.max_retries + 1):
            try:
                answer = await self._http.request(method, path, **request)
            except httpx.TransportError:
                if attempt == self.max_retries:
                    raise
                await asyncio.sleep(_pause(None, attempt) or 0)
                continue
            pause = _pause(answer, attempt)
            if pause is None or attempt == self.max_retries:
                break
            await asyncio.sleep(pause)
        return _checked(answer)
