"""Bad bodies for every route that takes JSON, and how their refusals are judged."""

from __future__ import annotations

from typing import Any

from billing.ledger import wallet_of
from conftest import Api
from generator.models import Generation

RAW = {
    "nothing": "",
    "half": '{"prompt": "a fox"',
    "a list": '["prompt"]',
    "text": '"prompt"',
    "null": "null",
    "a number": "7",
    "nan": '{"prompt": "a fox", "seed": NaN}',
    "a name twice": '{"prompt": "a fox", "prompt": "a dog"}',
    "deep": "[" * 100_000,
    "deep inside": '{"prompt": ' + "[" * 5_000 + "]" * 5_000 + "}",
    "half a surrogate": '{"prompt": "\\ud800 fox"}',
    "not utf-8": b'{"prompt": "\xff\xfe"}',
    "a byte order mark": "\ufeff{}",
    "a form": "prompt=a+fox",
}
"""Bodies that are no JSON object, or not one of ours."""
PROMPTS: tuple[Any, ...] = (
    None, "", "   ", "\u200b\u200d", "\x00", "a\x00b", [], ["a"], {}, 5, 1.5, True, "x" * 5001,
)  # fmt: skip
NO_NUMBERS: tuple[Any, ...] = (True, "1", "\uff11", [], {}, -1, 10**30, 1.5)
NO_TEXTS: tuple[Any, ...] = (5, True, [], ["a"], {})


def named(**fields: tuple[Any, ...]) -> list[Any]:
    """One pytest parameter for each bad value of each field."""
    import pytest

    return [
        pytest.param(name, value, id=f"{name}-{number}")
        for name, values in fields.items()
        for number, value in enumerate(values)
    ]


def refused(reply: Any, person: Any = None) -> dict[str, Any]:
    """The body of a 4xx in the one error shape; nothing was made or charged by it."""
    assert 400 <= reply.status_code < 500, reply.content[:300]
    assert reply["Content-Type"] == "application/problem+json"
    body = reply.json()
    assert body["success"] is False
    assert body["error"]["code"] == body["code"]
    assert body["error"]["message"] == body["detail"]
    assert not Generation.objects.exists()
    if person is not None:
        assert wallet_of(person).balance == 1000
    return dict(body)


def send_raw(api: Api, path: str, raw: str | bytes) -> Any:
    """POST these very bytes as JSON."""
    return api.send("post", path, raw)
