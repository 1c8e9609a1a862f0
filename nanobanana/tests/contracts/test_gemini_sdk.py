"""Contract F as Google's own SDK sees it, over a socket, with the front and a worker behind it."""

from __future__ import annotations

import pytest
from google import genai
from google.genai import errors, types

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, Upload
from nanobanana.tests.contracts import running
from nanobanana.tests.contracts.running import picture, png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.contracts, pytest.mark.slow]


@pytest.fixture
def site(transactional_db):
    with running.site() as site:
        yield site


def program(site, key, version=None):
    options = types.HttpOptions(base_url=site.url, api_version=version)
    return genai.Client(api_key=key, http_options=options)


@pytest.fixture
def client(site, ann):
    """Ann's program: a stock client with another base URL and key."""
    return program(site, keys.issue(ann)[1])


def used(user):
    return 1000 - wallet_of(user).balance


def config(**image):
    return types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(**image)
    )


def blobs(reply):
    return [part.inline_data for part in reply.candidates[0].content.parts]


def test_words_become_a_picture(client, ann):
    reply = client.models.generate_content(
        model="nano-banana", contents="a red lighthouse", config=config(aspect_ratio="16:9")
    )
    blob = blobs(reply)[0]
    assert (blob.mime_type, picture(blob.data).size) == ("image/png", (1408, 768))
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    usage = reply.usage_metadata
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count
    assert reply.model_version == "nano-banana"
    assert used(ann) == 20


def test_googles_model_names_shapes_and_version_work(site, ann):
    client = program(site, keys.issue(ann)[1], "v1beta")
    reply = client.models.generate_content(
        model="gemini-3-pro-image",
        contents="a cat",
        config=config(aspect_ratio="21:9", image_size="1K"),
    )
    assert picture(blobs(reply)[0].data).size == (1584, 672)
    assert Generation.objects.get().model == "nano-banana-pro"
    assert used(ann) == 200


def test_pictures_are_edited(client, ann):
    given = [types.Part.from_bytes(data=png(one, (90, 160)), mime_type="image/png")
             for one in ("red", "blue")]  # fmt: skip
    reply = client.models.generate_content(
        model="gemini-2.5-flash-image", contents=["blend both", *given]
    )
    assert picture(blobs(reply)[0].data).size == (768, 1408)
    assert Upload.objects.count() == 2
    assert Generation.objects.get().mode == "image-to-image"
    assert used(ann) == 20


def test_a_chat_edits_the_picture_it_made(client, ann):
    chat = client.chats.create(model="demo")
    chat.send_message("a cat on a sofa")
    reply = chat.send_message("make it blue")
    assert picture(blobs(reply)[0].data).size == (1024, 1024)
    second = Generation.objects.get(prompt="make it blue")
    assert (second.mode, len(second.uploads)) == ("image-to-image", 1)
    assert used(ann) == 40


def test_a_stream_brings_each_picture(client):
    wanted = types.GenerateContentConfig(candidate_count=2, seed=7)
    chunks = list(
        client.models.generate_content_stream(model="demo", contents="a cat", config=wanted)
    )
    pictures = [blobs(chunk)[0].data for chunk in chunks]
    assert [picture(one).size for one in pictures] == [(1024, 1024)] * 2
    assert len(set(pictures)) == 2
    assert Generation.objects.get().seed == 7


def test_the_models_are_listed_and_read(client):
    listed = {model.name: model for model in client.models.list()}
    assert {"models/nano-banana", "models/demo"} <= set(listed)
    assert "models/kling-2.6" not in listed
    assert "generateContent" in listed["models/nano-banana"].supported_actions
    assert client.models.get(model="nano-banana").display_name == "Nano Banana"


def test_an_unknown_model_is_googles_not_found(client):
    with pytest.raises(errors.ClientError) as refusal:
        client.models.generate_content(model="gemini-2.0-flash", contents="a cat")
    assert (refusal.value.code, refusal.value.status) == (404, "NOT_FOUND")
    assert "gemini-2.0-flash" in refusal.value.message
    with pytest.raises(errors.ClientError):
        client.models.get(model="gemini-2.0-flash")


def test_a_bad_value_is_googles_invalid_argument(client, ann):
    with pytest.raises(errors.ClientError) as refusal:
        client.models.generate_content(
            model="nano-banana", contents="a cat", config=config(aspect_ratio="7:3")
        )
    assert (refusal.value.code, refusal.value.status) == (400, "INVALID_ARGUMENT")
    assert "1:1, 4:3" in refusal.value.message
    assert used(ann) == 0


def test_a_refused_prompt_in_a_stream_is_an_error_and_costs_nothing(client, ann):
    with pytest.raises(errors.ClientError) as refusal:
        list(client.models.generate_content_stream(model="demo", contents="a cat [refuse]"))
    details = refusal.value.details["error"]["details"]
    assert details[0]["reason"] == "CONTENT_POLICY_VIOLATION"
    assert used(ann) == 0


def test_a_provider_that_fails_is_googles_server_error(client, ann):
    with pytest.raises(errors.ServerError) as failure:
        client.models.generate_content(model="demo", contents="a cat [fail]")
    assert (failure.value.code, failure.value.status) == (502, "UNAVAILABLE")
    assert used(ann) == 0


def test_missing_credits_are_an_exhausted_resource(client, ann):
    with pytest.raises(errors.ClientError) as refusal:
        client.models.generate_content(
            model="nano-banana-pro",
            contents="a cat",
            config=types.GenerateContentConfig(candidate_count=6),
        )
    assert (refusal.value.code, refusal.value.status) == (429, "RESOURCE_EXHAUSTED")
    reason = refusal.value.details["error"]["details"][0]
    assert (reason["reason"], reason["metadata"]["required"]) == ("INSUFFICIENT_QUOTA", "1200")


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_a_wrong_key_is_unauthenticated_everywhere(site, version):
    client = program(site, "nb_wrong", version)
    for attempt in (
        lambda: client.models.generate_content(model="demo", contents="a cat"),
        lambda: list(client.models.list()),
    ):
        with pytest.raises(errors.ClientError) as refusal:
            attempt()
        assert (refusal.value.code, refusal.value.status) == (401, "UNAUTHENTICATED")


def test_a_wait_that_is_over_is_a_deadline(client, site, settings, ann):
    settings.WAIT_LIMIT = 1
    site.working.clear()
    with pytest.raises(errors.ServerError) as late:
        client.models.generate_content(model="demo", contents="a cat")
    assert (late.value.code, late.value.status) == (504, "DEADLINE_EXCEEDED")
    site.working.set()
    assert Generation.objects.count() == 1
    assert used(ann) == 20
