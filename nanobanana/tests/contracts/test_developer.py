"""Contract A as its clients rely on it: each request and reply of the contract is a case."""

from datetime import datetime

import pytest

from accounts import tokens
from billing import ledger
from billing.ledger import wallet_of
from billing.models import Wallet
from conftest import Api
from generator.models import Generation
from generator.providers.base import Failed, Refused, Waiting
from generator.tests.harness.stage import violations

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

FOX = {"prompt": "a fox", "model": "scripted"}


def test_a_prompt_becomes_an_image_in_the_reply_of_the_contract(api, ann):
    prompt = "A cute banana wearing sunglasses"
    reply = api.post("/v1/generate", {"prompt": f" {prompt} ", "size": "1280x896"})
    body = reply.json()

    assert reply.status_code == 200
    assert reply["Content-Type"] == "application/json"
    assert body["id"].startswith("gen_")
    assert body["prompt"] == prompt
    assert datetime.fromisoformat(body["created_at"]).utcoffset().total_seconds() == 0
    assert body["created_at"].endswith("Z")
    assert (body["status"], body["model"], body["provider"]) == ("completed", "nano-banana", "demo")
    assert body["size"] == "1280x896"
    [image] = body["images"]
    assert set(image) == {"id", "url", "width", "height", "thumbnail_url"}
    assert (image["width"], image["height"], image["url"]) == (1280, 896, body["url"])
    assert body["credits"] == {"used": 20, "remaining": 980}
    assert body["cost"] == 0.02
    assert isinstance(body["duration_ms"], int)
    assert isinstance(body["seed"], int)
    assert body["receipt"] == {"quoted": 20, "charged": 20, "refunded": 0, "reason": ""}
    assert wallet_of(ann).balance == 980
    file = Api("").get(body["url"].removeprefix("http://127.0.0.1:8000"))
    assert (file.status_code, file["Content-Type"]) == (200, "image/png")


def test_the_headers_name_credits_and_rate(api, stage):
    reply = api.post("/v1/generate", FOX)

    assert (reply["X-Credits-Used"], reply["X-Credits-Remaining"]) == ("20", "980")
    assert reply["RateLimit-Policy"] == '"hour";q=10;w=3600'
    assert reply["RateLimit"].startswith('"hour";r=9;t=')
    assert (reply["X-RateLimit-Limit"], reply["X-RateLimit-Remaining"]) == ("10", "9")
    assert 0 < int(reply["X-RateLimit-Reset"]) <= 3600
    assert reply["X-Request-Id"].startswith("req_")


def test_several_come_as_base64_where_asked(api, stage):
    body = api.post("/v1/generate/", FOX | {"n": 3, "response_format": "b64_json"}).json()

    assert len(body["images"]) == 3
    assert all(image["b64_json"].startswith("iVBOR") for image in body["images"])
    assert body["credits"] == {"used": 60, "remaining": 940}


def test_what_the_model_does_not_take_is_named_and_ignored(api, stage):
    body = api.post("/v1/generate", FOX | {"negative_prompt": "rain", "seed": 5}).json()

    assert len(body["warnings"]) == 2
    assert "negative_prompt" in body["warnings"][0]


@pytest.mark.parametrize("absent", [None, False, ""])
def test_absent_values_mean_the_default(api, stage, absent):
    fields = ("size", "n", "style", "seed", "images", "response_format", "public", "max_credits")
    reply = api.post("/v1/generate", FOX | dict.fromkeys(fields, absent))
    assert (reply.status_code, reply.json()["size"]) == (200, "64x64")


def test_what_only_we_decide_is_ignored(api, stage, ann, bob):
    ours = {
        "cost": 0, "price": 0, "status": "failed", "user": str(bob.pk), "is_public": True,
        "id": "gen_1", "credits": 0, "wallet": 1,
    }  # fmt: skip
    body = api.post("/v1/generate", FOX | ours).json()

    made = Generation.objects.get()
    assert (made.user, made.price, made.public, body["status"]) == (ann, 20, False, "completed")


def test_fewer_pictures_than_asked_for_are_delivered_and_the_rest_refunded(api, stage, ann):
    stage.first.poll = [Failed("no"), *stage.first.poll]
    reply = api.post("/v1/generate", FOX | {"n": 2})
    body = reply.json()

    assert (reply.status_code, len(body["images"])) == (200, 1)
    assert body["credits"] == {"used": 20, "remaining": 980}
    assert body["receipt"]["refunded"] == 20
    assert reply["X-Credits-Used"] == "20"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Refused("Not this."), 400, "content_policy_violation"),
        (Refused("Not that.", "invalid_input"), 400, "invalid_parameter"),
        (Failed("key sk-secret is bad"), 502, "upstream_error"),
    ],
)
def test_a_failure_has_its_status_and_gives_the_credits_back(api, stage, ann, error, status, code):
    stage.first.start = [error]
    reply = api.post("/v1/generate", FOX)
    body = reply.json()

    assert (reply.status_code, body["code"]) == (status, code)
    assert reply["Content-Type"] == "application/problem+json"
    assert body["error"]["refunded"] == 20
    assert body["error"]["generation_id"] == Generation.objects.get().public_id
    assert (reply["X-Credits-Used"], reply["X-Credits-Remaining"]) == ("0", "1000")
    assert "secret" not in reply.content.decode()
    assert wallet_of(ann).balance == 1000
    assert violations() == []


def test_past_its_deadline_it_is_504_and_refunded(api, stage, ann, settings):
    stage.first.poll = [Waiting("task-1", 60.0)]
    pending = api.post("/v1/generate", FOX, Prefer="respond-async", Idempotency_Key="k")
    stage.go_on(made := Generation.objects.get())
    stage.later(made, 301)
    reply = api.post("/v1/generate", FOX, Idempotency_Key="k")

    assert pending.status_code == 202
    assert (reply.status_code, reply.json()["code"]) == (504, "timeout")
    assert wallet_of(ann).balance == 1000


def test_too_few_credits_are_429_insufficient_quota(api, stage, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("test:1", "test"))
    reply = api.post("/v1/generate", FOX)
    error = reply.json()["error"]

    assert (reply.status_code, reply["x-should-retry"]) == (429, "false")
    assert (error["code"], error["type"]) == ("insufficient_quota", "insufficient_credits")
    assert (error["required"], error["balance"]) == (20, 10)
    assert not Generation.objects.exists()


def test_the_rate_of_the_plan_is_429_with_when_to_come_back(api, stage, ann):
    for _ in range(10):
        stage.submit(ann)
    reply = api.post("/v1/generate", FOX)

    assert (reply.status_code, reply.json()["code"]) == (429, "rate_limited")
    assert 0 < int(reply["Retry-After"]) <= 3600
    assert reply["X-RateLimit-Remaining"] == "0"
    assert reply.json()["error"]["type"] == "rate_limit_error"


def test_the_price_bound_refuses_with_the_price(api, stage, ann):
    reply = api.post("/v1/generate", FOX | {"n": 2, "max_credits": 39})

    assert (reply.status_code, reply.json()["code"]) == (409, "price_above_max")
    assert reply.json()["error"]["required"] == 40
    assert api.post("/v1/generate", FOX | {"max_credits": 20}).status_code == 200


def test_nothing_configured_is_503(api, stage, settings):
    settings.DEMO = False
    stage.turn_off("SCRIPTED_FIRST")
    reply = api.post("/v1/generate", FOX)

    assert (reply.status_code, reply.json()["error"]["type"]) == (503, "not_configured")
    assert not Generation.objects.exists()


def test_a_quote_charges_nothing_and_is_the_price(api, stage, ann):
    quoted = api.post("/v1/quote", FOX | {"n": 3, "max_credits": 1}).json()

    assert quoted["credits"] == 60
    assert quoted["cost_estimate"] == 0.0015
    assert quoted["breakdown"]["credits_each"] == 20
    assert wallet_of(ann).balance == 1000
    assert api.post("/v1/generate", FOX | {"n": 3}).json()["credits"]["used"] == quoted["credits"]
    assert api.get("/v1/quote").status_code == 405


def test_one_generation_has_one_id_in_every_form(api, stage):
    made = api.post("/v1/generate", FOX).json()
    pk = Generation.objects.get().pk

    for name in (made["id"], pk.hex, str(pk), str(pk).upper()):
        shown = api.get(f"/v1/generations/{name}").json()
        assert shown["id"] == made["id"]
        assert shown["receipt"] == made["receipt"]
    assert shown["images"][0]["id"] == made["images"][0]["id"]


def test_a_foreign_one_and_one_that_is_not_there_answer_alike(api, bob_api, stage):
    made = api.post("/v1/generate", FOX).json()["id"]
    nobodys = "gen_" + "0" * 32
    for method, end in (("get", ""), ("get", "/events"), ("post", "/cancel"), ("delete", "")):
        replies = [
            bob_api.send(method, f"/v1/generations/{name}{end}", X_Request_Id="same")
            for name in (made, nobodys)
        ]
        assert [reply.status_code for reply in replies] == [404, 404]
        assert replies[0].content == replies[1].content


@pytest.mark.parametrize("name", ["1", "-1", "..", "%00", "9" * 5000, "gen_", "gen_é", "💥"])
def test_what_is_no_id_is_404(api, name):
    reply = api.get(f"/v1/generations/{name}")
    assert (reply.status_code, reply["Content-Type"]) == (404, "application/problem+json")


def test_history_is_newest_first_in_pages_that_stay_right(api, stage, ann):
    made = [stage.submit(ann, f"fox {number}").public_id for number in range(5)]
    first = api.get("/v1/generations?limit=2&model=scripted").json()
    stage.submit(ann, "later")
    second = api.get(first["next"].removeprefix("http://127.0.0.1:8000")).json()
    third = api.get(second["next"].removeprefix("http://127.0.0.1:8000")).json()

    shown = [row["id"] for page in (first, second, third) for row in page["data"]]
    assert shown == made[::-1]
    assert third["next"] is None


def test_history_is_filtered(api, bob_api, stage, ann):
    stage.run(ann, "a red fox")
    stage.submit(ann, "a blue dog")

    def count(query):
        reply = api.get(f"/v1/generations?{query}")
        assert reply.status_code == 200, reply.content
        return len(reply.json()["data"])

    assert count("status=completed") == count("status=pending") == 1
    assert count("q=fox") == count("q=red+fox") == count("q=dog") == 1
    assert count("q=%25") == count("model=nano-banana") == count("mode=image-to-image") == 0
    assert count("since=2020-01-01") == count("since=2020-01-01T00:00:00Z") == 2
    assert count("until=2020-01-01") == count("since=2999-01-01T00:00:00%2B02:00") == 0
    assert count("user=bob&owner=1&ordering=password&user_id=2") == 2
    assert bob_api.get("/v1/generations").json() == {"data": [], "next": None}


def test_a_pending_one_is_canceled_and_refunded(api, stage, ann):
    made = stage.submit(ann)
    reply = api.post(f"/v1/generations/{made.public_id}/cancel")
    again = api.post(f"/v1/generations/{made.public_id}/cancel")

    assert (reply.status_code, reply.json()["status"]) == (200, "canceled")
    assert reply.json()["receipt"]["refunded"] == 20
    assert wallet_of(ann).balance == 1000
    assert (again.status_code, again.json()["code"]) == (409, "not_cancelable")
    assert "canceled" in again.json()["detail"]


def test_a_running_one_is_asked_to_stop(api, stage, ann):
    stage.first.poll = [Waiting("task-1", 60.0)]
    made = stage.run(ann)
    reply = api.post(f"/v1/generations/{made.public_id}/cancel")

    assert (reply.status_code, reply.json()["cancel_requested"]) == (202, True)
    assert reply.json()["status"] == "processing"


def test_an_ended_one_is_deleted_with_its_files_and_the_ledger_stays(api, stage, ann):
    made = api.post("/v1/generate", FOX, Idempotency_Key="k").json()
    path = f"/v1/generations/{made['id']}"

    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == api.delete(path).status_code == 404
    assert Api("").get(made["url"].removeprefix("http://127.0.0.1:8000")).status_code == 404
    assert api.get("/v1/generations").json()["data"] == []
    replay = api.post("/v1/generate", FOX, Idempotency_Key="k")
    assert (replay.status_code, replay.json()["code"]) == (410, "gone")
    assert wallet_of(ann).balance == 980
    [charge] = [row for row in api.get("/v1/ledger").json()["data"] if row["kind"] == "charge"]
    assert charge["generation_id"] == made["id"]


def test_a_running_one_cannot_be_deleted(api, stage, ann):
    made = stage.submit(ann)
    assert api.delete(f"/v1/generations/{made.public_id}").status_code == 409


def test_the_account_names_user_plan_balance_and_rate(api, ann, stage):
    stage.submit(ann)
    body = api.get("/v1/account").json()

    assert set(body) == {"id", "email", "name", "plan", "balance", "renews_at", "rate"}
    assert (body["id"], body["email"], body["plan"]) == (str(ann.pk), ann.email, "free")
    assert body["balance"] == 980
    assert (body["rate"]["limit"], body["rate"]["remaining"]) == (10, 9)
    assert 0 < body["rate"]["reset"] <= 3600
    assert body["renews_at"].endswith("Z")


def test_a_lifted_rate_is_named_nowhere(api, ann, stage):
    Wallet.objects.filter(pk=wallet_of(ann).pk).update(rate_lifted=True)
    assert api.get("/v1/account").json()["rate"] is None
    assert "RateLimit" not in api.post("/v1/generate", FOX)


def test_the_ledger_lists_every_movement_in_pages(api, ann, stage):
    stage.submit(ann)
    first = api.get("/v1/ledger?limit=1").json()
    second = api.get(first["next"].removeprefix("http://127.0.0.1:8000")).json()

    [charge] = first["data"]
    assert set(charge) == {
        "id", "kind", "amount", "balance", "reason", "generation_id", "created_at",
    }  # fmt: skip
    assert (charge["kind"], charge["amount"], charge["balance"]) == ("charge", -20, 980)
    [grant] = second["data"]
    assert (grant["amount"], grant["balance"]) == (1000, 1000)
    assert "generation_id" not in grant


def test_usage_counts_by_key_and_day(api, ann, stage, ann_key):
    api.post("/v1/generate", FOX | {"n": 2})
    stage.first.start = [Failed("no")]
    api.post("/v1/generate", FOX)
    body = api.get("/v1/usage").json()

    [row] = body["data"]
    assert set(row) == {"date", "key_prefix", "requests", "images", "credits", "cost", "errors"}
    assert row["key_prefix"] == ann_key[:7]
    assert (row["requests"], row["images"], row["credits"], row["errors"]) == (2, 2, 40, 1)
    assert (body["plan"], body["limits"]["hourly_rate"]) == ("free", 10)
    assert body["remaining"] == {"credits": 960, "rate": 8}


def test_models_are_open_to_all_and_tell_what_they_take_and_cost(anonymous_api):
    reply = anonymous_api.get("/v1/models")
    models = {model["id"]: model for model in reply.json()["data"]}

    assert reply.json()["object"] == "list"
    model = models["nano-banana"]
    assert (model["object"], model["available"]) == ("model", True)
    assert model["prices"]["credits"] == 20
    assert "1280x896" in model["parameters"]["size"]["values"]
    assert anonymous_api.get("/v1/models/nano-banana").json() == model
    assert anonymous_api.get("/v1/models/none").json()["error"]["code"] == "model_not_found"


def test_every_credential_opens_it(ann, ann_key, ann_client):
    token = tokens.issue(ann)[1]
    named = (
        {"Authorization": f"Bearer {ann_key}"}, {"Authorization": f"Token {ann_key}"},
        {"Authorization": f"Bearer {token}"}, {"X-API-Key": ann_key}, {"x-goog-api-key": ann_key},
    )  # fmt: skip
    for headers in named:
        assert Api("").get("/v1/account", **headers).json()["email"] == ann.email
    assert ann_client.get("/v1/account").json()["email"] == ann.email
    assert ann_client.get("/v1/account/").status_code == 200
