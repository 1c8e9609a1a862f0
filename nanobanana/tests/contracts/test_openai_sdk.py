"""Contract E as OpenAI's own SDK sees it, over a socket, with the front and a worker behind it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, Upload
from nanobanana.tests.contracts import running
from nanobanana.tests.contracts.running import picture, png

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.contracts, pytest.mark.slow]

SMALL = {"model": "demo", "size": "512x512"}


@pytest.fixture
def site(transactional_db, settings):
    with running.site() as site:
        yield site


@pytest.fixture
def client(site, ann):
    """Ann's program: a stock client with another base URL and key."""
    key = keys.issue(ann)[1]
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def used(user):
    return 1000 - wallet_of(user).balance


def test_a_prompt_becomes_a_picture_of_the_size_asked_for(client, ann):
    reply = client.images.generate(
        prompt="a red lighthouse", model="gpt-image-1", size="1200x630", quality="high", user="u1"
    )
    assert picture(reply.data[0].b64_json).size == (1200, 630)
    assert reply.size == "1200x630"
    assert reply.usage.total_tokens == reply.usage.input_tokens + reply.usage.output_tokens
    assert used(ann) == 20


def test_several_pictures_in_another_format(client):
    raw = client.images.with_raw_response.generate(
        **SMALL, prompt="a cat", n=3, output_format="webp", output_compression=30, style="vivid"
    )
    reply = raw.parse()
    assert [picture(one.b64_json).format for one in reply.data] == ["WEBP"] * 3
    assert len({one.b64_json for one in reply.data}) == 3
    assert raw.headers["x-warnings"] == "style was ignored."
    assert (raw.headers["x-credits-used"], raw.headers["x-credits-remaining"]) == ("60", "940")


def test_an_address_opens_as_it_stands(client, site):
    reply = client.images.generate(**SMALL, prompt="a cat", response_format="url")
    answer = client._client.get(reply.data[0].url)
    assert picture(answer.content).size == (512, 512)


def test_one_picture_is_edited(client, ann):
    reply = client.images.edit(
        model="nano-banana",
        image=("in.png", png(size=(160, 90)), "image/png"),
        prompt="make it blue",
    )
    assert reply.size == "1408x768"
    assert picture(reply.data[0].b64_json).size == (1408, 768)
    assert Generation.objects.get().mode == "image-to-image"
    assert reply.usage.input_tokens_details.image_tokens > 0
    assert used(ann) == 20


def test_several_pictures_are_edited_together(client):
    images = [("a.png", png("red"), "image/png"), ("b.png", png("blue"), "image/png")]
    reply = client.images.edit(**SMALL, image=images, prompt="blend both", n=2)
    assert len(reply.data) == 2
    assert Upload.objects.count() == 2
    assert len(Generation.objects.get().uploads) == 2


def test_a_mask_is_refused_by_a_model_that_takes_none(client, ann):
    with pytest.raises(openai.BadRequestError) as refusal:
        client.images.edit(
            model="nano-banana", image=png(), mask=png("white"), prompt="make it blue"
        )
    assert refusal.value.param == "mask"
    assert "nano-banana takes no mask" in refusal.value.message
    assert (used(ann), Upload.objects.count()) == (0, 0)


def test_a_picture_is_varied(client):
    reply = client.images.create_variation(image=png(), model="dall-e-2", n=2, size="256x256")
    assert [picture(one.b64_json).size for one in reply.data] == [(256, 256)] * 2


def test_a_stream_ends_with_the_pictures(client, ann):
    stream = client.images.generate(
        **SMALL, prompt="a cat", stream=True, partial_images=2, output_format="jpeg"
    )
    events = list(stream)
    assert [event.type for event in events] == ["image_generation.completed"]
    assert picture(events[0].b64_json).format == "JPEG"
    assert (events[0].size, events[0].output_format) == ("512x512", "jpeg")
    assert events[0].usage.output_tokens > 0
    assert used(ann) == 20


def test_an_edit_streams_too(client):
    stream = client.images.edit(**SMALL, image=png(), prompt="make it blue", stream=True)
    events = list(stream)
    assert [event.type for event in events] == ["image_edit.completed"]
    assert picture(events[0].b64_json).size == (512, 512)


def test_the_models_are_listed_and_read(client):
    listed = {model.id: model for model in client.models.list()}
    assert {"nano-banana", "nano-banana-pro", "sd3-medium", "gpt-image", "demo"} <= set(listed)
    model = client.models.retrieve("nano-banana")
    assert (model.object, model.owned_by) == ("model", "Google")
    assert isinstance(model.created, int)


def test_a_model_that_is_none_is_the_sdks_not_found(client):
    with pytest.raises(openai.NotFoundError) as refusal:
        client.images.generate(prompt="a cat", model="flux")
    assert (refusal.value.code, refusal.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("flux")


def test_a_bad_value_is_the_sdks_bad_request(client, ann):
    with pytest.raises(openai.BadRequestError) as refusal:
        client.images.generate(prompt="a cat", size="9000x9000")
    assert (refusal.value.param, refusal.value.type) == ("size", "invalid_request_error")
    assert refusal.value.request_id.startswith("req_")
    assert used(ann) == 0


def test_a_refused_prompt_is_a_bad_request_and_costs_nothing(client, ann):
    with pytest.raises(openai.BadRequestError) as refusal:
        client.images.generate(**SMALL, prompt="a cat [refuse]")
    assert refusal.value.code == "content_policy_violation"
    assert used(ann) == 0


def test_a_provider_that_fails_is_the_sdks_server_error_and_costs_nothing(client, ann):
    with pytest.raises(openai.InternalServerError) as failure:
        client.images.generate(**SMALL, prompt="a cat [fail]")
    assert (failure.value.status_code, failure.value.type) == (502, "upstream_error")
    assert used(ann) == 0


def test_a_wrong_key_is_the_sdks_authentication_error(client):
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="nb_wrong").images.generate(prompt="a cat")


def test_missing_credits_are_a_rate_limit_error_that_is_not_retried(client, ann):
    with pytest.raises(openai.RateLimitError) as refusal:
        client.with_options(max_retries=2).images.generate(
            prompt="a cat", model="nano-banana-pro", n=6
        )
    assert (refusal.value.code, refusal.value.type) == (
        "insufficient_quota",
        "insufficient_credits",
    )
    assert refusal.value.response.headers["x-should-retry"] == "false"
    assert refusal.value.response.request.headers["x-stainless-retry-count"] == "0"
    assert refusal.value.body["required"] == 1200


def test_a_wait_that_is_over_is_retried_by_the_sdk_and_pays_once(client, site, settings, ann):
    settings.WAIT_LIMIT = 1
    site.working.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(
            client.with_options(max_retries=4).images.generate, **SMALL, prompt="a slow cat"
        )
        with pytest.raises(openai.InternalServerError) as late:
            client.images.generate(**SMALL, prompt="another slow cat")
        site.working.set()
        assert picture(waiting.result(20).data[0].b64_json).size == (512, 512)
    assert (late.value.status_code, late.value.code) == (504, "timeout")
    assert late.value.response.headers["x-should-retry"] == "true"
    assert Generation.objects.filter(prompt="a slow cat").count() == 1
    assert used(ann) == 40


def test_a_connection_that_broke_off_is_joined_by_the_sdks_retry(client, site, ann):
    site.working.clear()
    hasty = client.with_options(max_retries=2, timeout=1.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hasty.images.generate, **SMALL, prompt="a cat")
        with pytest.raises(openai.APITimeoutError):
            hasty.with_options(max_retries=0).images.generate(**SMALL, prompt="a dog")
        site.working.set()
        assert waiting.result(20).data
    assert Generation.objects.filter(prompt="a cat").count() == 1
    assert used(ann) == 40


def test_a_retry_never_takes_a_siblings_picture(client, site, ann):
    site.working.clear()
    patient, hasty = (
        client.with_options(max_retries=0),
        client.with_options(max_retries=3, timeout=1.0),
    )
    with ThreadPoolExecutor(4) as pool:
        same = {**SMALL, "prompt": "the same cat"}
        waiting = [pool.submit(who.images.generate, **same) for who in (patient, patient, hasty)]
        pool.submit(_later, site).result()
        pictures = {one.result(30).data[0].b64_json for one in waiting}
    assert len(pictures) == 3
    assert Generation.objects.count() == 3
    assert used(ann) == 60


def _later(site):
    """Lets the worker begin when the hasty one has given up its first connection."""
    site.over.wait(1.6)
    site.working.set()
