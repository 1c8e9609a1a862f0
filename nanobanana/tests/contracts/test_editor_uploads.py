"""Contract D's uploads: an address of our own, one PUT without a credential, then the check."""

import io
import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts import keys
from conftest import Api
from generator import files
from generator.models import Generation, Upload, UploadSlot
from generator.tests.pictures import encoded, picture

pytestmark = [pytest.mark.django_db, pytest.mark.contracts, pytest.mark.usefixtures("disk")]

BASE = "/api/nano-banana/upload"


@pytest.fixture
def disk(settings, tmp_path):
    """A folder of the test's own for files."""
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def png():
    return encoded(picture(), "PNG")


@pytest.fixture
def slot(api):
    return api.send("post", f"{BASE}/reference").json()


def put(url, data, **headers):
    """PUT with nothing but the address."""
    path = "/" + url.partition("://")[2].partition("/")[2]
    return Client().put(path, data, content_type=headers.pop("type", "image/jpeg"), **headers)


def check(api, slot):
    return api.post(f"{BASE}/check", {"img_id": slot["id"]})


@pytest.mark.parametrize("kind", ["reference", "batch", "reference/", "batch/"])
def test_an_address_is_given_for_no_body(api, settings, kind):
    answer = api.send("post", f"{BASE}/{kind}")
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"id", "url", "upload_url", "upload_headers"}
    assert body["upload_url"].startswith(f"{settings.SITE_URL}{BASE}/{body['id']}?t=")
    assert all(isinstance(value, str) for value in body["upload_headers"].values())


def test_the_whole_flow_as_its_clients_know_it(api, ann, slot, png):
    assert check(api, slot).json()["status"] == "pending"
    assert put(slot["upload_url"], png).status_code == 200
    assert Api("").get(_path(slot["url"])).status_code == 404, "it is not there before its check"
    checked = check(api, slot)

    assert (checked.status_code, checked.json()["status"]) == (200, "success")
    assert isinstance(checked.json()["message"], str)
    assert Api("").get(_path(slot["url"])).status_code == 200
    image = {"type": "media_input", "id": slot["id"], "url": slot["url"], "width": 48, "height": 32}
    job = api.post(
        "/api/nano-banana/generate",
        {
            "prompt": "a fox",
            "input_images": [image],
            "model": "nano-banana-pro",
            "resolution": "2k",
        },
    )
    assert Generation.objects.get(pk=job.json()["job_id"]).uploads == [slot["id"]]
    assert check(api, slot).json()["status"] == "success"


def _path(url):
    return "/" + url.partition("://")[2].partition("/")[2]


def test_an_address_takes_one_file_only(api, slot, png):
    assert put(slot["upload_url"], png).status_code == 200
    again = put(slot["upload_url"], png)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    check(api, slot)
    assert put(slot["upload_url"], png).status_code == 409


def test_an_address_lives_15_minutes(api, slot, png, time_machine):
    time_machine.move_to(datetime.now(UTC), tick=False)
    time_machine.shift(15 * 60 - 5)
    assert put(slot["upload_url"], b"").status_code == 400, "open, and this is no file"
    time_machine.shift(10)
    late = put(slot["upload_url"], png)
    verdict = check(api, slot).json()
    assert (late.status_code, late.json()["code"]) == (403, "permission_denied")
    assert verdict["status"] == "failed"
    assert "15 minutes" in verdict["message"]


def test_an_address_opens_nothing_but_its_own_slot(api, slot, png):
    other = api.send("post", f"{BASE}/reference").json()
    token = slot["upload_url"].partition("?t=")[2]
    wrong = [
        slot["upload_url"].replace(slot["id"], other["id"]),
        slot["upload_url"][:-2],
        slot["upload_url"].partition("?")[0],
        slot["upload_url"].partition("?")[0] + "?" + slot["url"].partition("?")[2],
        slot["upload_url"] + "\u00e9",
    ]
    assert [put(url, png).status_code for url in wrong] == [403] * len(wrong)
    assert Client().get(_path(slot["url"]).partition("?")[0] + f"?t={token}").status_code == 404
    assert not UploadSlot.objects.exclude(state="waiting").exists()


@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_other_methods_of_the_address_do_nothing(slot, method):
    assert getattr(Client(), method)(_path(slot["upload_url"])).status_code == 405


def test_a_file_above_10_mb_is_413_whatever_length_is_announced(slot, settings):
    settings.MAX_FILE_SIZE = 1000
    long = put(slot["upload_url"], bytes(1001))
    assert (long.status_code, long.json()["code"]) == (413, "payload_too_large")
    lying = put(slot["upload_url"], bytes(2000), CONTENT_LENGTH="70000")
    assert lying.status_code == 413
    assert put(slot["upload_url"], bytes(1000)).status_code == 200, "a refused file uses nothing up"


def test_a_file_that_breaks_off_or_is_empty_leaves_the_address_open(slot, png):
    assert put(slot["upload_url"], b"").status_code == 400
    half = {"wsgi.input": io.BytesIO(png[:50]), "CONTENT_LENGTH": str(len(png))}
    broken = put(slot["upload_url"], b"", **half)
    assert broken.status_code == 400
    assert put(slot["upload_url"], png).status_code == 200


def test_what_is_no_image_fails_with_the_reason_and_is_removed(api, slot, disk):
    assert put(slot["upload_url"], b"<svg onload=alert(1)>").status_code == 200
    verdict = check(api, slot).json()
    assert verdict["status"] == "failed"
    assert "JPEG" in verdict["message"]
    assert [path for path in (disk / "q").rglob("*") if path.is_file()] == []
    image = [{"id": slot["id"]}]
    order = api.post("/api/nano-banana/generate", {"prompt": "a fox", "input_images": image})
    assert order.status_code == 400


def test_a_form_or_any_content_type_is_taken_as_plain_bytes(api, slot, png):
    assert put(slot["upload_url"], png, type="application/x-www-form-urlencoded").status_code == 200
    assert check(api, slot).json()["status"] == "success"


def test_a_strangers_upload_is_unknown_to_the_check(bob_api, slot, png):
    put(slot["upload_url"], png)
    other = {"id": "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11"}
    answers = [check(bob_api, slot), check(bob_api, other), check(bob_api, {"id": "x"})]
    assert {answer.status_code for answer in answers} == {404}
    assert not Upload.objects.exists()


@pytest.mark.parametrize("value", [None, "", " ", 5, True, [], {}], ids=repr)
def test_a_check_without_an_id_is_400(api, value):
    answer = api.post(f"{BASE}/check", {"img_id": value})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "img_id")


def test_only_who_may_generate_gets_an_address(ann, anonymous_api):
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    for path in ("reference", "batch", "check"):
        assert anonymous_api.send("post", f"{BASE}/{path}").status_code == 401
        assert reader.post(f"{BASE}/{path}", {"img_id": "x"}).status_code == 403


def test_a_cookie_needs_its_csrf_token_for_an_address(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    assert browser.post(f"{BASE}/reference").status_code == 403
    assert not UploadSlot.objects.exists()


def test_a_store_that_is_down_is_503_and_the_address_stays_open(api, slot, png, disk):
    (disk / "q").write_text("in the way of the folder")
    answer = put(slot["upload_url"], png)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    (disk / "q").unlink()
    assert put(slot["upload_url"], png).status_code == 200
    assert check(api, slot).json()["status"] == "success"
    assert files.read(Upload.objects.get().file_key)


def test_too_many_open_addresses_are_429(api, monkeypatch):
    monkeypatch.setattr("generator.slots.MOST_OPEN", 1)
    assert api.send("post", f"{BASE}/batch").status_code == 200
    answer = api.send("post", f"{BASE}/batch")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert re.fullmatch(r"\d+", answer["Retry-After"])
