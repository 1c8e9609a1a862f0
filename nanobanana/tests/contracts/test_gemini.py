"""Contract F, as its clients rely on it: bodies, replies and errors in Google's own shape."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from accounts import keys
from billing import ledger
from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Generation, Upload
from generator.providers.base import Waiting
from nanobanana.tests.contracts import hostile
from nanobanana.tests.contracts.running import picture, png

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

DEMO = "/v1beta/models/demo:generateContent"
STREAM = "/v1beta/models/demo:streamGenerateContent"


def contents(*parts):
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def inline(data, **names):
    kind, media = names.get("kind", "inlineData"), names.get("media", "mimeType")
    return {kind: {media: "image/png", "data": base64.b64encode(data).decode()}}


CAT = contents({"text": "a cat"})


def refused(reply, person=None):
    """The error in Google's envelope and nothing beside it; nothing was made or charged by it."""
    assert 400 <= reply.status_code < 500, reply.content[:300]
    assert reply["Content-Type"] == "application/json"
    body = reply.json()
    assert set(body) == {"error", "request_id"}
    assert set(body["error"]) == {"code", "message", "status", "details"}
    assert body["error"]["code"] == reply.status_code
    assert not Generation.objects.exists()
    assert not Upload.objects.exists()
    assert person is None or wallet_of(person).balance == 1000
    return body["error"]


def reason(error):
    return error["details"][0]["reason"]


# Replies ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_words_become_an_inline_picture(api, ann, version):
    reply = api.post(f"/{version}/models/nano-banana:generateContent", CAT)
    body = reply.json()
    [candidate] = body["candidates"]
    [part] = candidate["content"]["parts"]

    assert reply.status_code == 200
    assert (candidate["content"]["role"], candidate["finishReason"]) == ("model", "STOP")
    assert part["inlineData"]["mimeType"] == "image/png"
    assert picture(part["inlineData"]["data"]).size == (1024, 1024)
    usage = body["usageMetadata"]
    total = usage["promptTokenCount"] + usage["candidatesTokenCount"]
    assert usage["totalTokenCount"] == total
    assert body["modelVersion"] == "nano-banana"
    assert body["responseId"] == Generation.objects.get().public_id
    assert (reply["X-Credits-Used"], reply["X-Credits-Remaining"]) == ("20", "980")
    assert reply["RateLimit"].startswith('"hour";r=9;t=')
    assert wallet_of(ann).balance == 980


def test_a_trailing_slash_changes_nothing(api):
    assert api.post(DEMO + "/", CAT, Prefer="respond-async").status_code == 202


@pytest.mark.parametrize(
    ("model", "config", "size", "price"),
    [
        ("nano-banana", {"imageConfig": {"aspectRatio": "4:3"}}, (1280, 896), 20),
        ("nano-banana", {"image_config": {"aspect_ratio": "4:5"}}, (928, 1152), 20),
        ("nano-banana", {"responseFormat": {"image": {"aspectRatio": "9:16"}}}, (768, 1408), 20),
        ("nano-banana-pro", {"imageConfig": {"imageSize": "2K"}}, (2048, 2048), 200),
        ("gemini-3-pro-image", {"imageConfig": {"imageSize": "4K", "aspectRatio": "1:1"}},
         (4096, 4096), 340),
        ("gemini-3-pro-image-preview", {"imageConfig": {"aspectRatio": "3:2", "imageSize": "2K"}},
         (2528, 1696), 200),
        ("gemini-nano-banana-2.1", {"imageConfig": {"imageSize": "4K"}}, (1024, 1024), 20),
        ("gemini-2.5-flash-image", {"temperature": 1, "candidateCount": 2}, (1024, 1024), 40),
    ],
)  # fmt: skip
def test_shape_and_size_are_kept(api, model, config, size, price):
    body = CAT | {"generationConfig": config}
    path = f"/v1beta/models/{model}:generateContent"
    assert api.post(path, body, Prefer="respond-async").status_code == 202
    made = Generation.objects.get()
    assert ((made.width, made.height), made.price) == (size, price)


def test_an_ignored_resolution_is_named(api):
    body = CAT | {"generationConfig": {"imageConfig": {"imageSize": "4K"}}}
    reply = api.post("/v1beta/models/nano-banana:generateContent", body)
    assert reply["X-Warnings"] == "nano-banana does not take resolution; it was ignored."


@pytest.mark.parametrize("names", [{}, {"kind": "inline_data", "media": "mime_type"},
                                   {"media": "mime_type"}])  # fmt: skip
def test_a_picture_is_edited_and_keeps_its_shape(api, names):
    body = contents({"text": "make it blue"}, inline(png(size=(160, 90)), **names))
    reply = api.post(DEMO, body)
    made = Generation.objects.get()
    assert (made.mode, len(made.uploads)) == ("image-to-image", 1)
    [part] = reply.json()["candidates"][0]["content"]["parts"]
    assert picture(part["inlineData"]["data"]).size == (1408, 768)
    assert [one["modality"] for one in reply.json()["usageMetadata"]["promptTokensDetails"]] == [
        "TEXT", "IMAGE",
    ]  # fmt: skip


def test_url_safe_base64_is_taken_as_googles_sdk_sends_it(api):
    data = base64.urlsafe_b64encode(png()).decode().rstrip("=")
    body = contents({"text": "blue"}, {"inlineData": {"data": data}})
    assert api.post(DEMO, body).status_code == 200


def test_the_last_turn_is_asked_and_an_earlier_picture_is_edited(api):
    turns = [
        {"role": "user", "parts": [{"text": "a cat"}]},
        {"role": "model", "parts": [inline(png())]},
        {"role": "user", "parts": [{"text": "make it"}, {"text": "blue"}]},
    ]
    body = {"contents": turns, "systemInstruction": {"parts": [{"text": "In oil."}]}}
    assert api.post(DEMO, body).status_code == 200
    made = Generation.objects.get()
    assert (made.prompt, len(made.uploads)) == ("In oil.\nmake it\nblue", 1)


def test_a_stream_is_events_or_an_array_of_chunks(api):
    body = CAT | {"generationConfig": {"candidateCount": 2}}
    events = api.post(f"{STREAM}?alt=sse", body)
    assert events["Content-Type"].startswith("text/event-stream")
    chunks = [
        json.loads(event.removeprefix("data: "))
        for event in events.content.decode().strip().split("\r\n\r\n")
    ]
    array = api.post(STREAM, body)
    assert array["Content-Type"] == "application/json"
    for found in (chunks, array.json()):
        assert [chunk["candidates"][0]["index"] for chunk in found] == [0, 1]
        for chunk in found:
            part = chunk["candidates"][0]["content"]["parts"][0]
            assert picture(part["inlineData"]["data"]).size == (1024, 1024)


# Models -------------------------------------------------------------------------------------------


def test_the_models_have_googles_shape_for_googles_credential(api, ann_key):
    goog = {"X_Goog_Api_Key": ann_key}
    shown = api.get("/v1beta/models").json()
    assert Api("").get("/v1/models", **goog).json() == shown
    names = [model["name"] for model in shown["models"]]
    assert "models/nano-banana" in names
    assert "models/kling-2.6" not in names
    one = api.get("/v1beta/models/nano-banana").json()
    assert one == shown["models"][names.index("models/nano-banana")]
    assert Api("").get("/v1/models/nano-banana", **goog).json() == one
    assert one["supportedGenerationMethods"] == ["generateContent", "streamGenerateContent"]
    assert api.get("/v1/models").json()["object"] == "list"


def test_the_models_errors_are_googles_for_googles_credential():
    for path in ("/v1/models", "/v1/models/flux"):
        error = Api("").get(path, X_Goog_Api_Key="nb_wrong").json()["error"]
        assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")


def test_an_unknown_model_is_not_found(api, ann):
    for name in ("gemini-2.0-flash", "flux", "gemini-image x", "\u30d0"):
        error = refused(api.post(f"/v1beta/models/{name}:generateContent", CAT), ann)
        assert (error["status"], reason(error)) == ("NOT_FOUND", "MODEL_NOT_FOUND")
    assert api.get("/v1beta/models/flux").json()["error"]["status"] == "NOT_FOUND"


def test_a_video_model_and_an_unknown_verb_are_refused(api, ann):
    refused(api.post("/v1beta/models/kling-2.6:generateContent", CAT), ann)
    reply = api.post("/v1beta/models/demo:predict", CAT)
    assert (reply.status_code, reply.json()["error"]["code"]) in {(404, 404), (405, 405)}


# Errors, once, waiting, money ---------------------------------------------------------------------


def test_a_refused_prompt_is_googles_error_and_costs_nothing(api, ann):
    for path in (DEMO, f"{STREAM}?alt=sse"):
        reply = api.post(path, contents({"text": "a cat [refuse]"}))
        error = reply.json()["error"]
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        assert reason(error) == "CONTENT_POLICY_VIOLATION"
    assert wallet_of(ann).balance == 1000


def test_a_failed_provider_is_unavailable_and_costs_nothing(api, ann):
    error = api.post(DEMO, contents({"text": "a cat [fail]"})).json()["error"]
    assert (error["code"], error["status"]) == (502, "UNAVAILABLE")
    assert wallet_of(ann).balance == 1000


def test_missing_credits_are_429_with_what_is_needed(api, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    reply = api.post(DEMO, contents({"text": "blue"}, inline(png())))
    error = reply.json()["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["details"][0]["metadata"] == {"required": "20", "balance": "10"}
    assert reply["x-should-retry"] == "false"
    assert not Upload.objects.exists()


def test_a_used_up_rate_says_when_to_come_back(api, ann):
    for _ in range(10):
        api.post(DEMO, CAT, Prefer="respond-async")
    reply = api.post(DEMO, CAT)
    retry = reply.json()["error"]["details"][-1]
    assert reply.status_code == 429
    assert retry == {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": f"{reply['Retry-After']}s",
    }


def test_a_repeat_with_its_key_is_the_same_reply_and_charged_once(api, ann):
    body = contents({"text": "blue"}, inline(png()))
    first = api.post(DEMO, body, Idempotency_Key="k")
    again = api.post(DEMO, body, Idempotency_Key="k")
    other = api.post(DEMO, contents({"text": "red"}, inline(png())), Idempotency_Key="k")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert (other.status_code, other.json()["error"]["status"]) == (422, "FAILED_PRECONDITION")
    assert Upload.objects.count() == Generation.objects.count() == 1
    assert wallet_of(ann).balance == 980


def test_at_the_wait_limit_it_is_a_deadline_and_runs_on(api, stage, settings, ann):
    settings.WAIT_LIMIT = 0.05
    stage.first.poll = [Waiting("task-1", 60.0)]
    reply = api.post("/v1beta/models/scripted:generateContent", CAT)
    error = reply.json()["error"]
    assert (error["code"], error["status"]) == (504, "DEADLINE_EXCEEDED")
    assert reply["x-should-retry"] == "true"
    assert error["details"][0]["metadata"]["generation_id"] == Generation.objects.get().public_id
    assert Generation.objects.get().status == "processing"


def test_more_than_max_credits_is_409_with_the_price(api, ann):
    error = refused(api.post(DEMO, CAT | {"maxCredits": 19}), ann)
    assert (error["code"], error["details"][0]["metadata"]["required"]) == (409, "20")


def test_respond_async_answers_at_once(api):
    reply = api.post(DEMO, CAT, Prefer="respond-async")
    assert reply.status_code == 202
    engine.drain()
    assert api.get(reply["Location"]).json()["status"] == "completed"


# Who ----------------------------------------------------------------------------------------------


def test_nobody_and_a_key_that_may_not_are_refused(anonymous_api, ann):
    weak = keys.issue(ann, scopes=["read"])[1]
    assert refused(anonymous_api.post(DEMO, CAT))["status"] == "UNAUTHENTICATED"
    assert refused(anonymous_api.post(f"{DEMO}?key={weak}", CAT))["status"] == "UNAUTHENTICATED"
    error = refused(Api("").post(DEMO, CAT, X_Goog_Api_Key=weak))
    assert (error["status"], reason(error)) == ("PERMISSION_DENIED", "INSUFFICIENT_SCOPE")


def test_a_cookie_needs_its_csrf_token(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    assert refused(browser.post(DEMO, CAT, content_type="application/json"))["code"] == 403


def test_the_address_of_a_held_request_is_nobodys(api):
    error = refused(api.get(f"{DEMO}?generation={'0' * 32}"))
    assert (error["code"], error["status"]) == (405, "UNIMPLEMENTED")


def test_a_body_above_seventy_five_megabytes_is_too_large(api, ann, monkeypatch):
    from nanobanana.api.gemini.generate import GenerateContent

    assert GenerateContent.body_limit == 75 * 2**20
    monkeypatch.setattr(GenerateContent, "body_limit", 1000)
    assert refused(api.post(DEMO, contents({"text": "x" * 1000})), ann)["code"] == 413


# Bad input ----------------------------------------------------------------------------------------

NO_OBJECTS: tuple[Any, ...] = (5, True, "x", [], ["x"], [5])
BAD = hostile.named(
    contents=(None, 5, True, "a cat", [], {}, [5], ["a cat"], [[]], [{}], [{"parts": "a cat"}],
              [{"parts": [5]}], [{"parts": [{}]}]),
    text=(*hostile.PROMPTS,),
    inlineData=(5, "x", [], {"mimeType": "image/png"}, {"data": ""}, {"data": 5}, {"data": "!!"},
                {"data": "QUJD"}, {"data": "QUJ"}, {"data": "Q"}, {"data": "\uff21" * 8}, True),
    fileData=({"fileUri": "http://127.0.0.1/x.png"}, {}, "x", 5),
    generationConfig=NO_OBJECTS,
    imageConfig=NO_OBJECTS,
    responseFormat=NO_OBJECTS,
    aspectRatio=("7:3", "1x1", 5, True, [], {}, "\uff11:1"),
    candidateCount=(*hostile.NO_NUMBERS, 0, 11),
    seed=(*hostile.NO_NUMBERS, 2**32),
    imageSize=("8K", "512", 5, True, [], {}),
    responseModalities=(["TEXT"], "TEXT", 5, [5], {"IMAGE": 1}, True),
    maxCredits=(*hostile.NO_NUMBERS, 1),
    systemInstruction=({"parts": "x"}, {"parts": [{"text": 5}]}),
)  # fmt: skip


def bad(name, value):
    """A good body with one bad thing in its place."""
    config = {
        "imageConfig": {"imageConfig": value},
        "responseFormat": {"responseFormat": value},
        "aspectRatio": {"imageConfig": {"aspectRatio": value}},
        "imageSize": {"imageConfig": {"imageSize": value}},
        "candidateCount": {"candidateCount": value},
        "seed": {"seed": value},
        "responseModalities": {"responseModalities": value},
    }
    if name in config:
        return CAT | {"generationConfig": config[name]}
    if name == "text":
        return contents({"text": value})
    if name in {"inlineData", "fileData"}:
        return contents({"text": "a cat"}, {name: value})
    return CAT | {name: value}


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_input_is_refused_and_costs_nothing(api, ann, name, value):
    error = refused(api.post(DEMO, bad(name, value)), ann)
    assert error["status"] in {"INVALID_ARGUMENT", "ABORTED"}


@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_what_is_no_json_object_is_400(api, ann, raw):
    assert refused(hostile.send_raw(api, DEMO, raw), ann)["code"] == 400


def test_a_bad_value_is_told_by_googles_name(api, ann):
    for name, field in (
        ("candidateCount", "generationConfig.candidateCount"),
        ("aspectRatio", "generationConfig.imageConfig.aspectRatio"),
    ):
        error = refused(api.post(DEMO, bad(name, "x")), ann)
        [violation] = error["details"][1]["fieldViolations"]
        assert violation == {"field": field, "description": error["message"]}
        assert error["details"][0]["metadata"]["param"] == field


def test_six_pictures_are_too_many(api, ann):
    error = refused(api.post(DEMO, contents({"text": "blend"}, *[inline(png())] * 6)), ann)
    assert error["message"] == "demo takes up to 5 images."
