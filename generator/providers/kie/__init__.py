"""KIE (api.kie.ai): tasks created and polled, errors as a `code` in HTTP 200, results as addresses.

A remote id here is KIE's task id, "@" and the millisecond of its creation by our clock: how long to
bear "not visible yet" and how often to ask follow from it, so nothing is remembered between calls.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from generator.providers.base import (
    Done,
    Failed,
    InputImage,
    Misconfigured,
    Order,
    Provider,
    ProviderError,
    Refused,
    Reply,
    ResultFile,
    Unavailable,
    Waiting,
    upstream_id,
)
from generator.providers.kie.models import Shape, nearest, paired, shape_of

MICRODOLLARS_PER_CREDIT = 5_000
INVISIBLE_SECONDS = 30.0
CALLBACK_TOLERANCE = 300
_UPLOAD_SECONDS = 30.0
_CREATE_SECONDS = 15.0
_UPLOAD_PATH = "nanobanana/in"
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}

_MODERATION = re.compile(
    r"nsfw|sensitive|moderat|safety|prohibited|polic(?:y|ies)|flagged|inappropriate|sexual|violen",
    re.IGNORECASE,
)
_REFUSED = "The image service refused this prompt for safety reasons. Please change it."


class Kie(Provider):
    """KIE. Its API is set by `NANO_BANANA_API_URL`, which ends in `/playground` or `/jobs`."""

    slug = "kie"
    label = "KIE API"
    env = {
        "key": "NANO_BANANA_API_KEY",
        "url": "NANO_BANANA_API_URL",
        "upload_url": "KIE_UPLOAD_URL",
        "hmac_key": "KIE_HMAC_KEY",
    }
    defaults = {
        "url": "https://api.kie.ai/api/v1/playground",
        "upload_url": "https://kieai.redpandaai.co",
        "hmac_key": "",
    }
    can_callback = True
    can_balance = True
    call_seconds = _UPLOAD_SECONDS + _CREATE_SECONDS

    def start(self, order: Order) -> Waiting:
        """Upload the input images where they have no address, then create the task."""
        model = paired(order.upstream_model, images=bool(order.images))
        body: dict[str, Any] = {"model": model, "input": self._input(order, shape_of(model))}
        if order.callback_url:
            body["callBackUrl"] = order.callback_url
        reply = self.http.create(
            self.config["url"] + "/createTask",
            headers=self._headers(),
            json=body,
            seconds=min(_CREATE_SECONDS, self.call_seconds),
        )
        data = _data(reply, _create_error)
        task = data.get("taskId") if isinstance(data, dict) else None
        if not isinstance(task, str) or not 0 < len(task) <= 100 or not task.isprintable():
            raise reply.broken()
        return Waiting(f"{task}@{time.time() * 1000:.0f}", pause(0.0))

    def poll(self, order: Order, remote_id: str) -> Waiting | Done:
        age = _age(remote_id)
        task = upstream_id(remote_id)
        reply = self.http.ask(
            self.config["url"] + "/recordInfo", headers=self._headers(), params={"taskId": task}
        )
        if _code(reply) == 422 and age < INVISIBLE_SECONDS:
            return Waiting(remote_id, pause(age))
        data = _data(reply, _poll_error)
        if not isinstance(data, dict) or data.get("taskId") != task:
            raise reply.broken()
        if data.get("state") == "success":
            return Done(_files(data), _cost(data))
        if data.get("state") == "fail":
            raise _failure(data)
        # A word we do not know is a task under way, until the deadline says otherwise.
        return Waiting(remote_id, pause(age), _progress(data))

    def callback(self, headers: Mapping[str, str], body: bytes) -> str:
        """The task id in a callback, its signature checked where a key for it is set.

        The signature covers only the id and the time, so nothing else in the body is read.
        """
        task = _callback_task(body)
        key = self.config["hmac_key"]
        if key:
            _check_signature(key, task, {name.lower(): value for name, value in headers.items()})
        return task

    def balance(self) -> int:
        parts = urlsplit(self.config["url"])
        url = f"{parts.scheme}://{parts.netloc}/api/v1/chat/credit"
        reply = self.http.ask(url, headers=self._headers())
        credit = _number(_data(reply, _poll_error))
        if credit is None:
            raise reply.broken()
        return round(credit * MICRODOLLARS_PER_CREDIT)

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.config['key']}"}

    def _input(self, order: Order, shape: Shape) -> dict[str, Any]:
        if len(order.images) > shape.most:
            raise Refused(f"This model takes at most {shape.most} images.", "invalid_input")
        fields: dict[str, Any] = {
            "prompt": order.prompt,
            "output_format": "png",
            shape.ratio: nearest(order.aspect_ratio, shape.ratios),
        }
        if shape.resolution and order.resolution:
            fields["resolution"] = order.resolution.upper()
        if order.images:
            fields[shape.images] = self._addresses(order.images)
        return fields

    def _addresses(self, images: tuple[InputImage, ...]) -> list[str]:
        """An address of every image. All uploads together stay within their share of the call."""
        end = time.monotonic() + min(_UPLOAD_SECONDS, self.call_seconds)
        return [image.url or self._upload(image, end) for image in images]

    def _upload(self, image: InputImage, end: float) -> str:
        left = end - time.monotonic()
        if left <= 0:
            raise Unavailable("kie prepare: the uploads took too long")
        reply = self.http.prepare(
            self.config["upload_url"] + "/api/file-base64-upload",
            headers=self._headers(),
            seconds=left,
            json={
                "base64Data": base64.b64encode(image.data).decode("ascii"),
                "uploadPath": _UPLOAD_PATH,
                # KIE overwrites a file of the same name, whoever sent it.
                "fileName": f"{secrets.token_hex(16)}.{_EXTENSIONS.get(image.content_type, 'png')}",
            },
        )
        data = _data(reply, _upload_error)
        found = (data.get("downloadUrl") or data.get("fileUrl")) if isinstance(data, dict) else None
        if not _is_address(found):
            raise reply.broken()
        return str(found)


def pause(age: float) -> float:
    """Seconds to the next question about a task this many seconds old: 2 at first, 8 in the end."""
    return min(8.0, max(2.0, age / 10))


def _age(remote_id: str) -> float:
    """Seconds since creation by our clock; negative where that was set back since."""
    created = remote_id.rpartition("@")[2]
    return time.time() - int(created) / 1000 if created.isdecimal() else math.inf


def _code(reply: Reply) -> int | None:
    """The HTTP status where it tells of an error, else the `code` in the body."""
    if not 200 <= reply.status < 300:
        return reply.status
    code = reply.json().get("code")
    return code if isinstance(code, int) and 0 < code < 1000 else None


def _data(reply: Reply, error: Callable[[Reply, int, str], ProviderError]) -> Any:
    """The `data` of a good answer; raises what `error` makes of the code and text of any other."""
    code = _code(reply)
    if code is None:
        raise reply.broken()
    body = reply.peek()
    if code != 200:
        raise error(reply, code, str(body.get("msg") or body.get("message")))
    return body.get("data")


def _create_error(reply: Reply, code: int, text: str) -> ProviderError:
    if code in (400, 422) and _MODERATION.search(text):
        return Refused(_REFUSED)
    if code == 455:
        return Unavailable("kie create: maintenance")
    if code == 433:
        return Misconfigured("kie create: the key's own quota is used up")
    if code in (501, 505):
        return Failed(f"kie create: answered {code}")
    return reply.error(code)


def _poll_error(reply: Reply, code: int, text: str) -> ProviderError:
    # 408: no result for ten minutes; 422: still unknown to KIE long after its creation.
    return Failed(f"kie ask: answered {code}") if code in (408, 422, 501) else reply.error(code)


def _upload_error(reply: Reply, code: int, text: str) -> ProviderError:
    return reply.error(code)


def _failure(data: Mapping[str, Any]) -> ProviderError:
    if _MODERATION.search(f"{data.get('failCode')} {data.get('failMsg')}"):
        return Refused(_REFUSED)
    return Failed("kie ask: the task failed")


def _files(data: Mapping[str, Any]) -> tuple[ResultFile, ...]:
    """The result's address, from `response` or the JSON text in `resultJson`; else Failed."""
    result = data.get("response") or data.get("resultJson")
    if isinstance(result, str):
        try:
            result = json.loads(result)
        except (ValueError, RecursionError):
            result = None
    urls = result.get("resultUrls") if isinstance(result, dict) else None
    for url in urls if isinstance(urls, list) else ():
        if _is_address(url):
            return (ResultFile(url=url),)
    raise Failed("kie ask: success without a result")


def _is_address(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"https?://[^\s]{3,4000}", value) is not None


def _cost(data: Mapping[str, Any]) -> int | None:
    """Micro-dollars, where the answer says how many of KIE's credits the task took."""
    spent = _number(data.get("creditsConsumed", data.get("consumeCredits")))
    return None if spent is None else round(spent * MICRODOLLARS_PER_CREDIT)


def _progress(data: Mapping[str, Any]) -> int | None:
    """Percent; documented, but 0 for ever with image models, which then says nothing."""
    number = _number(data.get("progress"))
    return min(int(number), 99) if number else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value < 1e9 else None


def _callback_task(body: bytes) -> str:
    try:
        data = json.loads(body)["data"]
        task = data.get("taskId") or data.get("task_id")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        task = None
    if not isinstance(task, str) or not 0 < len(task) <= 100:
        raise ValueError("no task id in the callback")
    return task


def _check_signature(key: str, task: str, headers: Mapping[str, str]) -> None:
    """Raises ValueError unless signed with `key` within the last five minutes."""
    stamp = headers.get("x-webhook-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        raise ValueError("no time in the callback")
    if abs(time.time() - int(stamp)) > CALLBACK_TOLERANCE:
        raise ValueError("the callback is too old")
    mac = hmac.new(key.encode(), f"{task}.{stamp}".encode(), hashlib.sha256).digest()
    given = headers.get("x-webhook-signature", "")
    if not hmac.compare_digest(base64.b64encode(mac), given.encode("utf-8", "replace")):
        raise ValueError("the callback's signature is wrong")
