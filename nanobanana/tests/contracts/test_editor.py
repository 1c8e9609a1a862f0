"""Contract D's orders and jobs, as both its kinds of client rely on them."""

import base64

import pytest

from accounts import keys
from billing import ledger
from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Generation, Upload
from generator.providers.base import Failed, Waiting
from generator.tests.fake_internet import listening, reply
from generator.tests.pictures import encoded, picture

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

BASE = "/api/nano-banana"
GENERATE, EDIT, VIDEO = f"{BASE}/generate", f"{BASE}/image-to-image", f"{BASE}/generate-video"
SUNSET = "A beautiful sunset over mountains"


def png():
    return encoded(picture(), "PNG")


def base64_png():
    return base64.b64encode(png()).decode()


def opened(url):
    """Anybody's GET of a signed address."""
    return Api("").get("/" + url.partition("://")[2].partition("/")[2])


# Waiting clients ----------------------------------------------------------------------------------


def test_a_waiting_reply_has_the_fields_of_both_kinds_of_client(api, ann):
    answer = api.post(GENERATE, {"prompt": SUNSET, "aspectRatio": "16:9"})
    body = answer.json()

    assert answer.status_code == 200
    assert body["success"] is True
    assert body["credits"] == {"used": 20, "remaining": 980}
    assert body["model"] == "nano-banana"
    assert body["metadata"] == {"provider": "demo", "model": "demo", "mode": "text-to-image"}
    made = Generation.objects.get(pk=body["job_id"])
    assert (made.width, made.height) == (1408, 768)
    file, small = opened(body["image"]), opened(body["thumbnailUrl"])
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")
    assert (small.status_code, small["Content-Type"]) == (200, "image/webp")
    assert (answer["X-Credits-Used"], answer["X-Credits-Remaining"]) == ("20", "980")
    assert answer["RateLimit"].startswith('"hour";r=9;t=')
    assert answer["X-RateLimit-Limit"] == "10"
    assert wallet_of(ann).balance == 980


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("kind", ["plain", "data", "id"])
def test_an_edit_takes_base64_a_data_url_or_an_id_and_waits(api, kind, slash):
    text = base64_png()
    given = {"plain": text, "data": f"data:image/png;base64,{text}"}
    if kind == "id":
        given["id"] = api.post(GENERATE, {"prompt": "first"}).json()["job_id"]
        given["id"] = str(Generation.objects.get(pk=given["id"]).outputs.get().pk)
    answer = api.post(EDIT + slash, {"prompt": "as a painting", "input_image": given[kind]})
    body = answer.json()

    assert answer.status_code == 200
    assert body["metadata"]["mode"] == "image-to-image"
    made = Generation.objects.get(pk=body["job_id"])
    assert (made.width, made.height) == (1024, 1024), "1:1 unless asked for"
    assert [str(Upload.objects.get().pk)] == made.uploads


def test_an_edit_fetches_an_address_through_the_guard(api, settings):
    with listening(reply(png())) as (port, called):
        settings.FETCH_ALLOW_HOSTS = frozenset({f"127.0.0.1:{port}"})
        body = {"prompt": "night", "input_image": f"http://127.0.0.1:{port}/a.png"}
        assert api.post(EDIT, body).status_code == 200
        settings.FETCH_ALLOW_HOSTS = frozenset()
        refused = api.post(EDIT, body)

    assert len(called) == 1
    assert (refused.status_code, refused.json()["code"]) == (400, "url_not_allowed")


def test_more_pictures_come_as_a_list_beside_the_first(api):
    body = api.post(GENERATE, {"prompt": SUNSET, "n": 2}).json()
    assert body["images"][0].partition("?")[0] == body["image"].partition("?")[0]
    assert len(body["images"]) == 2
    assert body["credits"]["used"] == 40


def test_an_adapters_label_stands_in_the_metadata(api, stage):
    body = api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"}, Prefer="wait=5").json()
    assert body["metadata"]["provider"] == stage.module.First.label
    assert body["model"] == "scripted"
    assert body["image"], "a reply that waited is the long one, whatever made it wait"


# Polling clients ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "field",
    [
        {"model": "nano-banana"},
        {"input_images": []},
        {"aspect_ratio": "9:16"},
        {"resolution": "2k"},
    ],
    ids=lambda field: next(iter(field)),
)
def test_each_field_of_a_job_makes_the_reply_come_at_once(api, ann, field):
    answer = api.post(GENERATE, {"prompt": SUNSET, **field})
    body = answer.json()

    assert answer.status_code == 200
    assert Generation.objects.get(pk=body["job_id"]).status == "pending"
    assert (body["success"], body["image"], body["status"]) == (True, None, "pending")
    assert body["credits"] == {"used": 20, "remaining": 980}
    assert (answer["X-Credits-Used"], answer["X-Credits-Remaining"]) == ("20", "980")
    assert answer["RateLimit"].startswith('"hour";r=9;t=')


def test_a_job_is_polled_until_its_result_opens(api):
    order = {"prompt": SUNSET, "input_images": [], "aspect_ratio": "9:16", "model": "nano-banana"}
    job = api.post(GENERATE, order).json()["job_id"]
    waiting = api.get(f"{BASE}/jobs/{job}")

    assert waiting.json()["status"] == "pending"
    assert (waiting.json()["result"], waiting.json()["results"]) == (None, [])
    assert waiting["Retry-After"] == "2"
    engine.drain()
    done = api.get(f"{BASE}/jobs/{job}/").json()
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert [done["result"]] == done["results"]
    assert "error" not in done
    assert opened(done["result"]).status_code == 200
    made = Generation.objects.get(pk=job)
    assert (made.width, made.height) == (768, 1408)
    assert api.get(f"{BASE}/jobs/{made.public_id}").json()["status"] == "completed"


def test_a_job_runs_and_fails_in_the_words_of_the_contract(api, stage, ann):
    stage.first.start = [Failed("The model is overloaded.")]
    job = api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"}).json()["job_id"]
    engine.drain()
    shown = api.get(f"{BASE}/jobs/{job}").json()

    assert (shown["status"], shown["result"], shown["results"]) == ("failed", None, [])
    assert shown["error"] == Generation.objects.get().error_message != ""
    assert wallet_of(ann).balance == 1000


def test_a_job_that_its_provider_works_on_is_processing(api, stage):
    stage.first.poll = [Waiting("task-1", 60.0)]
    job = api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"}).json()["job_id"]
    engine.sweep()
    assert api.get(f"{BASE}/jobs/{job}").json()["status"] == "processing"


def test_a_canceled_job_has_failed(api):
    job = api.post(GENERATE, {"prompt": SUNSET, "aspect_ratio": "1:1"}).json()["job_id"]
    assert api.post(f"/v1/generations/{job}/cancel").status_code == 200
    shown = api.get(f"{BASE}/jobs/{job}").json()
    assert (shown["status"], shown["results"]) == ("failed", [])
    assert "ancel" in shown["error"]


def test_a_foreign_job_and_none_at_all_answer_alike(api, bob_api):
    job = api.post(GENERATE, {"prompt": SUNSET, "aspect_ratio": "1:1"}).json()["job_id"]
    paths = [job, "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11", "1", "%00", "x" * 300]
    replies = [bob_api.get(f"{BASE}/jobs/{path}") for path in paths]
    assert {answer.status_code for answer in replies} == {404}
    assert {answer.json()["code"] for answer in replies} == {"not_found"}


# Prefer and repeats -------------------------------------------------------------------------------


def test_prefer_overrules_in_both_directions(api):
    soon = api.post(GENERATE, {"prompt": SUNSET}, Prefer="respond-async")
    assert (soon.status_code, soon.json()["image"]) == (202, None)
    assert soon.json()["credits"] == {"used": 20, "remaining": 980}
    assert soon["Location"] == f"{BASE}/jobs/{soon.json()['job_id']}"
    assert soon["Retry-After"] == "2"

    late = api.post(GENERATE, {"prompt": SUNSET, "model": "nano-banana"}, Prefer="wait=10")
    assert late.status_code == 200
    assert opened(late.json()["image"]).status_code == 200


def test_a_bounded_wait_that_runs_out_is_202(api, stage):
    stage.first.poll = [Waiting("task-1", 60.0)]
    body = {"prompt": SUNSET, "model": "scripted"}
    answer = api.post(GENERATE, body, Prefer="wait=0")
    assert (answer.status_code, answer.json()["image"]) == (202, None)


def test_at_the_wait_limit_it_is_504_with_the_job_which_runs_on(api, stage, settings, ann):
    settings.WAIT_LIMIT = 0.05
    stage.first.poll = [Waiting("task-1", 60.0)]
    stage.model.modes = ["text-to-image", "image-to-image"]
    stage.model.max_images = 1
    stage.model.save()
    body = {"prompt": SUNSET, "model": "scripted", "input_image": base64_png()}
    answer = api.post(EDIT, body, Idempotency_Key="once")

    assert (answer.status_code, answer.json()["code"]) == (504, "timeout")
    job = answer.json()["job_id"]
    assert api.get(f"{BASE}/jobs/{job}").json()["status"] == "processing"
    assert api.post(EDIT, body, Idempotency_Key="once").json()["job_id"] == job
    assert wallet_of(ann).balance == 980


def test_a_repeat_of_a_waiting_order_is_its_first_reply(api, ann):
    body = {"prompt": "night", "input_image": base64_png()}
    first, again = (api.post(EDIT, body, Idempotency_Key="k") for _ in range(2))
    other = api.post(EDIT, body | {"prompt": "day"}, Idempotency_Key="k")

    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert again.json()["job_id"] == first.json()["job_id"]
    assert again.json()["credits"] == first.json()["credits"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert Upload.objects.count() == 1
    assert wallet_of(ann).balance == 980


def test_a_repeat_of_a_job_is_its_first_reply_after_its_end_too(api, stage, ann):
    stage.first.start = [Failed("no")]
    body = {"prompt": SUNSET, "model": "scripted"}
    first = api.post(GENERATE, body, Idempotency_Key="k")
    engine.drain()
    again = api.post(GENERATE, body, Idempotency_Key="k")

    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json()) == (200, first.json())
    assert again["X-Credits-Used"] == first["X-Credits-Used"] == "20"
    assert wallet_of(ann).balance == 1000


# What an order may not ----------------------------------------------------------------------------


def test_a_failed_provider_is_502_with_the_job_and_the_credits_are_back(api, stage, ann):
    stage.first.start = [Failed("The model is overloaded.")]
    body = {"prompt": SUNSET, "model": "scripted"}
    answer = api.post(GENERATE, body, Prefer="wait=5")
    assert (answer.status_code, answer.json()["code"]) == (502, "upstream_error")
    assert answer.json()["job_id"] == str(Generation.objects.get().pk)
    assert wallet_of(ann).balance == 1000


def test_missing_credits_are_402_with_what_is_needed(api, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    answer = api.post(GENERATE, {"prompt": SUNSET})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (402, "insufficient_credits")
    assert (error["required"], error["balance"]) == (20, 10)


def test_an_order_that_becomes_nothing_leaves_no_picture_and_keeps_older_ones(api, ann):
    older = api.post(EDIT, {"prompt": "first", "input_image": base64_png()}).json()["job_id"]
    older = Generation.objects.get(pk=older).uploads
    ledger.adjust(wallet_of(ann).pk, -970, ledger.Note("poor", "test"))
    for image in (base64_png(), older[0]):
        answer = api.post(EDIT, {"prompt": "second", "input_image": image})
        assert answer.status_code == 402
    assert [str(upload.pk) for upload in Upload.objects.all()] == older


def test_more_than_max_credits_is_409_with_the_price(api, ann):
    body = {"prompt": SUNSET, "model": "nano-banana-pro", "resolution": "4k", "max_credits": 339}
    answer = api.post(GENERATE, body)
    assert (answer.status_code, answer.json()["error"]["required"]) == (409, 340)
    assert wallet_of(ann).balance == 1000


@pytest.mark.parametrize("path", [GENERATE, EDIT, VIDEO])
def test_a_key_that_may_only_read_orders_nothing(ann, path):
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    answer = reader.post(path, {"prompt": SUNSET, "input_image": base64_png()})
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert not Generation.objects.exists()


def test_a_reader_polls_and_nobody_does_nothing(api, ann, anonymous_api):
    job = api.post(GENERATE, {"prompt": SUNSET, "aspect_ratio": "1:1"}).json()["job_id"]
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    assert reader.get(f"{BASE}/jobs/{job}").status_code == 200
    assert anonymous_api.get(f"{BASE}/jobs/{job}").status_code == 401
    assert anonymous_api.post(GENERATE, {"prompt": SUNSET}).status_code == 401
    assert api.get(GENERATE).status_code == 405
