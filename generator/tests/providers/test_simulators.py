"""What tests may rely on in the simulators: their books, planned faults, and files."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from generator.providers import configure
from generator.providers.base import Done, Order, RateLimited, Refused, Unavailable, Waiting
from generator.simulators.kie import KieSimulator
from generator.simulators.pictures import huge_pixels, size
from generator.tests.providers.conftest import adapter


def order(prompt: str, **fields) -> Order:
    return Order("a-1", "nano-banana", "google/nano-banana", "text", prompt, **fields)


def fetch(sim, prompt: str, timeout: float = 5.0, **fields) -> httpx.Response:
    """The result file of an order, as a browser would fetch it."""
    provider = adapter(sim)
    waiting = provider.start(order(prompt, **fields))
    assert isinstance(waiting, Waiting)
    done = provider.poll(order(prompt), waiting.remote_id)
    assert isinstance(done, Done)
    url = done.files[0].url
    assert url is not None
    return httpx.get(url, timeout=timeout, trust_env=False)


@pytest.mark.parametrize("ratio", ["1:1", "16:9", "3:4"])
def test_a_result_is_a_real_picture_of_the_ratio_asked_for(ratio, sim):
    answer = fetch(sim, "a fox", aspect_ratio=ratio)
    with Image.open(io.BytesIO(answer.content)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", size(ratio))


def test_two_tasks_have_two_different_pictures(sim):
    assert fetch(sim, "a fox").content != fetch(sim, "a fox").content


@pytest.mark.parametrize(
    ("name", "status", "start"),
    [
        ("404", 404, b"no such"),
        ("empty", 200, b""),
        ("html", 200, b"<!doctype"),
        ("redirect", 302, b""),
    ],
)
def test_a_result_can_be_broken(name, status, start, sim):
    answer = fetch(sim, f"a fox sim:result={name}")
    assert (answer.status_code, answer.content[: len(start) or None]) == (status, start)


def test_a_result_can_be_cut_in_the_middle_of_the_picture(sim):
    answer = fetch(sim, "a fox sim:result=cut")
    with pytest.raises(OSError, match="truncated"), Image.open(io.BytesIO(answer.content)) as image:
        image.load()


@pytest.mark.parametrize("name", ["truncated", "drop", "silent"])
def test_a_download_can_break_off_or_never_come(name, sim):
    with pytest.raises(httpx.TransportError):
        fetch(sim, f"a fox sim:result={name}", timeout=0.1)


def test_a_few_bytes_can_claim_to_be_a_huge_picture():
    data = huge_pixels()
    assert len(data) < 100_000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))


def test_a_planned_fault_plays_as_often_as_asked_and_only_for_its_prompts(sim):
    sim.fault("503", times=2, marker="m-1")
    provider = adapter(sim)
    provider.start(order("another"))
    for _ in range(2):
        with pytest.raises(Unavailable):
            provider.start(order("fox m-1"))
    provider.start(order("fox m-1"))
    assert len(sim.created("m-1")) == 1


def test_a_prompt_can_ask_for_its_own_fault_a_number_of_times(sim):
    provider = adapter(sim)
    with pytest.raises(RateLimited):
        provider.start(order("a fox sim:create=429*1 m-2"))
    provider.start(order("a fox sim:create=429*1 m-2"))
    assert len(sim.created("m-2")) == 1


def test_the_books_are_open_to_tests_in_another_process(sim):
    planned = {"name": "code-422", "place": "create", "marker": "m-3"}
    with httpx.Client(base_url=sim.url, trust_env=False) as window:
        window.post("/_sim/fault", json=planned)
        provider = adapter(sim)
        with pytest.raises(Refused):
            provider.start(order("fox m-3"))
        provider.start(order("fox m-4", callback_url="http://127.0.0.1:1/secret-5"))
        found = window.get("/_sim/created", params={"marker": "m-4"}).json()
        assert (found["count"], found["creates"][0]["prompt"]) == (1, "fox m-4")
        assert window.get("/_sim/created", params={"marker": "secret-5"}).json()["count"] == 1
        assert window.get("/_sim/created", params={"marker": "m-3"}).json()["count"] == 0
        assert window.get("/_sim/requests").json()["POST /api/v1/playground/createTask"] == 2
        window.post("/_sim/clear")
        assert window.get("/_sim/created").json()["count"] == 0


def test_kies_limit_of_creates_is_a_429_in_the_body():
    with KieSimulator(rate=2) as busy:
        provider = adapter(busy)
        provider.start(order("one"))
        provider.start(order("two"))
        with pytest.raises(RateLimited):
            provider.start(order("three"))
        assert len(busy.created()) == 2


def test_a_new_task_of_kie_is_invisible_for_a_moment():
    with KieSimulator(visible=60, seconds=0) as shy:
        provider = adapter(shy)
        waiting = provider.start(order("a fox"))
        assert provider.poll(order("a fox"), waiting.remote_id).seconds == 2.0
        shy.skip(61)
        assert provider.poll(order("a fox"), waiting.remote_id).files


@pytest.mark.parametrize(
    ("model", "fields", "code"),
    [
        ("google/nano-banana", {}, 422),
        ("no-such-model", {"prompt": "a fox"}, 422),
        ("google/nano-banana", {"prompt": ""}, 422),
        ("google/nano-banana", {"prompt": "a fox", "image_size": "10:7"}, 422),
        ("google/nano-banana", {"prompt": "a fox", "output_format": "jpg"}, 422),
        ("google/nano-banana-edit", {"prompt": "a fox"}, 422),
        ("google/nano-banana-edit", {"prompt": "a fox", "image_urls": ["data:,x"]}, 422),
        ("nano-banana-pro", {"prompt": "a fox", "image_input": ["https://a.test/"] * 9}, 422),
        ("nano-banana-pro", {"prompt": "a fox", "resolution": "2k"}, 500),
        ("nano-banana-pro", {"prompt": "a fox", "resolution": "2K"}, 200),
    ],
)
def test_kie_turns_down_what_its_models_do_not_take(model, fields, code, sim):
    answer = call(sim, "/api/v1/jobs/createTask", {"model": model, "input": fields})
    assert (answer["code"], len(sim.created())) == (code, 1 if code == 200 else 0)


def test_kie_knows_its_callers_by_the_bearer_header_alone(sim):
    url = f"{sim.url}/api/v1/chat/credit"
    assert httpx.get(url, headers={"apikey": sim.key}, trust_env=False).json()["code"] == 401


def test_kie_gives_download_links_for_its_own_results_only(sim):
    for url, code in ((f"{sim.url}/out/x.png", 200), ("https://a.test/x.png", 422)):
        assert call(sim, "/api/v1/common/download-url", {"url": url})["code"] == code


def call(sim, path: str, body: dict) -> dict:
    """What KIE's simulator answers to a caller with its key."""
    headers = {"authorization": f"Bearer {sim.key}"}
    return httpx.post(sim.url + path, json=body, headers=headers, trust_env=False).json()


@pytest.mark.slow
def test_a_simulator_runs_by_command_and_prints_the_settings_to_use_it():
    command = [sys.executable, "manage.py", "simulate", "kie", "--seconds", "0"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            lines = [process.stdout.readline().strip() for _ in range(5)]
            environment = dict(line.split("=", 1) for line in lines)
            kie = configure(environment)["kie"]
            waiting = kie.start(order("a fox"))
            assert kie.poll(order("a fox"), waiting.remote_id).files
            assert environment["FETCH_ALLOW_HOSTS"] in kie.config["url"]
        finally:
            process.terminate()
