"""Contract D over a socket, with front and worker: as a bare fetch and a poller see it."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, Upload
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.contracts, pytest.mark.slow]

BASE = "/api/nano-banana"


@pytest.fixture
def site(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    with running.site() as site:
        yield site


@pytest.fixture
def client(site, ann):
    """Ann's program, which sends JSON without a content type, as a bare fetch does."""
    headers = {"Authorization": f"Bearer {keys.issue(ann)[1]}"}
    with httpx.Client(base_url=site.url, headers=headers, timeout=20, trust_env=False) as client:
        yield client


def ended(client, job):
    """The job once it has ended, by polling it."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        shown = client.get(f"{BASE}/jobs/{job}").json()
        if shown["status"] in {"completed", "failed"}:
            return shown
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def test_an_edit_is_held_until_its_picture_is_there(client, site, ann):
    site.working.clear()
    text = base64.b64encode(encoded(picture(), "PNG")).decode()
    body = {"prompt": "as a painting", "input_image": text, "aspectRatio": "4:3"}
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.post, f"{BASE}/image-to-image", json=body) for _ in "12"]
        time.sleep(0.4)
        assert not any(one.done() for one in waiting)
        site.working.set()
        replies = [one.result().json() for one in waiting]

    assert len({reply["job_id"] for reply in replies}) == 2, "no sibling's result is taken"
    assert sorted(reply["credits"]["remaining"] for reply in replies) == [960, 980]
    file = httpx.get(replies[0]["image"], trust_env=False)
    assert running.picture(file.content).size == (1280, 896)
    assert wallet_of(ann).balance == 960


def test_a_wait_that_runs_out_is_504_or_the_202_that_was_asked_for(client, site, settings):
    settings.WAIT_LIMIT = 0.3
    site.working.clear()
    late = client.post(f"{BASE}/generate", json={"prompt": "a fox"})
    bounded = client.post(
        f"{BASE}/generate/", json={"prompt": "a cat"}, headers={"Prefer": "wait=1"}
    )
    site.working.set()

    assert (late.status_code, late.json()["code"]) == (504, "timeout")
    assert ended(client, late.json()["job_id"])["status"] == "completed"
    assert (bounded.status_code, bounded.headers["Retry-After"]) == (202, "2")
    assert bounded.json()["credits"] == {"used": 20, "remaining": 960}
    assert ended(client, bounded.json()["job_id"])["status"] == "completed"


def test_upload_check_generate_and_poll_as_the_original_clients_do(client, site):
    site_client = {"trust_env": False, "timeout": 20}
    slot = client.post(f"{BASE}/upload/reference").json()
    png = encoded(picture(), "PNG")
    pieces = (png[at : at + 100] for at in range(0, len(png), 100))
    sent = httpx.put(slot["upload_url"], content=pieces, **site_client)
    assert sent.status_code == 200, "a body in chunks has no length and is counted"
    plain = {"Content-Type": "text/plain;charset=UTF-8"}
    named = f'{{"img_id": "{slot["id"]}"}}'
    checked = client.post(f"{BASE}/upload/check", content=named, headers=plain)
    assert checked.json()["status"] == "success"

    image = {"type": "media_input", "id": slot["id"], "url": slot["url"], "width": 48, "height": 32}
    order = {"prompt": "a fox", "input_images": [image], "aspect_ratio": "1:1"}
    began = time.monotonic()
    job = client.post(f"{BASE}/generate", json=order | {"model": "nano-banana"}).json()["job_id"]
    assert time.monotonic() - began < 1
    done = ended(client, job)
    assert httpx.get(done["result"], **site_client).status_code == 200
    assert Generation.objects.get(pk=job).uploads == [slot["id"]]


def test_a_stream_without_an_end_in_sight_is_cut_at_10_mb(client, site):
    slot = client.post(f"{BASE}/upload/batch").json()
    pieces = (bytes(1024 * 1024) for _ in range(11))
    answer = httpx.put(slot["upload_url"], content=pieces, trust_env=False, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert client.post(f"{BASE}/upload/check", json={"img_id": slot["id"]}).json()["status"] == (
        "pending"
    )
    assert not Upload.objects.exists()


def test_of_many_puts_at_once_one_is_taken(client, site):
    slot = client.post(f"{BASE}/upload/reference").json()
    png = encoded(picture(), "PNG")
    with ThreadPoolExecutor(6) as pool:
        sent = [
            pool.submit(httpx.put, slot["upload_url"], content=png, trust_env=False)
            for _ in range(6)
        ]
        codes = sorted(one.result().status_code for one in sent)
    assert codes == [200, 409, 409, 409, 409, 409]
