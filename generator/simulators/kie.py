"""A stand-in for KIE: tasks under both path families, uploads, balance, results, signed callbacks.

Shapes and codes as KIE documents them (docs.kie.ai). Errors are a `code` inside HTTP 200 unless a
fault asks for the HTTP status.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from generator.simulators import faults, pictures
from generator.simulators.base import Simulator
from generator.simulators.book import Created
from generator.simulators.callbacks import deliver
from generator.simulators.kie_inputs import problem
from generator.simulators.messages import Request, Response, json_response, now_ms

_KEPT_UPLOADS = 200
FAMILIES = ("/api/v1/playground", "/api/v1/jobs")
_CREDITS = {"1K": 4, "2K": 6, "4K": 9}


@dataclass
class Task:
    """One task: what was asked, when, and how it is to end."""

    id: str
    model: str
    input: dict[str, Any]
    seconds: float
    ending: str | None
    now: Callable[[], float]
    created_ms: int = field(default_factory=now_ms)
    born: float = field(init=False)

    def __post_init__(self) -> None:
        self.born = self.now()

    @property
    def prompt(self) -> str:
        return str(self.input["prompt"])

    @property
    def age(self) -> float:
        return self.now() - self.born

    @property
    def state(self) -> str:
        if self.ending == "unknown_state":
            return "reticulating"
        if self.age < self.seconds or self.ending == "never":
            share = self.age / self.seconds if self.seconds else 1.0
            return "waiting" if share < 0.1 else "queuing" if share < 0.25 else "generating"
        return "fail" if self.ending in ("fail", "moderated") else "success"


class KieSimulator(Simulator):
    """KIE on a local port.

    `visible` is how long a new task answers 422 "recordInfo is null"; `rate` how many creates pass
    in 10 seconds (None: all); `hmac_key` signs callbacks.
    """

    slug = "kie"

    def __init__(
        self,
        *,
        key: str = "sim-kie-key",
        hmac_key: str = "sim-kie-hmac",
        visible: float = 0.0,
        rate: int | None = None,
        seconds: float = 2.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(seconds=seconds, host=host, port=port)
        self.key = key
        self.hmac_key = hmac_key
        self.visible = visible
        self.rate = rate
        self.credits = 1_000_000
        self.tasks: dict[str, Task] = {}
        self.uploads: dict[str, bytes] = {}
        self._recent: deque[float] = deque()

    def environment(self) -> dict[str, str]:
        return {
            "NANO_BANANA_API_KEY": self.key,
            "NANO_BANANA_API_URL": f"{self.url}{FAMILIES[0]}",
            "KIE_UPLOAD_URL": self.url,
            "KIE_HMAC_KEY": self.hmac_key,
            "FETCH_ALLOW_HOSTS": f"{self.host}:{self.port}",
        }

    def answer(self, request: Request) -> Response:
        if request.method == "GET" and request.path.startswith("/out/"):
            return self._result(request)
        if request.method == "GET" and request.path.startswith("/in/"):
            return self._uploaded(request)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return coded(401, "You do not have access permissions")
        family, _, action = request.path.rpartition("/")
        if family in FAMILIES and (request.method, action) == ("POST", "createTask"):
            return self._create(request)
        if family in FAMILIES and (request.method, action) == ("GET", "recordInfo"):
            return self._record(request)
        if (request.method, request.path) == ("GET", "/api/v1/chat/credit"):
            return coded(200, "success", self.credits)
        if request.method == "POST":
            return self._post(request)
        return coded(404, "not found")

    def _post(self, request: Request) -> Response:
        if request.path == "/api/file-base64-upload":
            return self._upload(request)
        if request.path == "/api/v1/common/download-url":
            url = request.json().get("url")
            known = isinstance(url, str) and url.startswith(f"{self.url}/out/")
            return coded(200, "success", url) if known else coded(422, "not a KIE address", None)
        return coded(404, "not found")

    def _create(self, request: Request) -> Response:
        body = request.json()
        wrong = problem(body)
        if wrong:
            return coded(*wrong)
        fault = self.book.fault("create", body["input"]["prompt"])
        if not accepts(fault):
            return play(fault, Response(), request)
        if self._busy():
            return coded(429, "too many requests")
        task = self._accept(request, body)
        return play(fault, coded(200, "success", {"taskId": task.id}), request)

    def _busy(self) -> bool:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - 10:
            self._recent.popleft()
        if self.rate is not None and len(self._recent) >= self.rate:
            return True
        self._recent.append(now)
        return False

    def _accept(self, request: Request, body: dict[str, Any]) -> Task:
        fields = body["input"]
        prompt = fields["prompt"]
        seconds = float(self.book.fault("seconds", prompt) or self.seconds)
        ending = self.book.fault("task", prompt)
        task = Task(secrets.token_hex(16), str(body["model"]), fields, seconds, ending, self.now)
        self.tasks[task.id] = task
        callback = str(body.get("callBackUrl") or "")
        self.book.accept(
            Created(task.id, prompt, task.model, callback, request.path, time.time(), fields)
        )
        if callback and ending not in ("never", "unknown_state"):
            self.later(seconds + 0.02, lambda: self._call_back(callback, task))
        return task

    def _record(self, request: Request) -> Response:
        task = self.tasks.get(request.query.get("taskId", ""))
        if task is None or task.age < self.visible:
            return coded(422, "recordInfo is null", None)
        fault = self.book.fault("poll", task.prompt)
        return play(fault, coded(200, "success", self.record(task)), request)

    def record(self, task: Task) -> dict[str, Any]:
        """A task as recordInfo shows it."""
        state = task.state
        record: dict[str, Any] = {
            "taskId": task.id,
            "model": task.model,
            "state": state,
            "param": json.dumps({"model": task.model, "input": task.input}),
            "resultJson": "",
            "failCode": "",
            "failMsg": "",
            "costTime": None,
            "completeTime": None,
            "createTime": task.created_ms,
            "updateTime": now_ms(),
        }
        if state == "success":
            record |= self._success(task)
        elif state == "fail":
            record |= _failure(task)
        return record

    def _success(self, task: Task) -> dict[str, Any]:
        result = {"resultUrls": [f"{self.url}/out/{task.id}.png"]}
        done: dict[str, Any] = {
            "resultJson": json.dumps(result),
            "costTime": round(task.seconds * 1000),
            "completeTime": task.created_ms + round(task.seconds * 1000),
            "creditsConsumed": _CREDITS.get(task.input.get("resolution", "1K"), 4),
        }
        if task.ending == "no_url":
            done["resultJson"] = '{"resultUrls":[]}'
        if task.ending == "bad_result":
            done["resultJson"] = "{not json"
        if task.ending == "parsed":
            done |= {"response": result, "resultJson": None, "successFlag": 1}
        return done

    async def _call_back(self, url: str, task: Task) -> None:
        record = self.record(task)
        failed = record["state"] == "fail"
        said = "failed." if failed else "completed successfully."
        record["consumeCredits"] = record.pop("creditsConsumed", 0)
        body = {"code": 501 if failed else 200, "msg": f"Playground task {said}", "data": record}
        headers = self.signed(task.id)
        await deliver(url, body, headers)

    def signed(self, task_id: str) -> dict[str, str]:
        """The headers that sign a callback for a task now."""
        stamp = str(int(time.time()))
        text = f"{task_id}.{stamp}".encode()
        mac = hmac.new(self.hmac_key.encode(), text, hashlib.sha256).digest()
        signature = base64.b64encode(mac).decode()
        return {"X-Webhook-Timestamp": stamp, "X-Webhook-Signature": signature}

    def _upload(self, request: Request) -> Response:
        body = request.json()
        encoded, name = str(body.get("base64Data", "")), str(body.get("fileName", ""))
        folder = str(body.get("uploadPath", ""))
        fault = self.book.fault("upload", name)
        if not accepts(fault):
            return play(fault, Response(), request)
        try:
            data = base64.b64decode(encoded.rpartition(",")[2], validate=True)
        except binascii.Error:
            return coded(400, "base64Data is not base64")
        if not data or not folder or folder.strip("/") != folder:
            return coded(400, "uploadPath and base64Data are required")
        path = f"{folder}/{name or secrets.token_hex(8)}"
        self.uploads[path] = data
        if len(self.uploads) > _KEPT_UPLOADS:
            del self.uploads[next(iter(self.uploads))]
        stored = {"fileName": name, "filePath": path, "fileSize": len(data)}
        stored |= {"downloadUrl": f"{self.url}/in/{path}"}
        return play(fault, coded(200, "File uploaded successfully", stored), request)

    def _uploaded(self, request: Request) -> Response:
        data = self.uploads.get(request.path.removeprefix("/in/"))
        return Response(404) if data is None else pictures.result(None, data, request)

    def _result(self, request: Request) -> Response:
        task = self.tasks.get(request.path.removeprefix("/out/").removesuffix(".png"))
        if task is None or task.state != "success":
            return Response(404)
        ratio = task.input.get("image_size") or task.input.get("aspect_ratio") or "1:1"
        data = pictures.png(task.prompt + task.id, str(ratio))
        return pictures.result(self.book.fault("result", task.prompt), data, request)


def coded(code: int, msg: str, data: object = None) -> Response:
    """KIE's envelope: whatever happened, HTTP 200 and a code."""
    return json_response({"code": code, "msg": msg, "data": data})


def accepts(fault: str | None) -> bool:
    """As faults.accepts, for KIE's codes too: only a 500 may have been taken."""
    return fault == "code-500" or (faults.accepts(fault) and not _is_code(fault))


def play(fault: str | None, good: Response, request: Request) -> Response:
    """As faults.play, with codes in the body beside: `code-455`, and `code-moderated` for a 400."""
    if fault == "code-moderated":
        return coded(400, f"{faults.words(request)} flagged by our content policy")
    if fault and _is_code(fault):
        return coded(int(fault[5:]), faults.words(request))
    return faults.play(fault, good, request)


def _is_code(fault: str | None) -> bool:
    return fault is not None and fault.startswith("code-")


def _failure(task: Task) -> dict[str, Any]:
    failed: dict[str, Any] = {"failCode": "500", "failMsg": f"{faults.CANARY} internal error"}
    if task.ending == "moderated":
        failed = {"failCode": "400", "failMsg": f"{faults.CANARY}: NSFW content, prompt refused"}
    return {**failed, "costTime": 0, "completeTime": now_ms()}
