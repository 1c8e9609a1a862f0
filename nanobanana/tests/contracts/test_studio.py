"""Contract C's generations, as its clients rely on them."""

import base64
import json

import pytest
from django.test import Client

from accounts import keys
from billing import ledger
from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Generation, Upload
from generator.providers.base import Failed, Waiting
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import hostile

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

GENERATE = "/api/generate"
FOX = {"prompt": "a fox in the snow", "mode": "text-to-image"}
DATA_URL = "data:image/png;base64," + base64.b64encode(encoded(picture(), "PNG")).decode()


def post(client, body, path=GENERATE, **headers):
    """A browser's POST of JSON."""
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


# Ordering and following ---------------------------------------------------------------------------


def test_an_order_is_answered_at_once_and_followed_by_its_id(api, ann):
    reply = api.post(GENERATE, FOX)
    body = reply.json()

    assert reply.status_code == 202
    assert (body["status"], body["progress"], body["outputImages"]) == ("pending", 0, [])
    assert body["metadata"]["model"] == "nano-banana"
    assert body["metadata"]["settings"]["size"] == "1024x1024"
    assert reply["Location"] == f"/api/generate/{body['id']}"
    assert (reply["X-Credits-Used"], reply["X-Credits-Remaining"]) == ("20", "980")
    assert reply["RateLimit-Policy"] == '"hour";q=10;w=3600'
    first = api.get(reply["Location"]).json()
    assert first["status"] in {"pending", "processing"}

    engine.drain()
    done = api.get(reply["Location"] + "/").json()
    assert set(done) >= {
        "id", "status", "progress", "outputImages", "processingTime", "createdAt", "metadata",
    }  # fmt: skip
    assert (done["id"], done["status"], done["progress"]) == (body["id"], "completed", 100)
    assert isinstance(done["processingTime"], int)
    assert done["createdAt"].endswith("Z")
    assert "error" not in done
    [url] = done["outputImages"]
    assert Api("").get("/" + url.split("/", 3)[3])["Content-Type"] == "image/png"
    assert api.get(f"/api/generate/gen_{done['id'].replace('-', '')}").json()["id"] == done["id"]


def test_a_waiting_order_says_its_place_in_line(api, ann, stage):
    stage.first.poll = [Waiting("task-1", 60.0)]
    ids = [
        api.post(GENERATE, {"prompt": f"fox {n}", "model": "scripted"}).json()["id"]
        for n in range(3)
    ]
    engine.sweep()
    assert api.get(f"/api/generate/{ids[2]}").json()["queuePosition"] == 1
    assert "queuePosition" not in api.get(f"/api/generate/{ids[0]}").json()


def test_settings_speak_either_way(api):
    settings = {"imageSize": "512x512", "count": 2, "negativePrompt": "text", "guidance": 5}
    api.post(GENERATE, FOX | {"model": "sd3-medium", "settings": settings})
    made = Generation.objects.get()
    assert (made.width, made.n, made.price) == (512, 2, 20)
    assert (made.parameters["negative_prompt"], made.parameters["guidance"]) == ("text", 5.0)


@pytest.mark.parametrize("kind", ["id", "data"])
def test_an_input_image_is_a_data_url_or_an_uploads_id(api, kind):
    uploaded = api.post("/api/upload", {"image": DATA_URL}).json()
    given = uploaded["id"] if kind == "id" else DATA_URL
    body = {"prompt": "in watercolor", "mode": "image-to-image", "inputImage": given}
    reply = api.post(GENERATE, body)
    assert reply.status_code == 202
    made = Generation.objects.get()
    assert made.mode == "image-to-image"
    assert (made.uploads == [uploaded["id"]]) == (kind == "id")


def test_an_image_that_the_mode_does_not_take_is_named_in_the_warnings(api):
    body = api.post(GENERATE, FOX | {"inputImage": DATA_URL}).json()
    assert any("inputImage" in told for told in body["warnings"])
    assert not Upload.objects.exists()


def test_a_failed_order_tells_why_and_gives_its_credits_back(api, ann, stage):
    stage.first.start = [Failed("It broke.")]
    made = api.post(GENERATE, {"prompt": "a fox", "model": "scripted"}).json()
    engine.sweep()
    body = api.get(f"/api/generate/{made['id']}").json()
    assert body["status"] == "failed"
    assert body["error"]["message"]
    assert body["credits"] == {"used": 0, "refunded": 20}
    assert wallet_of(ann).balance == 1000


def test_a_repeat_with_its_key_is_the_same_reply_whatever_happened_since(api, ann):
    first = api.post(GENERATE, FOX, Idempotency_Key="k")
    engine.drain()
    again = api.post(GENERATE, FOX, Idempotency_Key="k")
    other = api.post(GENERATE, FOX | {"prompt": "a dog"}, Idempotency_Key="k")

    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Idempotency-Replayed"] == "true"
    assert other.status_code == 422
    assert wallet_of(ann).balance == 980


def test_events_run_to_the_end(api):
    made = api.post(GENERATE, FOX).json()
    reply = api.get(f"/api/generate/{made['id']}/events")
    text = b"".join(reply.streaming_content).decode()
    assert reply["Content-Type"] == "text/event-stream"
    assert "event: completed" in text
    assert text.strip().splitlines()[0].startswith("id: ")


def test_missing_credits_are_402(api, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    reply = api.post(GENERATE, FOX)
    assert reply.status_code == 402
    assert (reply.json()["error"]["required"], reply.json()["error"]["balance"]) == (20, 10)
    assert not Generation.objects.exists()


def test_more_than_max_credits_is_409(api, ann):
    assert api.post(GENERATE, FOX | {"max_credits": 5}).status_code == 409
    assert wallet_of(ann).balance == 1000


# Whose --------------------------------------------------------------------------------------------


def test_strangers_and_visitors_find_a_foreign_order_no_more_than_none(api, bob_api, visitor):
    made = api.post(GENERATE, FOX).json()
    visitor.get("/api/auth/me")
    paths = [made["id"], "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11", "1", "-1", "%00", "x" * 300]
    for path in paths:
        for end in ("", "/events"):
            replies = [who.get(f"/api/generate/{path}{end}") for who in (bob_api, visitor)]
            assert {reply.status_code for reply in replies} == {404}
            assert {reply.json()["detail"] for reply in replies} == {"Not found"}


def test_a_visitor_orders_within_the_trial_follows_and_keeps_it(visitor):
    replies = [post(visitor, FOX | {"prompt": f"fox {n}"}) for n in range(4)]
    assert [reply.status_code for reply in replies] == [202, 202, 202, 401]
    assert replies[3].json()["code"] == "trial_used"
    assert replies[0]["X-Credits-Used"] == "0"
    engine.drain()
    first = replies[0].json()["id"]
    assert visitor.get(f"/api/generate/{first}").json()["status"] == "completed"
    assert len(visitor.get("/api/history").json()["items"]) == 3
    assert Client().get(f"/api/generate/{first}").status_code == 404

    joining = {"email": "new@example.com", "password": "correct horse battery staple"}
    assert post(visitor, joining, "/api/auth/register").status_code == 201
    signed_in = post(visitor, joining, "/api/auth/login")
    mine = Api(signed_in.json()["access_token"]).get("/api/history").json()
    assert [item["id"] for item in mine["items"]][-1] == first


def test_a_visitor_with_a_session_needs_the_csrf_token(db):
    browser = Client(enforce_csrf_checks=True)
    assert browser.get("/api/auth/me").json() == {"authenticated": False, "trial": {"left": 3}}
    assert post(browser, FOX).status_code == 403
    token = browser.cookies["csrftoken"].value
    assert post(browser, FOX, **{"X-CSRFToken": token}).status_code == 202


def test_a_trial_that_is_off_asks_to_sign_up(visitor, settings):
    settings.TRIAL_DAILY_TOTAL = 0
    reply = post(visitor, FOX)
    assert (reply.status_code, reply.json()["code"]) == (401, "trial_used")


def test_a_key_that_may_only_read_orders_nothing(ann):
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    assert reader.post(GENERATE, FOX).status_code == 403
    assert not Generation.objects.exists()


def test_a_bad_key_is_401_where_visitors_are_welcome(db):
    for reply in (Api("nb_wrong").post(GENERATE, FOX), Api("nb_wrong").get("/api/history")):
        assert reply.status_code == 401


# History ------------------------------------------------------------------------------------------


def test_the_history_comes_in_pages_that_stay_right_while_more_is_made(api, bob_api):
    ids = [api.post(GENERATE, FOX | {"prompt": f"fox {n}"}).json()["id"] for n in range(3)]
    first = api.get("/api/history?limit=2").json()
    api.post(GENERATE, FOX)
    following = first["next"].split("/", 3)[3]
    rest = api.get(f"/{following}").json()

    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    assert bob_api.get("/api/history").json() == {"items": [], "next": None}


def test_whom_nobody_knows_has_no_history(ann, api):
    api.post(GENERATE, FOX)
    assert Client().get("/api/history").json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "cursor=x", "status=odd", "q=%00"])
def test_a_page_that_is_none_is_400(api, query):
    assert api.get(f"/api/history?{query}").status_code == 400


# Bad input ----------------------------------------------------------------------------------------

BAD = hostile.named(
    prompt=hostile.PROMPTS,
    mode=("odd", 5, [], {}, True, "text-to-video"),
    model=("gpt-9", 5, [], {}, "x" * 5000),
    inputImage=(5, [], {}, True, "http://127.0.0.1/x.png", "file:///etc/passwd", "!!", "QUJD"),
    settings=("x", 5, [1], True),
    max_credits=(*hostile.NO_NUMBERS, 1),
)
BAD_SETTINGS = hostile.named(
    count=(*hostile.NO_NUMBERS, 5),
    seed=(*hostile.NO_NUMBERS, 2**32),
    steps=(*hostile.NO_NUMBERS, 101),
    guidanceScale=("7", [], {}, True, -1, 21),
    size=("1x1", 5, [], {}, "1024X1024"),
    aspectRatio=("7:1", 5, [], {}),
    negativePrompt=(*hostile.NO_TEXTS, "x" * 2001),
    watermark=(*hostile.NO_TEXTS, "x" * 65),
    style=("odd", 5, [], {}),
    isPublic=("yes", 5, []),
)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_input_is_refused_and_costs_nothing(api, ann, name, value):
    body = FOX | ({"mode": "image-to-image"} if name == "inputImage" else {}) | {name: value}
    body |= {"model": "sd3-medium"} if name == "mode" else {}
    told = hostile.refused(api.post(GENERATE, body), ann)
    assert told["error"]["param"] in {name, None}


@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS)
def test_bad_settings_are_named_where_they_stand(api, ann, name, value):
    body = FOX | {"model": "sd3-medium", "settings": {name: value}}
    told = hostile.refused(api.post(GENERATE, body), ann)
    assert told["error"]["param"] == f"settings.{name}"


@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_what_is_no_json_object_is_400(api, ann, raw):
    assert hostile.send_raw(api, GENERATE, raw).status_code == 400
    assert not Generation.objects.exists()
