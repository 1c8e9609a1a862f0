"""What the front promises about files the application names: ranges, conditions, no thread held."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from nanobanana.tests.front_stage import Stage, performed

CONTENT = random.Random(7).randbytes(700_001)  # noqa: S311


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    file = tmp_path_factory.mktemp("files") / "banana.png"
    file.write_bytes(CONTENT)
    with performed(file) as running:
        yield running


@pytest.fixture(scope="module")
def client(stage: Stage) -> Iterator[httpx.Client]:
    with stage.client() as client:
        yield client


def test_a_file_arrives_whole_with_the_views_headers(client):
    answer = client.get("/file")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert (answer.headers["content-type"], answer.headers["etag"]) == ("image/png", '"v1"')
    assert answer.headers["accept-ranges"] == "bytes"
    assert not [name for name in answer.headers if name.startswith("x-nb-")]


def test_a_head_request_tells_the_length(client):
    answer = client.head("/file", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, "700001")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=300000-", 300_000, 700_000),
        ("bytes=-10", 699_991, 700_000),
        ("bytes=-9999999", 0, 700_000),
        ("bytes=700000-900000", 700_000, 700_000),
    ],
)
def test_a_range_is_answered_with_exactly_those_bytes(client, asked, first, last):
    answer = client.get("/file", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/700001"


@pytest.mark.parametrize("asked", ["bytes=700001-", "bytes=-0"])
def test_a_range_outside_the_file_is_416(client, asked):
    answer = client.get("/file", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */700001"


@pytest.mark.parametrize("asked", ["bytes=9-5", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=x"])
def test_a_range_that_makes_no_sense_gets_the_whole(client, asked):
    answer = client.get("/file", headers={"Range": asked})
    assert (answer.status_code, len(answer.content)) == (200, 700_001)


@pytest.mark.parametrize("tags", ['"v1"', 'W/"v1"', '"v0", "v1"', "*"])
def test_a_copy_that_is_still_good_is_304(client, tags):
    answer = client.get("/file", headers={"If-None-Match": tags})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"v1"'


def test_a_copy_that_is_old_gets_the_file(client):
    assert client.get("/file", headers={"If-None-Match": '"v0"'}).status_code == 200


@pytest.mark.parametrize(("tag", "status"), [('"v1"', 206), ('"v0"', 200), ('W/"v1"', 200)])
def test_a_resumed_download_goes_on_only_if_the_file_is_the_same(client, tag, status):
    answer = client.get("/file", headers={"Range": "bytes=0-9", "If-Range": tag})
    assert answer.status_code == status


def test_a_file_that_is_gone_is_404(client, tmp_path):
    answer = client.get(f"/file?{tmp_path}/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_directory_is_no_file(client, tmp_path):
    assert client.get(f"/file?{tmp_path}").status_code == 404


def test_an_empty_file_and_one_with_a_strange_name_arrive(client, tmp_path: Path):
    file = tmp_path / "caf\u00e9 100%.png"
    file.touch()
    answer = client.get("/file?" + quote(str(file)))
    assert (answer.status_code, answer.content) == (200, b"")


def test_many_slow_downloads_hold_no_thread(stage, client):
    idle = [stage.connect() for _ in range(40)]
    for connection in idle:
        connection.sendall(b"GET /file HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.get("/").text == "hello"
    assert client.get("/file").content == CONTENT
    for connection in idle:
        connection.close()
