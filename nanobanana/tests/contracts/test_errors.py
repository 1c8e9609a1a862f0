"""Every error of the API has one body, one content type, and tells nothing it should not."""

import logging
import re

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import keys
from conftest import Api
from nanobanana.api import codes, errors
from nanobanana.front import problem as front

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

TYPES = {
    "invalid_request_error", "authentication_error", "permission_error", "not_found_error",
    "insufficient_credits", "rate_limit_error", "conflict_error", "upstream_error",
    "not_configured", "timeout_error", "server_error",
}  # fmt: skip
PROBLEM = "application/problem+json"


def test_the_body_is_the_contracts(api):
    reply = api.post("/v1/generate", {"prompt": ""}, X_Request_Id="mine-1")

    assert (reply.status_code, reply["Content-Type"]) == (400, PROBLEM)
    assert reply["X-Request-Id"] == "mine-1"
    message = "Prompt is required and must be a non-empty string"
    assert reply.json() == {
        "type": "http://127.0.0.1:8000/docs/errors#invalid_prompt",
        "title": "Invalid prompt",
        "status": 400,
        "detail": message,
        "code": "invalid_prompt",
        "request_id": "mine-1",
        "success": False,
        "error": {
            "message": message,
            "type": "invalid_request_error",
            "code": "invalid_prompt",
            "param": "prompt",
            "fields": {"prompt": [message]},
        },
    }


def test_all_bad_fields_are_named_and_the_first_leads(api):
    error = api.post("/v1/generate", {"prompt": 5, "size": "9x9", "n": 0}).json()["error"]

    assert error["param"] == next(iter(error["fields"]))
    assert {"prompt", "size"} <= set(error["fields"]) or error["param"] == "n"


def test_every_code_has_a_status_a_type_and_advice(visitor):
    page = visitor.get("/docs/errors").content.decode()
    for code, (status, title, advice) in errors.CODES.items():
        body = errors.body(errors.ApiError(code), "req_1")
        assert body["error"]["type"] in TYPES, code
        assert 400 <= status < 600
        assert title
        assert advice
        assert f'id="{code}"' in page


def test_the_fronts_own_errors_are_of_the_same_table():
    for made in (
        front.too_large(1024),
        front.too_slow(),
        front.busy(),
        front.broken(),
        front.missing(),
    ):
        status, _, _ = errors.CODES[made.code]
        assert status == made.status
        assert codes.TYPES[status] == made.kind


@pytest.mark.parametrize(
    "path",
    ["/v1/none", "/v1", "/v1/", "/api/none", "/health/none", "/v1/generations/a/b/c", "/v1/%ff"],
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_unknown_addresses_are_404_in_the_one_body(anonymous_api, path, method):
    reply = anonymous_api.send(method, path, Accept="text/html")
    if path.strip("/") == "v1":
        path = "/v1"
    assert reply.status_code == 404
    assert path == "/v1" or reply["Content-Type"] == PROBLEM


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("get", "/v1/generate", "POST, OPTIONS"),
        ("put", "/v1/generate", "POST, OPTIONS"),
        ("delete", "/v1/account", "GET, HEAD, OPTIONS"),
        ("get", "/v1/quote", "POST, OPTIONS"),
        ("patch", "/v1/generations", "GET, HEAD, OPTIONS"),
        ("post", "/health", "GET, HEAD"),
    ],
)
def test_other_methods_are_405_with_those_allowed(api, method, path, allowed):
    reply = api.send(method, path)
    assert (reply.status_code, reply["Content-Type"]) == (405, PROBLEM)
    assert reply["Allow"] == allowed


def test_head_is_get_without_the_body(api):
    reply = api.send("head", "/v1/generations/")
    assert (reply.status_code, reply.content) == (200, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer nb_" + "x" * 45},
        {"Authorization": "Bearer " + "x" * 10_000},
        {"Authorization": "Bearer é"},
        {"X-API-Key": "nb_wrong"},
        {"x-goog-api-key": ""},
    ],
)
def test_no_or_a_bad_credential_is_401_and_names_the_scheme(db, headers):
    reply = Api("").get("/v1/account", **headers)
    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Bearer")
    assert reply.json()["error"]["type"] == "authentication_error"


def test_a_bad_credential_is_401_even_where_none_is_needed(db):
    assert Api("wrong").get("/v1/models").status_code == 401


def test_a_key_elsewhere_is_no_credential(ann_key):
    client = Client()
    client.cookies["Authorization"] = client.cookies["api_key"] = ann_key
    assert client.get(f"/v1/account?key={ann_key}&api_key={ann_key}").status_code == 401
    body = {"prompt": "a fox", "api_key": ann_key}
    assert Api("").post("/v1/generate", body).status_code == 401


def test_a_revoked_key_and_one_of_a_closed_account_are_refused(ann, ann_key, bob, bob_key):
    keys.revoke(ann.api_keys.get())
    bob.is_active = False
    bob.save()
    for key in (ann_key, bob_key):
        assert Api(key).get("/v1/account").status_code == 401


def test_a_read_only_key_may_read_and_nothing_else(ann):
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    assert reader.get("/v1/account").status_code == 200
    assert reader.post("/v1/quote", {"prompt": "a fox"}).status_code == 200
    for path in ("/v1/generate", "/v1/generations/gen_1/cancel", "/v1/keys"):
        reply = reader.post(path, {"prompt": "a fox"})
        assert (reply.status_code, reply.json()["code"]) == (403, "insufficient_scope")
    assert reader.delete("/v1/generations/gen_" + "0" * 32).status_code in {403, 404}


def test_a_cookie_alone_writes_nothing(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    reply = browser.post("/v1/generate", {"prompt": "a fox"}, content_type="application/json")

    assert (reply.status_code, reply["Content-Type"]) == (403, PROBLEM)
    assert reply.json()["code"] == "csrf_failed"


# Content types ------------------------------------------------------------------------------------


KINDS = (
    "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
    "image/png", "nonsense",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_other_content_types_are_415(ann_key, kind):
    reply = Client().generic("POST", "/v1/generate", b"{}", content_type=kind,
                             headers={"Authorization": f"Bearer {ann_key}"})  # fmt: skip
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["text/plain", "", "application/json; charset=utf-8"])
def test_json_is_read_without_its_type_when_the_credential_is_a_token(ann_key, ann_client, kind):
    body = b'{"prompt": "a fox"}'
    headers = {"Authorization": f"Bearer {ann_key}"}
    reply = Client().generic("POST", "/v1/quote", body, content_type=kind, headers=headers)
    assert reply.status_code == 200
    by_cookie = ann_client.generic("POST", "/v1/quote", body, content_type=kind)
    assert by_cookie.status_code == (200 if "json" in kind else 415)


@pytest.mark.parametrize("accept", ["text/html", "image/png", "text/event-stream", "x", ""])
def test_json_is_answered_whatever_is_accepted(api, accept):
    for path in ("/v1/account", "/v1/account?format=api", "/v1/generations/none"):
        reply = api.get(path, Accept=accept)
        assert reply["Content-Type"] in {"application/json", PROBLEM}
        assert reply.status_code in {200, 404}


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 3 * 1024 * 1024])
def test_more_than_a_megabyte_is_413(api, ann_client, size):
    text = '{"prompt": "' + "x" * (size - 14) + '"}'
    for reply in (
        api.post("/v1/generate", text),
        ann_client.post("/v1/generate", text, content_type="application/json"),
        api.post("/v1/keys", text),
    ):
        assert reply["Content-Type"] == PROBLEM
        assert reply.status_code in {403, 413}
    assert api.post("/v1/quote", text).json()["code"] == "payload_too_large"
    kept = '{"prompt": "a fox", "more": "' + "x" * (1024 * 1024 - 31) + '"}'
    assert len(kept) == 1024 * 1024
    assert api.post("/v1/quote", kept).status_code == 200


# Other sites --------------------------------------------------------------------------------------


def test_a_script_of_any_site_may_ask_first_and_then_call(anonymous_api, api):
    asked = anonymous_api.send(
        "options", "/v1/generate", Origin="https://evil.example",
        Access_Control_Request_Method="POST", Access_Control_Request_Headers="authorization",
    )  # fmt: skip
    assert asked.status_code == 204
    assert "POST" in asked["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Content-Type", "Idempotency-Key", "Prefer", "X-API-Key"):
        assert name in asked["Access-Control-Allow-Headers"]
    for reply in (asked, api.get("/v1/account", Origin="null"), api.get("/v1/none")):
        assert reply["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in reply
        assert "X-Credits-Used" in reply["Access-Control-Expose-Headers"]


def test_pages_are_not_open_to_other_sites(ann_client):
    for path in ("/", "/dashboard", "/health"):
        assert "Access-Control-Allow-Origin" not in ann_client.get(path, headers={"Origin": "x"})


def test_answers_about_an_account_are_kept_by_no_cache(api, ann_client):
    for reply in (api.get("/v1/account"), ann_client.get("/v1/account"), api.get("/v1/none")):
        assert reply["Cache-Control"] == "no-store"


# Names and logs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "a b", "x" * 101, "é", 'a"b', "a\tb"])
def test_an_odd_request_id_is_replaced(api, given):
    reply = api.get("/v1/account", X_Request_Id=given)
    assert re.fullmatch(r"req_[0-9a-f]{32}", reply["X-Request-Id"])


def test_each_request_is_logged_once_without_its_query(api, caplog):
    caplog.set_level(logging.INFO)
    api.get("/v1/generations?q=secret-word")
    api.get("/v1/none?token=secret-word")

    lines = [record for record in caplog.records if record.name == "nanobanana.middleware"]
    assert [(line.method, line.path, line.status) for line in lines] == [
        ("GET", "/v1/generations", 200), ("GET", "/v1/none", 404),
    ]  # fmt: skip
    assert all(isinstance(line.ms, int) for line in lines)
    assert "secret-word" not in caplog.text
    assert len(caplog.records) == 2


def test_a_break_is_told_without_its_reason_and_logged_once(api, caplog, monkeypatch):
    monkeypatch.setattr("billing.ledger.wallet_of", _broken(RuntimeError("sk-secret at 10.0.0.1")))
    reply = api.get("/v1/account")

    assert (reply.status_code, reply.json()["code"]) == (500, "internal_error")
    assert reply.json()["request_id"] == reply["X-Request-Id"]
    assert "secret" not in reply.content.decode()
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


def test_a_database_that_is_away_is_503_with_when_to_come_back(api, monkeypatch):
    monkeypatch.setattr("billing.ledger.wallet_of", _broken(OperationalError("host=10.0.0.1")))
    reply = api.get("/v1/account")

    assert (reply.status_code, reply.json()["code"]) == (503, "service_unavailable")
    assert 0 < int(reply["Retry-After"]) <= 5
    assert "10.0.0.1" not in reply.content.decode()


def _broken(error):
    def fail(*_args):
        raise error

    return fail
