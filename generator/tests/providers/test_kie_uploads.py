"""KIE's input images: uploaded right before the create, and what their failure proves."""

from __future__ import annotations

import base64
import dataclasses
import json

import httpx
import pytest

from generator.providers.base import (
    InputImage,
    Misconfigured,
    NotAccepted,
    Order,
    Unavailable,
    upstream_id,
)
from generator.tests.providers.conftest import adapter
from generator.tests.providers.kie_wire import TASK, kie, said

ORDER = Order("attempt-1", "nano-banana", "google/nano-banana", "text", "a fox")
PNG = InputImage(b"\x89PNG first", "image/png")
JPEG = InputImage(b"\xff\xd8 second", "image/jpeg")


def test_images_without_an_address_are_uploaded_under_names_nobody_can_guess(sim, provider):
    provider.start(dataclasses.replace(ORDER, images=(PNG, JPEG, PNG)))
    (created,) = sim.created()
    paths = [url.removeprefix(f"{sim.url}/in/") for url in created.input["image_urls"]]
    assert [sim.uploads[path] for path in paths] == [PNG.data, JPEG.data, PNG.data]
    assert [path.rpartition(".")[2] for path in paths] == ["png", "jpg", "png"]
    assert len(set(paths)) == 3


def test_images_with_an_address_are_not_uploaded(sim, provider):
    public = dataclasses.replace(PNG, url="https://site.example/in/1.png")
    provider.start(dataclasses.replace(ORDER, images=(public,)))
    assert sim.created()[0].input["image_urls"] == ["https://site.example/in/1.png"]
    assert sim.book.requests["POST /api/file-base64-upload"] == 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("500", Unavailable),
        ("drop", Unavailable),
        ("silent", Unavailable),
        ("html", Unavailable),
        ("endless", Unavailable),
        ("400", Unavailable),
        ("code-500", Unavailable),
        ("code-401", Misconfigured),
        ("401", Misconfigured),
    ],
)
def test_a_failed_upload_proves_that_nothing_was_created(fault, expected, sim, leaks):
    provider = adapter(sim, fault)
    sim.fault(fault, "upload")
    with pytest.raises(NotAccepted) as caught:
        provider.start(dataclasses.replace(ORDER, images=(PNG,)))
    assert type(caught.value) is expected
    assert leaks(caught.value) == []
    assert sim.created() == []


@pytest.mark.parametrize("name", ["downloadUrl", "fileUrl"])
def test_either_name_of_an_uploads_address_is_read(name):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "upload.kie.test":
            sent = json.loads(request.content)
            assert base64.b64decode(sent["base64Data"]) == PNG.data
            assert request.headers["authorization"] == "Bearer k"
            found = {name: "https://temp.kie.test/x.png"}
            return said({"success": True, "code": 200, "data": found})
        assert json.loads(request.content)["input"]["image_urls"] == ["https://temp.kie.test/x.png"]
        return said({"code": 200, "data": {"taskId": TASK}})

    waiting = kie(answer).start(dataclasses.replace(ORDER, images=(PNG,)))
    assert upstream_id(waiting.remote_id) == TASK
