"""Contract B, as its clients rely on it: each block of the contract is a case."""

import pytest

from accounts import keys
from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Generation, Upload
from generator.providers.base import Failed, Waiting
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import hostile

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

GENERATE = "/api/v1/images/generate"
SUNSET = "a beautiful sunset over mountains"
TOO_ODD = "Invalid image size. Supported: 512x512, 768x768, 1024x1024, 1536x1536"


# Generating ---------------------------------------------------------------------------------------


def test_a_prompt_becomes_an_image_in_the_reply_of_the_contract(api, ann):
    reply = api.post(GENERATE, {"prompt": SUNSET, "imageSize": "1024x1024", "watermark": "© 2025"})
    body = reply.json()

    assert reply.status_code == 200
    assert body["success"] is True
    assert body["cost"] == 0.0125
    assert isinstance(body["duration"], int)
    [image] = body["images"]
    assert image["title"] == "Generated: a beautiful sunset…"
    assert image["prompt"] == SUNSET
    assert "gen_" not in body["promptId"]
    made = Generation.objects.get(pk=body["promptId"])
    assert (made.model, made.width, made.parameters["watermark"]) == ("sd3-medium", 1024, "© 2025")
    assert reply["X-Credits-Used"] == "20"
    assert reply["X-Credits-Remaining"] == str(wallet_of(ann).balance) == "980"
    assert reply["RateLimit"].startswith('"hour";r=9;t=')
    path = image["url"].partition("://")[2].partition("/")[2]
    file = Api("").get(f"/{path}")
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")


def test_every_parameter_has_its_own_name_here(api):
    body = {
        "prompt": SUNSET, "imageSize": "512x512", "count": 2, "negativePrompt": "text",
        "guidanceScale": 7.5, "steps": 20, "seed": 11,
    }  # fmt: skip
    reply = api.post(GENERATE + "/", body)
    made = Generation.objects.get()

    assert reply.status_code == 200
    assert len(reply.json()["images"]) == 2
    assert (made.width, made.n, made.seed, made.price) == (512, 2, 11, 20)
    assert made.parameters["negative_prompt"] == "text"
    assert (made.parameters["guidance"], made.parameters["steps"]) == (7.5, 20)
    assert reply.json()["cost"] == 0.01


def test_768_costs_three_quarters_of_a_cent(api):
    reply = api.post(GENERATE, {"prompt": SUNSET, "imageSize": "768x768"})
    assert reply.json()["cost"] == 0.0075


def test_absent_parameters_may_be_null_false_or_empty(api):
    body = {"prompt": "short", "imageSize": "", "watermark": None, "seed": False, "image": ""}
    reply = api.post(GENERATE, body)
    assert reply.status_code == 200
    assert reply.json()["images"][0]["title"] == "Generated: short"


@pytest.mark.parametrize("kind", ["id", "data", "plain", "own"])
def test_an_image_comes_as_id_data_url_base64_or_own_address(api, kind):
    import base64

    data = encoded(picture(), "PNG")
    text = base64.b64encode(data).decode()
    first = api.post("/api/v1/images/generate", {"prompt": "a fox", "imageSize": "512x512"}).json()
    given = {
        "id": first["images"][0]["id"],
        "own": first["images"][0]["url"],
        "data": f"data:image/png;base64,{text}",
        "plain": text,
    }[kind]
    reply = api.post(GENERATE, {"prompt": "as a painting", "model": "nano-banana", "image": given})

    assert reply.status_code == 200
    made = Generation.objects.get(pk=reply.json()["promptId"])
    assert made.mode == "image-to-image"
    assert Upload.objects.get(pk=made.uploads[0]).width == (
        48 if kind in {"data", "plain"} else 512
    )


def test_a_foreign_image_is_unknown_and_nothing_is_charged(api, bob_api, ann):
    theirs = bob_api.post(GENERATE, {"prompt": "a fox", "imageSize": "512x512"}).json()
    for given in (theirs["images"][0]["id"], theirs["images"][0]["url"]):
        body = {"prompt": "mine", "model": "nano-banana", "image": given}
        reply = api.post(GENERATE, body)
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, "image")
    assert wallet_of(ann).balance == 1000


def test_a_model_without_image_input_stores_no_image(api, ann):
    import base64

    text = base64.b64encode(encoded(picture(), "PNG")).decode()
    body = hostile.refused(api.post(GENERATE, {"prompt": "a fox", "image": text}), ann)
    assert "sd3-medium takes up to 0 images" in body["detail"]
    assert not Upload.objects.exists()


# Waiting ------------------------------------------------------------------------------------------


def test_respond_async_answers_at_once_and_says_where_it_is_found(api):
    reply = api.post(GENERATE, {"prompt": SUNSET}, Prefer="respond-async")
    body = reply.json()

    assert reply.status_code == 202
    assert body["images"] == []
    assert reply["Retry-After"] == "2"
    assert reply["X-Credits-Used"] == "20"
    engine.drain()
    assert api.get(reply["Location"]).json()["status"] == "completed"
    [prompt] = api.get("/api/v1/prompts").json()["prompts"]
    assert (prompt["id"], prompt["status"]) == (body["promptId"], "COMPLETED")


def test_at_the_wait_limit_it_is_504_with_the_id_and_a_repeat_joins_it(api, stage, settings, ann):
    settings.WAIT_LIMIT = 0.05
    stage.first.poll = [Waiting("task-1", 60.0)]
    body = {"prompt": SUNSET, "model": "scripted"}
    reply = api.post(GENERATE, body, Idempotency_Key="once")

    assert (reply.status_code, reply.json()["code"]) == (504, "timeout")
    generation = Generation.objects.get(pk=reply.json()["promptId"])
    assert generation.status == "processing"
    again = api.post(GENERATE, body, Idempotency_Key="once")
    assert again.json()["promptId"] == str(generation.pk)
    assert wallet_of(ann).balance == 980


def test_a_repeat_with_its_key_is_the_same_reply_and_charged_once(api, ann):
    body = {"prompt": SUNSET, "imageSize": "512x512"}
    first = api.post(GENERATE, body, Idempotency_Key="k-1")
    again = api.post(GENERATE, body, Idempotency_Key='"k-1"')
    other = api.post(GENERATE, body | {"prompt": "other"}, Idempotency_Key="k-1")

    assert again["Idempotency-Replayed"] == "true"
    assert (again.status_code, again.json()["promptId"]) == (200, first.json()["promptId"])
    assert again.json()["credits"] == first.json()["credits"] == {"used": 10, "remaining": 990}
    assert (other.status_code, other.json()["error"]["type"]) == (422, "conflict_error")
    assert wallet_of(ann).balance == 990


# Failures -----------------------------------------------------------------------------------------


def test_a_failed_provider_is_500_with_a_reason_and_the_prompt_is_failed(api, stage, ann):
    stage.first.start = [Failed("The model is overloaded.")]
    reply = api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"})
    body = reply.json()

    assert reply.status_code == 500
    assert body["error"]["message"].startswith("Image generation failed: ")
    assert body["promptId"] == str(Generation.objects.get().pk)
    [prompt] = api.get("/api/v1/prompts").json()["prompts"]
    assert prompt["status"] == "FAILED"
    assert body["detail"] == f"Image generation failed: {prompt['errorMessage']}"
    assert wallet_of(ann).balance == 1000


def test_missing_credits_are_402_with_what_is_needed(api, ann):
    from billing import ledger

    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    reply = api.post(GENERATE, {"prompt": SUNSET})
    assert reply.status_code == 402
    error = reply.json()["error"]
    assert (error["type"], error["required"], error["balance"]) == ("insufficient_credits", 20, 10)


def test_more_than_max_credits_is_409_with_the_price(api, ann):
    reply = api.post(GENERATE, {"prompt": SUNSET, "max_credits": 19})
    assert (reply.status_code, reply.json()["error"]["required"]) == (409, 20)
    assert wallet_of(ann).balance == 1000


@pytest.mark.parametrize("prompt", hostile.PROMPTS[:3] + hostile.PROMPTS[6:12])
def test_a_prompt_that_is_none_is_told_in_the_contracts_words(api, ann, prompt):
    body = hostile.refused(api.post(GENERATE, {"prompt": prompt}), ann)
    assert body["code"] == "invalid_prompt"
    assert body["error"]["message"] == "Prompt is required and must be a non-empty string"
    assert body["error"]["param"] == "prompt"


@pytest.mark.parametrize("size", ["1x1", "1024", "1024X1024", "1280x896", 1024, True, [], {}, " "])
def test_an_unknown_size_is_told_in_the_contracts_words(api, ann, size):
    body = hostile.refused(api.post(GENERATE, {"prompt": SUNSET, "imageSize": size}), ann)
    assert (body["detail"], body["error"]["param"]) == (TOO_ODD, "imageSize")


def test_all_bad_fields_are_named_at_once(api, ann):
    wrong = {"prompt": "", "imageSize": "1x1", "count": 9, "guidanceScale": "x"}
    body = hostile.refused(api.post(GENERATE, wrong), ann)
    assert set(body["error"]["fields"]) == {"prompt", "imageSize", "count", "guidanceScale"}


BAD = hostile.named(
    prompt=hostile.PROMPTS,
    count=(*hostile.NO_NUMBERS, 5, 11),
    steps=(*hostile.NO_NUMBERS, 101),
    seed=(*hostile.NO_NUMBERS, 2**32),
    guidanceScale=("7", [], {}, True, -1, 21, 10**400),
    negativePrompt=(*hostile.NO_TEXTS, "x" * 2001, "\x00"),
    watermark=(*hostile.NO_TEXTS, "x" * 65, "\x00"),
    model=("gpt-9", 5, [], {}, "x" * 5000, "kling-9"),
    image=(5, [], {}, True, "http://127.0.0.1/x.png", "data:text/html,x", "!!", "../../x", "QUJD"),
    max_credits=(*hostile.NO_NUMBERS, 1),
    public=(5, "yes", [], {}),
)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_input_is_refused_and_costs_nothing(api, ann, name, value):
    body = {"prompt": SUNSET, "model": "nano-banana" if name == "image" else "sd3-medium"}
    hostile.refused(api.post(GENERATE, body | {name: value}), ann)


@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_what_is_no_json_object_is_400(api, ann, raw):
    reply = hostile.send_raw(api, GENERATE, raw)
    hostile.refused(reply, ann)
    assert reply.status_code == 400


def test_fields_of_nobodys_business_change_nothing(api, ann, bob):
    odd = {"cost": 0, "price": 0, "status": "completed", "user": str(bob.pk), "id": "1"}
    assert api.post(GENERATE, {"prompt": SUNSET} | odd).status_code == 200
    made = Generation.objects.get()
    assert (made.user, made.price) == (ann, 20)
    assert wallet_of(ann).balance == 980


# Who ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [GENERATE, "/api/v1/images", "/api/v1/prompts"])
def test_nobody_and_a_bad_key_are_told_in_the_contracts_words(anonymous_api, path):
    method = "post" if path == GENERATE else "get"
    nobody = anonymous_api.send(method, path)
    bad = Api("nb_wrong").send(method, path)

    assert (nobody.status_code, bad.status_code) == (401, 401)
    assert nobody.json()["error"]["message"] == "Authorization header required"
    assert bad.json()["error"]["message"] == "Invalid or expired token"
    assert nobody["WWW-Authenticate"] == "Bearer"


def test_a_key_that_may_only_read_generates_nothing(ann):
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    reply = reader.post(GENERATE, {"prompt": SUNSET})
    assert (reply.status_code, reply.json()["code"]) == (403, "insufficient_scope")
    assert reader.get("/api/v1/images").status_code == 200
    assert not Generation.objects.exists()


def test_the_route_has_no_get_of_its_own(api):
    assert api.get(GENERATE).status_code == 405
