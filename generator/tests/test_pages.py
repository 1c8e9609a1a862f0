"""The create page and its runs: what a person sees, pays and gets back."""

from __future__ import annotations

import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.owner import Owner
from billing import ledger
from billing.models import Plan, Wallet
from generator import catalogue, engine, upstreams
from generator.models import Generation, Output, Upload

pytestmark = pytest.mark.django_db


def png(color="red"):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(file, "PNG")
    return SimpleUploadedFile("ref.png", file.getvalue(), "image/png")


def order(**fields):
    return {"key": uuid.uuid4().hex, "prompt": "a boat", "mode": "text", **fields}


def start(user, **data):
    """A generation of the user, pending."""
    owner = Owner(user=user)
    return engine.submit(owner, catalogue.validate({"prompt": "a boat", **data}, owner=owner))


def page(response):
    return response.content.decode()


def test_a_visitor_makes_a_picture_at_once_and_finds_it_again(visitor, run_engine):
    answer = visitor.post("/generator", order(prompt="a boat on a misty lake"))
    assert answer.status_code == 302
    run_engine()
    shown = page(visitor.get(answer["Location"]))
    assert "a boat on a misty lake" in shown
    assert "2</b> of today's free tries left" in shown
    assert "A free try" in shown
    assert "a boat on a misty lake" in page(visitor.get("/history"))


def test_after_the_trial_a_visitor_is_led_to_sign_up_with_the_prompt_kept(visitor):
    for number in range(3):
        assert visitor.post("/generator", order(prompt=f"boat {number}")).status_code == 302
    answer = visitor.post("/generator", order(prompt="one boat more"))
    assert answer.status_code == 403
    assert "/accounts/signup/?next=%2Fgenerator%3Fprompt%3Done%2Bboat%2Bmore" in page(answer)
    assert ">one boat more</textarea>" in page(answer)
    assert Generation.objects.count() == 3


def test_a_double_click_starts_one_generation(ann, ann_client):
    form = order()
    first, second = ann_client.post("/generator", form), ann_client.post("/generator", form)
    assert first["Location"] == second["Location"]
    assert Generation.objects.count() == 1
    assert ledger.wallet_of(ann).balance == 980


def test_a_double_click_with_a_reference_image_starts_one_generation(ann_client):
    form = order(mode="image")
    places = {ann_client.post("/generator", {**form, "refs": png()})["Location"] for _ in range(2)}
    assert len(places) == Generation.objects.count() == Upload.objects.count() == 1


def test_a_form_changed_and_sent_again_is_another_order(ann_client):
    form = order()
    ann_client.post("/generator", form)
    assert ann_client.post("/generator", {**form, "prompt": "a ship"}).status_code == 302
    assert Generation.objects.count() == 2


def test_a_mistake_keeps_what_was_typed_and_says_where_it_is(ann_client):
    answer = ann_client.post(
        "/generator",
        order(
            model="sd3-medium", prompt="a kept prompt", seed="many", negative_prompt="fog", n="3"
        ),
    )
    shown = page(answer)
    assert answer.status_code == 400
    assert "a kept prompt</textarea>" in shown
    assert 'href="#f-seed">Seed must be a whole number.</a>' in shown
    assert 'value="many"' in shown
    assert 'value="fog"' in shown
    assert re.search(r'name="n" value="3" checked', shown)
    assert re.search(r'value="sd3-medium"[^>]* checked', shown)
    assert Generation.objects.count() == 0


@pytest.mark.parametrize("prompt", ["", "   ", "\u200b"])
def test_an_empty_prompt_is_refused_and_nothing_is_charged(ann, ann_client, prompt):
    assert ann_client.post("/generator", order(prompt=prompt)).status_code == 400
    assert ledger.wallet_of(ann).balance == 1000


def test_a_prompt_longer_than_the_page_takes_is_kept_and_refused(ann_client):
    answer = ann_client.post("/generator", order(prompt="x" * 501))
    assert answer.status_code == 400
    assert "x" * 501 in page(answer)


@pytest.mark.parametrize(
    ("fields", "credits"),
    [
        ({"model": "nano-banana"}, 20),
        ({"model": "nano-banana", "n": "4"}, 80),
        ({"model": "nano-banana-pro", "resolution": "4k"}, 340),
        ({"model": "sd3-medium", "size": "512x512", "n": "2"}, 20),
        ({"model": "gpt-image", "quality": "high"}, 300),
        # What the model does not take is left out, and does not change its price.
        (
            {"model": "nano-banana", "quality": "high", "resolution": "4k", "aspect_ratio": "3:2"},
            20,
        ),
    ],
)
def test_the_price_shown_is_the_price_charged(ann, ann_client, fields, credits):
    shown = page(ann_client.post("/generator/quote", order(**fields)))
    assert f'data-sum="{credits}"' in shown
    assert ann_client.post("/generator", order(**fields)).status_code == 302
    assert ledger.wallet_of(ann).balance == 1000 - credits


def test_without_enough_credits_nothing_starts_and_the_way_on_is_said(ann_client):
    answer = ann_client.post(
        "/generator", order(model="nano-banana-pro", resolution="4k", n="4", prompt="too dear")
    )
    assert answer.status_code == 402
    assert "You need 1,360 credits and have 1,000" in page(answer)
    assert "too dear</textarea>" in page(answer)


def test_the_hourly_limit_is_said_with_the_wait(ann, ann_client):
    ledger.wallet_of(ann)
    Plan.objects.filter(slug="free").update(hourly_rate=1)
    ann_client.post("/generator", order())
    answer = ann_client.post("/generator", order())
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert "Hourly limit reached" in page(answer)


def test_a_reference_image_is_used_and_kept_with_the_run(ann_client):
    answer = ann_client.post("/generator", order(mode="image", refs=png()))
    generation = Generation.objects.get()
    assert generation.mode == "image-to-image"
    assert len(generation.uploads) == 1
    assert f'value="{generation.uploads[0]}" checked' in page(ann_client.get(answer["Location"]))


def test_a_file_that_is_no_picture_is_refused_by_its_name_and_the_good_one_is_kept(ann_client):
    bad = SimpleUploadedFile("notes.png", b"just words", "image/png")
    answer = ann_client.post("/generator", order(mode="image", refs=[png(), bad]))
    assert answer.status_code == 400
    assert "notes.png was not added" in page(answer)
    assert f'value="{Upload.objects.get().pk}" checked' in page(answer)


def test_an_own_picture_can_be_the_reference_but_nobody_elses(ann, ann_client, bob_client):
    start(ann)
    engine.drain()
    output = Output.objects.get()
    assert f'name="outputs" value="{output.pk}"' in page(
        ann_client.get(f"/generator?image={output.pk}")
    )
    assert 'name="outputs"' not in page(bob_client.get(f"/generator?image={output.pk}"))
    form = order(mode="image", outputs=str(output.pk), prompt="blur it")
    assert bob_client.post("/generator", form).status_code == 400
    assert ann_client.post("/generator", form).status_code == 302


def test_a_run_prefills_the_form_with_all_it_was_made_of(ann, ann_client):
    run = start(
        ann,
        prompt="a tower",
        model="sd3-medium",
        size="512x512",
        style="anime",
        seed=7,
        n=2,
        steps=30,
    )
    shown = page(ann_client.get(f"/generator?run={run.pk}"))
    for part in (
        "a tower</textarea>",
        'value="7"',
        'value="30"',
        'name="n" value="2" checked',
        'name="style" value="anime" checked',
        'name="size" value="512x512" checked',
    ):
        assert part in shown


def test_the_card_looks_again_while_it_runs_and_rests_when_it_ended(ann, ann_client, run_engine):
    run = start(ann)
    path = f"/generator/runs/{run.pk}"
    live = page(ann_client.get(path, headers={"HX-Request": "true"}))
    assert 'hx-trigger="load delay:2s, wake"' in live
    run_engine()
    ended = page(ann_client.get(path, headers={"HX-Request": "true"}))
    assert "hx-trigger" not in ended
    assert 'data-status="completed"' in ended
    assert 'hx-swap-oob="true"' in ended, "the balance in the header is renewed"
    assert "20 credits ($0.02)" in ended


def test_without_script_the_cards_address_leads_to_the_page(ann, ann_client):
    run = start(ann)
    assert ann_client.get(f"/generator/runs/{run.pk}").status_code == 302


def test_cancelling_gives_the_credits_back_and_says_so(ann, ann_client):
    run = start(ann)
    answer = ann_client.post(f"/generator/runs/{run.pk}/cancel", follow=True)
    assert "Your 20 credits are back" in page(answer)
    assert ledger.wallet_of(ann).balance == 1000


def test_a_strangers_run_is_answered_like_one_that_never_was(ann, bob_client, visitor):
    run = start(ann)
    for client in (bob_client, visitor):
        for path in ("", "/cancel", "/again"):
            ask = client.post if path else client.get
            assert ask(f"/generator/runs/{run.pk}{path}").status_code == 404
            assert ask(f"/generator/runs/{uuid.uuid4()}{path}").status_code == 404
    assert Generation.objects.count() == 1


def test_again_runs_the_same_order_and_vary_leaves_the_seed_to_chance(ann, ann_client):
    run = start(ann, model="sd3-medium", seed=7, size="512x512", style="anime")
    ann_client.post(f"/generator/runs/{run.pk}/again", {"key": "one"})
    ann_client.post(f"/generator/runs/{run.pk}/again", {"key": "two", "vary": "1"})
    vary, same = Generation.objects.exclude(pk=run.pk)
    assert (same.prompt, same.seed, same.width, same.style) == ("a boat", 7, 512, "anime")
    assert vary.parameters.get("seed") is None


def test_leaving_and_coming_back_finds_the_running_one(ann, ann_client):
    run = start(ann)
    assert f'id="run-{run.pk}"' in page(ann_client.get("/generator"))


def test_the_last_pictures_come_six_a_page(ann, ann_client, run_engine):
    Wallet.objects.filter(pk=ledger.wallet_of(ann).pk).update(rate_lifted=True)
    for _ in range(2):
        start(ann, model="sd3-medium", size="512x512", n=4)
    run_engine()
    counts = [
        len(re.findall(r'<li class="tile', page(ann_client.get(f"/generator?page={number}"))))
        for number in (1, 2)
    ]
    assert counts == [6, 2]


def test_a_failed_run_says_why_and_what_came_back(ann, ann_client, run_engine):
    start(ann, prompt="[fail] a boat")
    run_engine()
    shown = page(ann_client.get("/generator"))
    assert "This one did not ripen" in shown
    assert "Your 20 credits are back in your balance" in shown


@pytest.mark.queries
def test_the_create_page_needs_few_statements(ann, ann_client, django_assert_max_num_queries):
    for _ in range(6):
        start(ann, n=2)
    ann_client.get("/generator")
    # Five of them read the catalogue, which is kept in memory outside of tests.
    with django_assert_max_num_queries(14):
        ann_client.get("/generator")


def test_no_page_carries_inline_script_or_style(ann, ann_client):
    start(ann)
    engine.drain()
    output = Output.objects.get()
    for path in ("/", "/generator", "/history", "/dashboard", f"/images/{output.pk}", "/billing"):
        shown = page(ann_client.get(path))
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", shown), path


@pytest.fixture
def kie_on(monkeypatch):
    """The site with a key for KIE, which serves pictures and video."""
    monkeypatch.setenv("NANO_BANANA_API_KEY", "a key")
    upstreams.reset()
    yield
    upstreams.reset()


def test_video_is_offered_where_a_provider_can_make_it(ann_client, kie_on):
    shown = page(ann_client.get("/generator"))
    assert 'name="mode" value="video"' in shown
    assert 'value="kling-2.6"' in shown


def test_video_is_not_offered_where_nobody_can_make_it(ann_client):
    assert 'value="video"' not in page(ann_client.get("/generator"))


def test_a_clip_is_ordered_with_its_length_and_sound_and_once(ann, ann_client, kie_on):
    Wallet.objects.filter(pk=ledger.wallet_of(ann).pk).update(balance=5000)
    form = order(mode="video", video_model="kling-2.6", duration="10", audio="on", n="4")
    assert 'data-sum="1520"' in page(ann_client.post("/generator/quote", form))
    assert ann_client.post("/generator", form).status_code == 302
    clip = Generation.objects.get()
    assert (clip.mode, clip.n, clip.price) == ("text-to-video", 1, 1520)
    assert clip.parameters["duration"] == 10


def test_a_model_that_nobody_serves_is_shown_with_the_reason(ann_client, kie_on):
    shown = page(ann_client.get("/generator"))
    assert re.search(r'value="gpt-image"[^>]* disabled', shown)
    assert "No provider for it is configured" in shown
    answer = ann_client.post("/generator", order(model="gpt-image", prompt="kept words"))
    assert answer.status_code == 409
    assert "kept words</textarea>" in page(answer)


def test_an_older_run_is_shown_when_its_address_asks_for_it(ann, ann_client, run_engine):
    Wallet.objects.filter(pk=ledger.wallet_of(ann).pk).update(rate_lifted=True)
    failed = start(ann, prompt="[fail] an old one")
    run_engine()
    for _ in range(9):
        start(ann)
    assert f'id="run-{failed.pk}"' not in page(ann_client.get("/generator"))
    assert f'id="run-{failed.pk}"' in page(ann_client.get(f"/generator?run={failed.pk}"))


def test_pages_with_private_things_are_kept_by_no_shared_cache(ann_client):
    for path in ("/generator", "/history", "/dashboard", "/billing"):
        answer = ann_client.get(path)
        assert "private" in answer["Cache-Control"]
        assert "Cookie" in answer["Vary"]


def test_a_picture_can_be_made_to_move_where_video_is_offered(ann, ann_client, run_engine, kie_on):
    assert ann_client.post("/generator", order(model="demo")).status_code == 302
    run_engine()
    output = Output.objects.get()
    address = f"/generator?image={output.pk}&amp;mode=video"
    assert address in page(ann_client.get(f"/images/{output.pk}"))
    shown = page(ann_client.get(address.replace("&amp;", "&")))
    assert re.search(r'name="mode" value="video" checked', shown)
    assert f'name="outputs" value="{output.pk}" checked' in shown
