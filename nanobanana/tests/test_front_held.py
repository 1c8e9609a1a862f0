"""What the front promises to clients that wait: held requests and event streams."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest

from nanobanana.front import events, notify, poller
from nanobanana.tests.front_stage import Stage, Story, eventually, performed

ANN = {"Authorization": "Bearer ann"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with performed(tmp_path_factory.mktemp("front") / "none") as running:
        yield running


@pytest.fixture(autouse=True)
def patience(stage: Stage) -> None:
    stage.site.seconds = "20"


@pytest.fixture
def generation() -> UUID:
    return uuid4()


def submit(stage: Stage, generation: UUID) -> httpx.Response:
    with stage.client() as client:
        return client.post(f"/held/{generation.hex}", content=b"{}", headers=ANN)


def is_held(stage: Stage, generation: UUID) -> bool:
    return generation in stage.front.poller._waiters


def test_a_held_request_is_answered_when_its_generation_ends(stage, generation):
    with ThreadPoolExecutor(1) as ann:
        waiting = ann.submit(submit, stage, generation)
        assert eventually(lambda: is_held(stage, generation))
        assert not waiting.done()
        stage.story.done.add(generation)
        answer = waiting.result(2)
    told = answer.json()
    assert answer.status_code == 200
    assert (told["waited"], told["reason"], told["generation"]) == (True, "ended", generation.hex)
    assert (told["method"], told["query"], told["key"]) == ("GET", "a=%C3%A9", "Bearer ann")
    assert told["request_id"] == "first"


def test_the_answer_has_the_first_ones_headers_where_its_own_are_silent(stage, generation):
    stage.story.done.add(generation)
    headers = submit(stage, generation).headers
    assert headers.get_list("x-request-id") == ["first"]
    assert (headers["x-own"], headers["x-extra"]) == ("b", "kept")
    assert headers["set-cookie"] == "session=1; Path=/"
    assert "location" not in headers
    assert not [name for name in headers if name.startswith("x-nb-")]


def test_news_from_this_process_ends_the_wait_without_a_poll(stage, generation, monkeypatch):
    monkeypatch.setattr(poller, "_QUICK", 60)
    with ThreadPoolExecutor(1) as ann:
        asked = stage.story.asked
        waiting = ann.submit(submit, stage, generation)
        assert eventually(lambda: is_held(stage, generation) and stage.story.asked > asked)
        time.sleep(0.15)
        stage.story.done.add(generation)
        notify(generation)
        assert waiting.result(2).status_code == 200


def test_a_wait_that_is_over_is_rendered_as_not_yet(stage, generation):
    stage.site.seconds = "0.15"
    answer = submit(stage, generation)
    assert answer.status_code == 504
    assert (answer.json()["waited"], answer.json()["reason"]) == (False, "timeout")
    # Not its result: a client that asks again may still take the generation over.
    assert eventually(lambda: stage.story.over.get(generation) is False)


def test_delivery_is_noted_when_the_answer_went_out(stage, generation):
    stage.story.done.add(generation)
    submit(stage, generation)
    assert eventually(lambda: stage.story.over.get(generation) is True)


def test_a_client_that_leaves_releases_its_generation_undelivered(stage, generation):
    with stage.connect() as connection:
        head = f"POST /held/{generation.hex} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{{}}"
        connection.sendall(head.encode())
        assert eventually(lambda: is_held(stage, generation))
    assert eventually(lambda: stage.story.over.get(generation) is False)
    assert not is_held(stage, generation)


def test_a_client_that_leaves_while_its_answer_is_made_did_not_get_it(stage, generation):
    stage.site.rendering.clear()
    stage.story.done.add(generation)
    with stage.connect() as connection:
        head = f"POST /held/{generation.hex} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())
        assert eventually(lambda: generation.hex in stage.site.inside)
    time.sleep(0.05)
    stage.site.rendering.set()
    assert eventually(lambda: stage.story.over.get(generation) is False)


def test_two_requests_may_wait_on_one_generation(stage, generation):
    with ThreadPoolExecutor(2) as crowd:
        waiting = [crowd.submit(submit, stage, generation) for _ in range(2)]
        assert eventually(lambda: len(stage.front.poller._waiters.get(generation, ())) == 2)
        stage.story.done.add(generation)
        assert [answer.result(2).status_code for answer in waiting] == [200, 200]


def test_a_database_that_fails_for_a_moment_ends_no_wait(stage, generation, caplog, monkeypatch):
    monkeypatch.setattr(poller, "_SLOWEST", 0.1)

    def down(ids):
        raise OSError("no database")

    with ThreadPoolExecutor(1) as ann:
        waiting = ann.submit(submit, stage, generation)
        assert eventually(lambda: is_held(stage, generation))
        stage.story.ended = down
        assert eventually(lambda: "polling" in caplog.text)
        del stage.story.ended
        stage.story.done.add(generation)
        assert waiting.result(4).status_code == 200


def test_five_hundred_wait_in_a_handful_of_threads(stage):
    crowd = [uuid4() for _ in range(500)]
    sockets = [stage.connect() for _ in crowd]
    for generation, connection in zip(crowd, sockets, strict=True):
        head = f"POST /held/{generation.hex} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())
    assert eventually(lambda: stage.front.poller.holding == 500)
    asked = stage.story.asked
    time.sleep(0.3)
    assert stage.story.asked - asked <= 10
    assert len([t for t in threading.enumerate() if t.name.startswith("front-")]) <= 20
    stage.story.done.update(crowd)
    for connection in sockets:
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.close()
    assert eventually(lambda: all(stage.story.over.get(name) for name in crowd))


def test_those_still_held_are_noted(stage, generation):
    stage.front.poller._noted = 0.0
    stage.site.seconds = "0.3"
    submit(stage, generation)
    assert generation in stage.story.still_held


def test_at_shutdown_a_held_request_is_answered_at_once(tmp_path, generation):
    with performed(tmp_path) as brief, ThreadPoolExecutor(1) as ann:
        waiting = ann.submit(submit, brief, generation)
        assert eventually(lambda: is_held(brief, generation))
        brief.server.should_exit = True
        answer = waiting.result(2)
        assert (answer.status_code, answer.json()["reason"]) == (504, "shutdown")


def test_who_comes_during_shutdown_is_not_held(generation):
    async def late():
        stopping = poller.Poller(Story(), None, None)
        stopping.drain()
        gone = asyncio.get_running_loop().create_future()
        return await asyncio.wait_for(stopping.hold(generation, 20, gone), 2)

    assert asyncio.run(late()) == "shutdown"


def frames(stage: Stage, generation: UUID, **headers: str) -> Iterator[str]:
    """The stream's events, one by one, until it ends."""
    with stage.client() as client:
        address = f"/events/{generation.hex}"
        with client.stream("GET", address, headers=ANN | headers) as answer:
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            assert (answer.headers["cache-control"], answer.headers["vary"]) == (
                "no-store",
                "Cookie",
            )
            frame = ""
            for line in answer.iter_lines():
                frame += line + "\n"
                if not line:
                    yield frame
                    frame = ""


def event(version: int, name: str, status: str) -> str:
    data = f'{{"status": "{status}", "progress": {version}}}'
    return f"id: {version}\nevent: {name}\ndata: {data}\n\n"


def test_a_stream_tells_each_state_until_the_end(stage, generation):
    stage.story.reach(generation, 1, "pending")
    stream = frames(stage, generation)
    assert next(stream) == "retry: 2000\n\n"
    assert next(stream) == event(1, "progress", "pending")
    stage.story.reach(generation, 2, "processing")
    assert next(stream) == event(2, "progress", "processing")
    stage.story.reach(generation, 3, "completed")
    assert list(stream) == [event(3, "completed", "completed")]


def test_progress_within_a_version_is_told_too(stage, generation):
    stage.story.states[generation] = (2, '{"status": "processing", "progress": 10}')
    stream = frames(stage, generation)
    assert '"progress": 10' in [next(stream), next(stream)][1]
    stage.story.states[generation] = (2, '{"status": "processing", "progress": 60}')
    assert '"progress": 60' in next(stream)
    stage.story.reach(generation, 3, "completed")
    assert list(stream) == [event(3, "completed", "completed")]


def test_a_resumed_stream_skips_what_was_seen(stage, generation):
    stage.story.reach(generation, 4, "processing")
    stream = frames(stage, generation, **{"Last-Event-ID": "4"})
    next(stream)
    threading.Timer(0.15, stage.story.reach, (generation, 5, "failed")).start()
    assert list(stream) == [event(5, "failed", "failed")]


@pytest.mark.parametrize("seen", ["x", "-1", "9" * 40, "١"])
def test_an_unreadable_last_event_id_is_none(stage, generation, seen):
    stage.story.reach(generation, 1, "canceled")
    headers = {"Last-Event-ID": seen.encode()}
    assert list(frames(stage, generation, **headers))[1:] == [event(1, "canceled", "canceled")]


def test_a_stream_is_refused_as_django_says(stage, generation):
    with stage.client() as client:
        assert client.get(f"/events/{generation.hex}").status_code == 404


def test_the_stream_of_what_is_no_more_ends(stage, generation):
    assert list(frames(stage, generation)) == ["retry: 2000\n\n"]


def test_a_quiet_stream_is_kept_alive(stage, generation, monkeypatch):
    monkeypatch.setattr(events, "KEEP_ALIVE", 0.05)
    stage.story.reach(generation, 1, "pending")
    stream = frames(stage, generation)
    assert [next(stream) for _ in range(3)][2] == ": keep-alive\n\n"
    stage.story.reach(generation, 2, "completed")
    assert list(stream)[-1] == event(2, "completed", "completed")


def test_a_stream_nobody_reads_any_more_is_forgotten(stage, generation):
    stage.story.reach(generation, 1, "pending")
    with stage.connect() as connection:
        head = f"GET /events/{generation.hex} HTTP/1.1\r\nHost: a\r\n"
        connection.sendall(f"{head}Authorization: Bearer ann\r\n\r\n".encode())
        assert connection.recv(65536)
        assert eventually(lambda: generation in stage.front.poller._streams)
    assert eventually(lambda: generation not in stage.front.poller._streams)


def test_a_slow_reader_gets_the_latest_state_and_nothing_is_piled_up(stage, generation):
    async def slowly():
        sent: list[bytes] = []
        gate = asyncio.Event()

        async def send(message):
            sent.append(message.get("body", b""))
            if b"event" in sent[-1] and not gate.is_set():
                await gate.wait()

        own = poller.Poller(stage.story, None, None)
        gone = asyncio.get_running_loop().create_future()
        subscription = events.Subscription(generation, -1, [])
        task = asyncio.create_task(events.send_events(subscription, own, send, gone))
        for version in range(1, 1001):
            status = "completed" if version == 1000 else "processing"
            while generation not in own._streams:
                await asyncio.sleep(0)
            (stream,) = own._streams[generation]
            stream.offer((version, f'{{"status": "{status}"}}'))
            await asyncio.sleep(0)
        gate.set()
        await task
        return [piece for piece in sent if b"event" in piece]

    heard = asyncio.run(slowly())
    assert len(heard) == 2
    assert b"id: 1000\n" in heard[1]
