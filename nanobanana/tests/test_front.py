"""What the front promises about bodies, headers, threads and errors."""

from __future__ import annotations

import hashlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from nanobanana.front import Front, server
from nanobanana.front.lanes import is_intake
from nanobanana.front.spool import Limits
from nanobanana.tests.front_stage import Stage, Story, eventually, performed


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with performed(tmp_path_factory.mktemp("front") / "none") as running:
        yield running


@pytest.fixture(scope="module")
def client(stage: Stage) -> Iterator[httpx.Client]:
    with stage.client() as client:
        yield client


def test_a_page_is_answered_with_its_length_and_without_hop_by_hop_headers(client):
    answer = client.get("/")
    assert (answer.status_code, answer.text) == (200, "hello")
    assert answer.headers["content-length"] == "5"
    assert "connection" not in answer.headers
    assert "server" not in answer.headers


def test_a_head_request_gets_the_headers_and_no_body(client):
    answer = client.head("/")
    assert (answer.content, answer.headers["content-length"]) == (b"", "5")


def test_an_answer_without_content_has_no_length(client):
    answer = client.get("/nothing")
    assert (answer.status_code, "content-length" in answer.headers) == (204, False)


def test_a_request_without_body_has_no_content_length(client):
    assert client.get("/echo").json()["CONTENT_LENGTH"] == ""
    assert client.post("/echo").json()["CONTENT_LENGTH"] == "0"


@pytest.mark.parametrize("size", [1, 70_000, 1_048_576, 5_000_000])
def test_a_body_of_any_size_arrives_whole(client, size):
    body = bytes(range(251)) * (size // 251) + bytes(size % 251)
    facts = client.post("/echo", content=body).json()
    assert (facts["CONTENT_LENGTH"], facts["size"]) == (str(size), size)
    assert facts["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_chunked_body_is_given_a_length(client):
    facts = client.post("/echo", content=(b"x" * 50_000 for _ in range(60))).json()
    assert (facts["CONTENT_LENGTH"], facts["size"]) == ("3000000", 3_000_000)
    assert "HTTP_TRANSFER_ENCODING" not in facts


def test_a_body_announced_too_large_is_refused_before_it_is_sent(stage):
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n"
    answer = stage.raw(head + b"Expect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer


def test_a_chunked_body_that_grows_too_large_is_refused_and_the_client_can_read_why(client):
    answer = client.post("/echo", content=(b"x" * 500_000 for _ in range(20)))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "payload_too_large"


def test_a_client_may_ask_before_it_sends(stage):
    with stage.connect() as connection:
        connection.sendall(
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert b'"size": 3' in connection.recv(65536)


def test_a_body_that_stalls_ends_in_408_and_takes_no_thread(stage):
    before = len(stage.site.seen)
    answer = stage.raw(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert len(stage.site.seen) == before


def test_a_body_cut_off_never_reaches_the_application(stage):
    before = len(stage.site.seen)
    with stage.connect() as connection:
        connection.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    time.sleep(0.1)
    assert len(stage.site.seen) == before


def test_an_upload_piece_that_breaks_off_hands_over_what_arrived(stage):
    stage.site.seen.clear()
    with stage.connect() as connection:
        connection.sendall(
            b"PATCH /api/files/upload/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
        )
    assert eventually(lambda: stage.site.seen)
    facts = stage.site.seen[0]
    assert (facts["REQUEST_METHOD"], facts["CONTENT_LENGTH"], facts["size"]) == ("PATCH", "3", 3)


@pytest.mark.parametrize(
    "head",
    [
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -3\r\n",
        b"GET /echo HTTP/1.1\r\nHost: a\r\n" + b"X-A: 1\r\n" * 1001,
        b"GET /echo HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 100_000 + b"\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n",
        b"nonsense\r\n",
    ],
    ids=["smuggling", "lengths", "negative", "fields", "field", "path", "bytes", "nonsense"],
)
def test_a_malformed_or_oversized_head_is_400(stage, head):
    before = len(stage.site.seen)
    assert stage.raw(head + b"\r\n").startswith(b"HTTP/1.1 400 ")
    assert len(stage.site.seen) == before


def test_no_client_header_passes_for_an_internal_name(client):
    facts = client.get(
        "/echo",
        headers={
            "X-NB-Wait": "1", "X_NB_Wait": "2", "nanobanana.front": "3", "Nanobanana.Internal": "4",
            "X_Forwarded_For": "6.6.6.6", "Proxy": "http://evil", "X-Forwarded-For": "7.7.7.7",
        },
    ).json()  # fmt: skip
    assert facts["nanobanana.front"] is True
    assert "nanobanana.internal" not in facts
    assert not {"HTTP_X_NB_WAIT", "HTTP_PROXY"} & set(facts)
    assert (facts["HTTP_X_FORWARDED_FOR"], facts["REMOTE_ADDR"]) == ("7.7.7.7", "127.0.0.1")


def test_no_internal_header_leaves(client):
    assert not [name for name in client.get("/echo").headers if name.startswith("x-nb-")]


def test_paths_and_repeated_headers_arrive_as_wsgi_has_them(client):
    pairs = [("Cookie", "a=1"), ("Cookie", "b=2"), ("Authorization", "x"), ("Authorization", "y")]
    facts = client.get("/echo/caf%C3%A9%2F%FF?q=%00&r=%20", headers=pairs).json()
    assert facts["PATH_INFO"].encode("latin-1") == b"/echo/caf\xc3\xa9/\xff"
    assert facts["QUERY_STRING"] == "q=%00&r=%20"
    assert (facts["HTTP_COOKIE"], facts["HTTP_AUTHORIZATION"]) == ("a=1; b=2", "x,y")


@pytest.mark.parametrize("path", ["/boom", "/late"])
def test_an_error_the_application_lets_through_is_a_problem_that_tells_nothing(client, path):
    answer = client.get(path, headers={"X-Request-Id": "mine-1"})
    problem = answer.json()
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == problem["request_id"] == "mine-1"
    assert problem["type"] == "https://nb.example/docs/errors#internal_error"
    assert problem["error"]["type"] == "server_error"
    assert "secret" not in answer.text


def test_a_long_reply_arrives_whole_and_is_closed(stage, client):
    closed = stage.site.closed
    body = client.get("/stream").content
    assert body == b"".join(bytes([number % 251]) * 65536 for number in range(48))
    assert stage.site.closed == closed + 1


def test_a_client_that_does_not_read_holds_no_thread(stage, client):
    idle = [stage.connect() for _ in range(12)]
    for connection in idle:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
    assert client.get("/").status_code == 200
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "intake"),
    [
        ("POST", "/v1/generate", True),
        ("POST", "/v1/generate/", True),
        ("POST", "/v1beta/models/nano-banana:generateContent", True),
        ("GET", "/v1/generate", False),
        ("POST", "/v1/quote", False),
    ],
)
def test_only_submissions_take_the_intake_lane(method, path, intake):
    assert is_intake(method, path) is intake


def test_a_burst_of_submissions_and_large_uploads_does_not_make_a_page_wait(stage, client):
    stage.site.gate.clear()
    stage.site.inside.clear()
    large = b"x" * 1_100_000
    with ThreadPoolExecutor(26) as crowd:
        burst = [crowd.submit(httpx.post, f"{stage.url}/generator?in") for _ in range(20)]
        burst += [crowd.submit(httpx.post, f"{stage.url}/gate?up", content=large) for _ in range(6)]
        assert eventually(lambda: len(stage.site.inside) == 6)
        assert client.get("/").status_code == 200
        assert (stage.site.inside.count("in"), stage.site.inside.count("up")) == (4, 2)
        stage.site.gate.set()
        assert {answer.result().status_code for answer in burst} == {200}


def test_when_too_many_wait_the_next_is_told_to_come_back(tmp_path):
    with performed(tmp_path, general=1, queue=1) as small, ThreadPoolExecutor(2) as crowd:
        waiting = [crowd.submit(httpx.get, f"{small.url}/gate") for _ in range(2)]
        lane = small.front._general
        assert eventually(lambda: lane._pending == 2)
        answer = httpx.get(f"{small.url}/")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["code"] == "service_unavailable"
        small.site.gate.set()
        assert [page.result().status_code for page in waiting] == [200, 200]


def test_a_stopped_server_finishes_what_runs_and_leaves_no_thread(tmp_path):
    with performed(tmp_path) as brief, ThreadPoolExecutor(1) as crowd:
        page = crowd.submit(httpx.get, f"{brief.url}/gate")
        assert eventually(lambda: brief.site.inside)
        threading.Timer(0.2, brief.site.gate.set).start()
        brief.server.should_exit = True
        assert page.result().text == "hello"
        brief.thread.join(5)
        lanes = {thread.name for thread in brief.front._general._threads}
        assert not lanes


def test_facts_about_the_connection_are_standard(client):
    facts = client.get("/echo").json()
    assert (facts["REQUEST_METHOD"], facts["SERVER_PROTOCOL"]) == ("GET", "HTTP/1.1")
    assert json.dumps(facts["wsgi.url_scheme"]) == '"http"'
    assert Path(facts["PATH_INFO"]) == Path("/echo")


def test_memory_and_disk_for_bodies_are_given_back(stage, client):
    client.post("/echo", content=b"x" * 3_000_000)
    client.post("/echo", content=(b"x" * 500_000 for _ in range(20)))
    client.post("/echo", content=b"x")
    spool = stage.front._spool
    assert eventually(lambda: (spool._memory, spool._disk) == (0, 0))


def test_when_no_room_is_left_for_bodies_the_client_is_told_to_come_back(tmp_path):
    with performed(tmp_path, limits=Limits(disk=1_500_000)) as small:
        assert httpx.post(f"{small.url}/echo", content=b"x" * 1_000_000).status_code == 200
        answer = httpx.post(f"{small.url}/echo", content=b"x" * 3_000_000)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_head_that_drips_is_408_and_silence_is_hung_up_on(stage, monkeypatch):
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.1)
    assert stage.raw(b"GET / HTTP/1.1\r\nHost:").startswith(b"HTTP/1.1 408 ")
    assert stage.raw() == b""
    kept = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    assert b"HTTP/1.1 408 " in stage.raw(kept, b"GET / HTTP/1.1\r\n")


def test_two_requests_sent_at_once_are_answered_in_order(stage):
    first = b"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answers = stage.raw(first + last)
    assert answers.count(b"HTTP/1.1 200 ") == 2
    assert answers.endswith(b"hello")


def test_the_second_signal_forces_the_end(tmp_path):
    stopping = server.FrontServer(Front(lambda *_: [], Story()), "127.0.0.1", 0)
    stopping.handle_exit(signal.SIGTERM, None)
    assert (stopping.should_exit, stopping.force_exit) == (True, False)
    stopping.handle_exit(signal.SIGINT, None)
    assert stopping.force_exit
