"""Bad requests of every kind: each is a 4xx in the error body, and none of them costs anything."""

from __future__ import annotations

import itertools
import json
from typing import Any
from urllib.parse import quote

import pytest

from billing.ledger import wallet_of
from billing.models import LedgerEntry
from generator.models import Generation
from nanobanana.tests.contracts import hostile

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

WHOLE: tuple[Any, ...] = (
    True,
    "1",
    "１",
    [],
    {},
    [1],
    {"a": 1},
    -1,
    1.5,
    1e300,
    10**30,
    -(10**30),
    "１e1",
    "1e1",
)
FIELDS = {
    "prompt": hostile.PROMPTS + (["a fox"], {"text": "a fox"}, -1, 10**30, "​‌‍", "­", "⁠", "\ud800"),
    "n": (*WHOLE, 5, 100, 10**9),
    "seed": tuple(one for one in WHOLE if one != 1),
    "max_credits": (*(one for one in WHOLE if one != 10**30), 10**12),
    "size": (
        5, True, [], {}, ["1024x1024"], "1024", "x", "1024x", "1024X1024", "1024x1024 ",
        "１０２４x１０２４", "0x0", "-1x5", "99999x99999", "1024x1025", "9" * 4000,
        "1024x1024\n", "\x00", "1e3x1e3", 1024,
    ),
    "style": (5, True, [], {}, "no such", "Natural", "\x00", "x" * 9000, ["natural"]),
    "model": (
        5, True, [], {}, "none", "../x", "\x00", "x" * 9000, ["nano-banana"], "Nano-Banana", -1,
    ),
    "mode": (5, True, [], {}, "none", "image-to-image", "text-to-video", ["text-to-image"]),
    "public": (5, "true", [], {}, 1, "yes"),
    "response_format": (5, True, [], {}, "png", "URL", ["url"], "\x00"),
    "images": (
        5, True, {}, "x", ["x"], [5], [None], [[]], ["gen_" + "0" * 32], ["../x"], ["\x00"],
        ["0" * 32] * 50, ["9" * 5000], [{"id": "x"}], "https://example.com/a.png",
    ),
}  # fmt: skip
"""Bad values of each field of a generate body."""
SIZED = {"prompt": "a fox", "model": "scripted"}
QUERIES = {
    "/v1/generations": {
        "limit": ("0", "-1", "x", "1.5", "１", "%00", "9" * 40, "1e3", "-9" * 20),
        "cursor": ("x", "%00", "=", "W10", "WzFd", "bnVsbA", "é", "x" * 5000, "WyJ4IiwieSJd",
                   "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgIjAiXQ"),
        "status": ("none", "%00", "x" * 5000, "COMPLETED"),
        "model": ("%00", "x" * 5000),
        "mode": ("%00", "x" * 5000),
        "q": ("%00", "x" * 10_000),
        "since": ("x", "%00", "2026-13-01", "2026-02-30", "9" * 50, "0001-01-01T00:00:00%2B14:00"),
        "until": ("x", "%00", "25:00", "9999-12-31T23:59:59-14:00"),
    },
    "/v1/ledger": {
        "limit": ("0", "-5", "x", "%00", "9" * 40),
        "cursor": ("x", "%00", "W10", "WyJ4Il0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld", "WzEuNV0"),
    },
    "/v1/usage": {
        "since": ("x", "%00", "2026-13-01", "9" * 50),
        "until": ("x", "%00", "2026-02-30", "-1"),
    },
}  # fmt: skip
"""Bad parameters of the lists."""
PATHS = tuple(
    f"/v1/{kind}/{name}"
    for kind, name in itertools.product(
        ("generations", "files", "models", "keys"),
        (
            "1",
            "-1",
            "0",
            str(2**63),
            "..",
            "%2e%2e",
            "%00",
            "é",
            "gen_x",
            "x" * 3000,
            "%F0%9F%92%A5",
        ),
    )
)


def complaint(reply, name):
    """What is wrong with a refusal; None where it is as it should be."""
    if not 400 <= reply.status_code < 500:
        return f"{name}: {reply.status_code}"
    if reply["Content-Type"] not in {"application/problem+json", "application/json"}:
        return f"{name}: {reply['Content-Type']}"
    body = reply.json()
    if body["error"]["code"] != body["code"] or not body["error"]["message"]:
        return f"{name}: {body}"
    return None


@pytest.fixture
def untouched(ann):
    """Nothing was made and nothing charged at the end."""
    wallet = wallet_of(ann)
    before = LedgerEntry.objects.count()
    yield
    wallet.refresh_from_db()
    assert (wallet.balance, LedgerEntry.objects.count()) == (1000, before)
    assert not Generation.objects.exists()


@pytest.mark.parametrize("path", ["/v1/generate", "/v1/quote"])
def test_bad_values_of_every_field(api, stage, untouched, path):
    charges = path == "/v1/generate"
    wrong = [
        complaint(api.post(path, json.dumps(SIZED | {name: value})), f"{name}={value!r:.40}")
        for name, values in FIELDS.items()
        for value in values
        if charges or (name not in {"response_format", "max_credits"} and value != 5)
        if name != "seed"
    ]
    assert len(wrong) > 90
    assert [one for one in wrong if one] == []


def test_bad_seeds_of_a_model_that_takes_one(api, untouched):
    wrong = [
        complaint(
            api.post(
                "/v1/generate", json.dumps({"prompt": "x", "model": "sd3-medium", "seed": value})
            ),
            f"seed={value!r:.40}",
        )
        for value in FIELDS["seed"]
    ]
    assert [one for one in wrong if one] == []


def test_bad_bodies(api, stage, untouched):
    raw = hostile.RAW | {
        "depth at the edge": '{"prompt": "x", "a": ' + "[" * 960 + "]" * 960 + "}",
        "objects in objects": '{"a":' * 3000 + "1" + "}" * 3000,
        "a long number": '{"prompt": ' + "9" * 5000 + "}",
        "infinity": '{"prompt": "x", "n": Infinity}',
        "two objects": "{}{}",
        "true": "true",
    }  # fmt: skip
    # Deep nesting in a field that nobody reads may pass, as long as it does not break us.
    edge = api.post("/v1/quote", raw.pop("depth at the edge"))
    assert edge.status_code in {200, 400}
    wrong = [
        complaint(hostile.send_raw(api, path, body), f"{path} {name}")
        for path in ("/v1/generate", "/v1/quote")
        for name, body in raw.items()
    ]
    assert [one for one in wrong if one] == []


def test_a_deep_field_that_nobody_reads_breaks_nothing(api, stage):
    for depth in (400, 700, 900, 980, 1500):
        body = '{"prompt": "x", "model": "scripted", "a": ' + "[" * depth + "]" * depth + "}"
        assert api.post("/v1/generate", body).status_code in {200, 400}, depth


def test_bad_parameters_of_lists(api, untouched):
    wrong = [
        complaint(api.get(f"{path}?{name}={quote(value, safe='%')}"), f"{path} {name}={value[:40]}")
        for path, names in QUERIES.items()
        for name, values in names.items()
        for value in values
    ]
    assert len(wrong) > 40
    assert [one for one in wrong if one] == []


def test_bad_ids(api, untouched):
    wrong = []
    for path in PATHS:
        for method in ("get", "delete"):
            wrong.append(complaint(api.send(method, path), f"{method} {path[:60]}"))
    for end in ("cancel", "events"):
        path = f"/v1/generations/%00/{end}"
        wrong.append(complaint(api.send("post" if end == "cancel" else "get", path), path))
    assert [one for one in wrong if one] == []


def test_bad_headers(api, stage, untouched):
    wrong = [
        complaint(api.post("/v1/generate", {"prompt": ""}, **{name: value}), f"{name}={value[:20]}")
        for name in (
            "Prefer",
            "Idempotency_Key",
            "x_stainless_retry_count",
            "X_Request_Id",
            "Origin",
        )
        for value in ("", "x" * 9000, "9" * 5000, "a\x01b", "é", "wait=" + "9" * 5000, "wait=-1")
    ]
    assert [one for one in wrong if one] == []


def test_another_persons_upload_is_as_unknown_as_none(api, bob, stage, untouched):
    from accounts.owner import Owner
    from generator import storage
    from nanobanana.tests.contracts.running import png

    upload = storage.save_upload(Owner(user=bob), png())
    replies = [
        api.post("/v1/generate", {"prompt": "a fox", "images": [name]}, X_Request_Id="same")
        for name in (str(upload.pk), "0" * 32)
    ]
    assert [reply.status_code for reply in replies] == [400, 400]
    assert replies[0].content == replies[1].content
