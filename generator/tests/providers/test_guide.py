"""What docs/adding-a-provider.md says is so: its example works, its list of faults is the list."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from generator.providers.base import Done, Order, Provider, Waiting
from generator.providers.connections import Lane
from generator.providers.http import Bounded
from generator.simulators import faults
from generator.simulators.wire import BREAKS

GUIDE = (Path(__file__).parents[3] / "docs" / "adding-a-provider.md").read_text()


@pytest.fixture
def example() -> type[Provider]:
    """The class in the guide's first Python block."""
    block = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert block is not None
    names: dict = {"__name__": "example"}
    exec(compile(block.group(1), "guide", "exec"), names)  # noqa: S102
    return names["Example"]


def test_the_guides_example_starts_an_order_and_fetches_its_result(example):
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer k"
        if request.method == "POST":
            assert json.loads(request.content) == {"model": "m-1", "prompt": "a fox"}
            return said({"id": "t1"})
        return said({"state": "done", "url": "https://a.test/1.png"})

    wire = Bounded("example", 5, Lane(lambda: httpx.MockTransport(answer)))
    provider = example({"key": "k", **example.defaults}, wire)
    order = Order("a-1", "m", "m-1", "text", "a fox")
    waiting = provider.start(order)
    assert waiting == Waiting("t1", 2.0)
    done = provider.poll(order, waiting.remote_id)
    assert isinstance(done, Done)
    assert done.files[0].url == "https://a.test/1.png"


def said(value: object) -> httpx.Response:
    return httpx.Response(200, stream=httpx.ByteStream(json.dumps(value).encode()))


def test_the_guide_names_every_fault_of_a_call():
    row = re.search(r"^\| `create`, .*$", GUIDE, re.MULTILINE).group()
    named = {name for name in re.findall(r"`([a-z_]+)`", row) if name not in ("create", "poll")}
    assert named - {"upload"} == {*BREAKS, *faults.BODIES, "drop_before", "redirect"}
