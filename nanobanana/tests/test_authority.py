"""Who may do what, for every address there is: each role sends each method, nobody reads another's.

An address that stands in no group below fails, so that a new one is thought about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import keys, webhooks
from accounts.models import ApiKey
from accounts.owner import Owner
from conftest import Api
from gallery import showcase
from gallery.models import Item
from generator import resumable, storage
from generator.models import Generation, UploadSlot
from generator.tests.conftest import scripted_module, stage
from generator.tests.harness.stage import Stage
from nanobanana.tests.contracts.running import png

__all__ = ["scripted_module", "stage"]

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

METHODS = ("get", "post", "put", "patch", "delete")
CANARY = "a-prompt-that-only-ann-knows"
OPEN = [
    "health",
    "health-ready",
    "v1-register",
    "v1-login",
    "v1-models",
    "v1-model",
    "gemini-models",
    "gemini-model",
    "product-health",
    "app-register",
    "app-login",
    "app-me",
    "app-gallery",
    "app-features",
    "app-reviews",
    "app-faqs",
    "schema",
    "gallery",
    "author",
    "pricing",
    "home",
    "theme",
    "docs",
    "docs-errors",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_reset_password",
    "account_confirm_login_code",
    "account_confirm_email",
    "account_reset_password_from_key_done",
    "account_reset_password_from_key",
    "account_reset_password_done",
    "socialaccount_login_cancelled",
    "socialaccount_login_error",
    "socialaccount_signup",
    "google_login",
    "google_callback",
    "google_login_by_token",
]
"""Anybody may read these, and nothing of a person stands there."""
EACH = [
    "generator",
    "generate",
    "generator-quote",
    "history",
    "dashboard",
    "history-export",
    "history-zip",
    "settings",
    "app-logout",
    "app-generate",
    "app-history",
    "app-upload",
    "quote",
]
"""Anybody, with or without an account, has their own here."""
USER = [
    "v1-logout",
    "v1-keys",
    "v1-webhooks",
    "v1-webhook-secret",
    "openai-generations",
    "openai-edits",
    "openai-variations",
    "gemini-generate-content",
    "v1-generate",
    "v1-quote",
    "v1-generations",
    "v1-account",
    "v1-ledger",
    "v1-usage",
    "product-generate",
    "product-images",
    "product-prompts",
    "product-users",
    "app-tus",
    "editor-edit",
    "editor-generate",
    "editor-video",
    "editor-reference",
    "editor-batch",
    "editor-check",
    "gemini-generate",
    "gemini-generate-v1",
    "billing",
    "settings-profile",
    "settings-account",
    "account_email",
    "settings-keys",
    "settings-webhooks",
    "settings-delete",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "socialaccount_connections",
    "gallery-publish",
]
"""Only for somebody who is signed in, and about themselves."""
OWNED = [
    "v1-key",
    "v1-webhook",
    "v1-webhook-test",
    "v1-webhook-rotate",
    "v1-webhook-deliveries",
    "v1-webhook-resend",
    "settings-webhook",
    "settings-webhook-resend",
    "v1-generation",
    "v1-events",
    "v1-cancel",
    "v1-file",
    "editor-put",
    "editor-job",
    "app-generation",
    "app-events",
    "api-file",
    "app-tus-piece",
    "app-gallery-item",
    "app-like",
    "app-report",
    "file-signed",
    "thumbnail-signed",
    "file-public",
    "thumbnail-public",
    "callback",
    "generation-card",
    "generation-cancel",
    "generation-again",
    "history-delete",
    "image",
    "gallery-item",
    "gallery-edit",
    "gallery-withdraw",
    "gallery-like",
    "gallery-report",
    "settings-key-revoke",
]
"""One thing of ann's: for everybody else it is not there."""
GROUPS = {"open": OPEN, "each": EACH, "user": USER, "owned": OWNED}
STAFF_MAY = {("image", "get")}
"""Staff with the permission see the picture of a page, without its words."""
READERS_MAY = {"v1-quote"}
"""What a key that may only read may POST."""


def _routes(patterns: Any, before: str = "") -> Iterator[tuple[str, str]]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            if path != "admin/":  # test_admin has its own matrix
                yield from _routes(one.url_patterns, path)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name, path


ROUTES = sorted(set(_routes(get_resolver().url_patterns)))


@pytest.fixture
def anns(ann: Any, stage: Stage) -> dict[str, str]:
    """Ann's things by the name of the address's parameter; the id depends on the address."""
    owner = Owner(user=ann)
    made = stage.run(ann, CANARY)
    output = made.outputs.get()
    item = showcase.publish(owner, output, title=CANARY, is_public=False)
    upload = storage.save_upload(owner, png())
    return {
        "generation": str(made.pk),
        "output": str(output.pk),
        "item": str(item.pk),
        "upload": str(upload.pk),
        "key": str(ApiKey.objects.get().pk) if ApiKey.objects.exists() else "",
        "webhook": str(webhooks.register(ann, f"https://example.com/{CANARY}").pk),
        "slot": str(UploadSlot.objects.create(user=ann).pk),
        "piece": str(resumable.begin(owner, 9, CANARY).pk),
    }


def _thing(name: str) -> str:
    """Which of ann's things an address is about."""
    if "webhook" in name:
        return "webhook"
    if "gallery" in name or name in {"app-like", "app-report"}:
        return "item"
    if name in {"v1-key", "settings-key-revoke"}:
        return "key"
    if name in {"editor-put", "app-tus-piece"}:
        return "slot" if name == "editor-put" else "piece"
    return "output" if re.search("file|thumbnail|image", name) else "generation"


def _address(name: str, path: str, anns: dict[str, str]) -> str:
    """The route's path with ann's ids in it."""
    path = re.sub(r"\(\?P<model_id>[^)]*\)", "nano-banana", path)
    path = re.sub(r"\(\?P<verb>[^)]*\)", "generateContent", path)
    path = re.sub(r"\(\?P<\w+>[^)]*\)", "x", path.replace("(?:v1beta|v1)", "v1beta"))
    path = path.replace("^", "").replace("$", "")
    values = {"variant": "320", "model_id": "nano-banana", "provider": "kie", "secret": "x",
              "slug": "nobody", "kind": "csv"}  # fmt: skip
    return "/" + re.sub(
        r"<\w+:(\w+)>", lambda match: values.get(match[1], anns[_thing(name)]), path
    )


def _sends_away(reply: Any) -> bool:
    """Whether the answer is to sign in first."""
    return reply.status_code == 302 and "/accounts/" in reply["Location"]


def _text(reply: Any) -> str:
    data = b"".join(reply.streaming_content) if reply.streaming else reply.content
    return str(data, "utf-8", "replace")


def test_every_address_stands_in_one_group():
    named = [name for group in GROUPS.values() for name in group]
    assert len(named) == len(set(named))
    assert {name for name, _ in ROUTES} <= set(named)


@pytest.mark.parametrize(("name", "path"), ROUTES, ids=[f"{a} {b}" for a, b in ROUTES])
def test_each_role_gets_what_it_may(
    name, path, ann, ann_key, anns, visitor, bob_client, sam_client
):
    address = _address(name, path, anns)
    group = next((kind for kind, names in GROUPS.items() if name in names), "owned")
    reader = keys.issue(ann, name="reads", scopes=["read"])[1]
    before = _state()

    for role, browser in (("visitor", visitor), ("stranger", bob_client), ("staff", sam_client)):
        for method in METHODS:
            reply = _send(browser, method, address)
            said = f"{role} {method} {address}: {reply.status_code}"
            assert reply.status_code < 500, said
            if role != "staff" or name != "product-users":
                assert CANARY not in _text(reply), said
                assert ann.email not in _text(reply), said
            if role == "staff" and (name, method) in STAFF_MAY:
                continue
            if group == "owned" or (group == "user" and role == "visitor"):
                assert reply.status_code >= 400 or _sends_away(reply), said
        if group == "owned" and role != "visitor" and address.startswith(("/v1/", "/api/")):
            assert _send(browser, "get", address).status_code in {404, 405}
    for method in METHODS:
        reply = _send(Client(headers={"Authorization": f"Bearer {reader}"}), method, address)
        said = f"reader {method} {address}: {reply.status_code}"
        assert reply.status_code < 500, said
        if address.startswith("/v1") and method not in {"get", "head"} and group != "open":
            assert reply.status_code >= 400 or name in READERS_MAY, said
    assert _state() == before


def _send(browser: Client, method: str, address: str) -> Any:
    body = {} if method in {"get", "head"} else {"data": "{}", "content_type": "application/json"}
    return getattr(browser, method)(address, **body)


def _state() -> list[Any]:
    """What is ann's, as it stands."""
    return [
        list(Generation.objects.filter(prompt=CANARY).values_list("status", "deleted_at")),
        list(Item.objects.values_list("title", "is_public", "likes")),
        list(ApiKey.objects.filter(name="tests").values_list("revoked_at", flat=True)),
    ]


def test_the_owner_reads_her_own(ann_key, anns, ann_client):
    for path in (f"/v1/generations/{anns['generation']}", f"/v1/files/{anns['output']}"):
        assert Api(ann_key).get(path).status_code == 200
        assert ann_client.get(path).status_code == 200
