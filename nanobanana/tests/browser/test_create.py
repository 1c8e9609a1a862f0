"""Creating pictures in a real browser: with script, without it, and with references."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from billing import ledger
from generator import engine
from generator.models import Generation
from nanobanana.tests.browser.conftest import NARROW

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def test_a_picture_ripens_before_your_eyes_and_the_balance_follows(window, people):
    ann = window(people["ann"])
    ann.open("/generator")
    ann.page.fill("#f-prompt", "a lighthouse on black rocks")
    ann.page.locator("#f-n label", has_text="2").click()
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_selector("[data-live]")
    assert "980" not in ann.page.locator("#balance").inner_text()
    engine.drain()
    ann.page.wait_for_selector("[data-status=completed]", timeout=10_000)
    assert ann.page.locator("[data-status=completed] .tile img").count() == 2
    assert ann.page.locator("[data-announce]").inner_text() == "Done"
    assert "960" in ann.page.locator("#balance").inner_text()
    assert ann.page.locator("[data-live]").count() == 0
    assert ann.complaints == []


def test_the_price_follows_every_choice_and_is_the_price_charged(window, people):
    ann = window(people["ann"])
    ann.open("/generator")
    total = ann.page.locator("[data-total]")

    def choose(model):
        ann.page.locator("#f-model summary").click()
        ann.page.locator("#f-model .opt", has_text=model).first.click()
        ann.page.wait_for_selector("#f-model details:not([open])")

    choose("Nano Banana Pro")
    ann.page.locator(".c-resolution label", has_text="4K").click()
    assert total.inner_text() == "340"
    choose("SD3 Medium")
    assert not ann.page.locator(".c-aspect_ratio").is_visible()
    ann.page.locator(".c-size label", has_text="1536").click()
    assert total.inner_text() == "65"
    ann.page.wait_for_load_state("networkidle")
    assert ann.page.locator("[data-after]").inner_text() == "935"
    ann.page.fill("#f-prompt", "a boat")
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_url("**run=**")
    assert ledger.wallet_of(people["ann"]).balance == 935
    assert ann.complaints == []


def test_references_are_shown_removed_and_sent(window, people):
    ann = window(people["ann"])
    ann.open("/generator")
    ann.page.locator("#f-mode label", has_text="Image").click()
    file = io.BytesIO()
    Image.new("RGB", (80, 60), "teal").save(file, "PNG")
    one = {"mimeType": "image/png", "buffer": file.getvalue()}
    ann.page.set_input_files("[name=refs]", [{"name": "a.png", **one}, {"name": "b.png", **one}])
    assert ann.page.locator("[data-refs]").inner_text() == "2"
    ann.page.locator("[aria-label='Remove a.png']").click()
    ann.page.fill("#f-prompt", "make it a watercolour")
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_url("**run=**")
    run = Generation.objects.get()
    assert (run.mode, len(run.uploads)) == ("image-to-image", 1)
    assert ann.complaints == []


def test_the_summary_of_what_is_wrong_takes_the_focus(window, people):
    ann = window(people["ann"])
    ann.open("/generator")
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_selector("[role=alert]")
    assert ann.page.evaluate("document.activeElement.getAttribute('role')") == "alert"


def test_everything_works_without_script_on_a_phone(window, people):
    somebody = window(viewport=NARROW, script=False)
    somebody.open("/")
    somebody.page.fill("#p", "a small boat on a misty lake")
    somebody.page.locator(".hero button.pri").click()
    somebody.page.wait_for_url("**run=**")
    engine.drain()
    somebody.page.locator("noscript a, [data-live] a", has_text="Refresh").first.click()
    assert somebody.page.locator("[data-status=completed]").count() == 1
    somebody.open("/history")
    assert "a small boat on a misty lake" in somebody.page.locator("table").inner_text()


def test_the_theme_changes_at_once_and_stays(window, people):
    somebody = window()
    somebody.open("/")
    somebody.page.locator("[data-theme-form] button").click()
    assert somebody.page.locator("html").get_attribute("data-theme") == "dark"
    somebody.open("/pricing")
    assert somebody.page.locator("html").get_attribute("data-theme") == "dark"


def test_a_hidden_page_rests_and_catches_up_when_it_is_seen_again(window, people):
    ann = window(people["ann"])
    ann.open("/generator")
    ann.page.fill("#f-prompt", "a boat")
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_selector("[data-live]")
    ann.page.evaluate("Object.defineProperty(document, 'hidden', {value: true, writable: true})")
    asked = []
    ann.page.on("request", lambda request: asked.append(request.url))
    engine.drain()
    ann.page.wait_for_timeout(3000)
    assert asked == []
    ann.page.evaluate(
        "document.hidden = false; document.dispatchEvent(new Event('visibilitychange'))"
    )
    ann.page.wait_for_selector("[data-status=completed]")
    assert ann.complaints == []


def test_without_script_the_form_shows_what_the_chosen_model_takes(window, people):
    ann = window(people["ann"], script=False)
    ann.open("/generator")
    shape, size = ann.page.locator(".c-aspect_ratio"), ann.page.locator(".c-size")
    assert shape.is_visible()
    assert not size.is_visible()
    ann.page.locator("#f-model summary").click()
    ann.page.locator("#f-model .opt", has_text="SD3 Medium").click()
    assert not shape.is_visible()
    size.locator("label", has_text="512").click()
    ann.page.fill("#f-prompt", "a boat")
    ann.page.locator("[data-create] button.pri").click()
    ann.page.wait_for_url("**run=**")
    run = Generation.objects.get()
    assert (run.model, run.width, run.price) == ("sd3-medium", 512, 10)
