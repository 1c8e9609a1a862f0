"""The vocabulary every upstream adapter speaks: orders in, waiting or done out, errors by kind.

Nothing of Django in here or in any adapter. The engine reads the classes below as facts about
money: what is proven not accepted may be tried again, what is unknown may not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol


@dataclass(frozen=True)
class InputImage:
    """One checked reference image; `url` is an address to fetch it, where the site is public."""

    data: bytes
    content_type: str
    url: str | None = None


@dataclass(frozen=True)
class Order:
    """What one attempt asks of an upstream. `width` and `height` are pixels, `duration` seconds.

    `mask` is as large as the first image; where its pixels are clear, that image is painted anew.
    """

    attempt_id: str
    model: str
    upstream_model: str
    mode: str
    prompt: str
    width: int = 1024
    height: int = 1024
    aspect_ratio: str = "1:1"
    images: tuple[InputImage, ...] = ()
    mask: InputImage | None = None
    resolution: str | None = None
    quality: str | None = None
    duration: int | None = None
    audio: bool = False
    negative_prompt: str | None = None
    guidance: float | None = None
    steps: int | None = None
    seed: int | None = None
    style: str | None = None
    index: int = 0
    callback_url: str | None = None


@dataclass(frozen=True)
class ResultFile:
    """A finished file: either its bytes, or the upstream's address to fetch them from."""

    data: bytes | None = None
    url: str | None = None
    content_type: str | None = None


@dataclass(frozen=True)
class Waiting:
    """Accepted under `remote_id`; ask again in `seconds`. `progress` is 0 to 100, where told."""

    remote_id: str
    seconds: float
    progress: int | None = None


@dataclass(frozen=True)
class Done:
    """Finished: the files, and what the upstream charged us in micro-dollars where it says so."""

    files: tuple[ResultFile, ...]
    cost: int | None = None


class ProviderError(Exception):
    """What an upstream did instead of succeeding. `str()` never holds a key or upstream text."""


class NotAccepted(ProviderError):
    """Proof that nothing was accepted: the same order may be sent again, here or elsewhere."""


class Unavailable(NotAccepted):
    """Connection refused, DNS, 503, maintenance. While polling: could not be asked just now."""


class RateLimited(NotAccepted):
    """429. `retry_after` is seconds, where the upstream named them."""

    def __init__(self, message: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Misconfigured(NotAccepted):
    """Our key, our quota or our account is the problem (401, 402, 403): never shown to the user."""


class Refused(ProviderError):
    """The user's to change: a safety refusal, or an input the upstream cannot take.

    `code` is `content_policy_violation` or `invalid_input`.

    `message` is our own wording and may be shown to the user.
    """

    def __init__(self, message: str, code: str = "content_policy_violation") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Failed(ProviderError):
    """A definite end that is not the user's fault: the upstream said that this order failed."""


class Unknown(ProviderError):
    """Nobody knows whether the order was accepted (500, broken answer, time-out after sending)."""


class Reply(Protocol):
    """An upstream's answer of any status, read whole and within bounds.

    `body` is empty where reading the body of an error failed.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...

    def content(self) -> bytes:
        """The bytes of a 2xx answer; raises what `error` says for every other status."""
        ...

    def json(self) -> dict[str, Any]:
        """The JSON object of a 2xx answer; raises `error` for other statuses, else `broken`."""
        ...

    def peek(self) -> dict[str, Any]:
        """The JSON object in the body whatever the status; empty where there is none."""
        ...

    def error(self, code: int) -> ProviderError:
        """The error that this status, or a code like it in the body, is in this phase."""
        ...

    def broken(self) -> ProviderError:
        """The error that an unreadable answer is in this phase."""
        ...


class Wire(Protocol):
    """How an adapter speaks HTTP: every call bounded, no exception of httpx.

    Keywords are httpx's (`headers`, `params`, `json`, `data`, `files`, `content`), `method` and
    two of ours: `limit`, the most bytes of answer (8 MB), and `seconds`, the whole call's time (the
    provider's `call_seconds`).
    """

    def create(self, url: str, **request: Any) -> Reply:
        """POST what is charged for: lost or broken answers are Unknown, no connection is proof."""
        ...

    def prepare(self, url: str, **request: Any) -> Reply:
        """POST what comes before the create (an upload): whatever fails is NotAccepted."""
        ...

    def ask(self, url: str, **request: Any) -> Reply:
        """GET how an order is doing: failures are Unavailable or RateLimited; 404, 410 Failed."""
        ...


class Provider:
    """One upstream. A subclass in a module of this package is found by itself.

    Capabilities are found by flags: `task` providers answer `start` with Waiting and are polled,
    the others answer in one call; `can_...` say which optional methods are implemented. Instances
    are shared by threads and keep nothing between calls. See docs/adding-a-provider.md.
    """

    slug: ClassVar[str]
    label: ClassVar[str]
    env: ClassVar[Mapping[str, str]] = {}
    """Setting name by config field; a missing one without a default switches the provider off."""
    defaults: ClassVar[Mapping[str, str]] = {}
    task: ClassVar[bool] = True
    can_cancel: ClassVar[bool] = False
    can_lookup: ClassVar[bool] = False
    can_callback: ClassVar[bool] = False
    can_balance: ClassVar[bool] = False
    call_seconds: ClassVar[float] = 30.0
    """The longest `start` or `poll` may take; the engine's lease is longer."""
    result_hosts: tuple[str, ...] = ()
    """Host suffixes results may come from; empty means any public host."""

    def __init__(self, config: Mapping[str, str], http: Wire) -> None:
        self.config = config
        self.http = http

    def start(self, order: Order) -> Waiting | Done:
        """Submit the order once. Raises one of the errors above; never retries by itself."""
        raise NotImplementedError

    def poll(self, order: Order, remote_id: str) -> Waiting | Done:
        """Ask how an accepted order is doing. NotAccepted here means: ask again later."""
        raise NotImplementedError

    def cancel(self, order: Order, remote_id: str) -> bool:
        """Ask the upstream to stop; True when it confirms that it did and will charge nothing."""
        raise NotImplementedError

    def lookup(self, order: Order) -> Waiting | Done | None:
        """Find an order by its `attempt_id` after a lost answer; None is proof of no acceptance."""
        raise NotImplementedError

    def callback(self, headers: Mapping[str, str], body: bytes) -> str:
        """The upstream's own id in an authentic callback; else raises ValueError.

        A remote id may end in "@" and a note of the adapter: compare with `upstream_id(remote_id)`.
        """
        raise NotImplementedError

    def balance(self) -> int:
        """What is left on our account upstream, in micro-dollars. Raises as `poll` does."""
        raise NotImplementedError


def upstream_id(remote_id: str) -> str:
    """A remote id as the upstream itself knows it, without an adapter's note after the last "@"."""
    return remote_id.rpartition("@")[0] or remote_id
