"""KIE's adapter on a wire of the test's own, for answers that no simulator gives."""

from __future__ import annotations

import json

import httpx

from generator.providers.connections import Lane
from generator.providers.http import Bounded
from generator.providers.kie import Kie

TASK = "task_google_1795000000000"
CONFIG = {
    "key": "k",
    "url": "https://api.kie.test/api/v1/playground",
    "upload_url": "https://upload.kie.test",
    "hmac_key": "local-kie-hmac-key",
}


def said(value: object) -> httpx.Response:
    """JSON as it comes off a wire, yet to be read."""
    return httpx.Response(200, stream=httpx.ByteStream(json.dumps(value).encode()))


def kie(answer) -> Kie:
    """The adapter on a wire that gives `answer` (JSON, or a function of the request)."""
    reply = answer if callable(answer) else lambda request: said(answer)
    return Kie(CONFIG, Bounded("kie", 5, Lane(lambda: httpx.MockTransport(reply))))
