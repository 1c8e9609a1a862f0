"""The landing page, the guide, the theme switch and the error pages."""

from __future__ import annotations

import json
import re

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.owner import Owner
from billing.models import Plan
from gallery import showcase
from gallery.models import Feature, Question, Review
from generator import catalogue, engine, upstreams
from generator.models import Output
from nanobanana import pages

pytestmark = pytest.mark.django_db


def page(response: HttpResponse) -> str:
    return response.content.decode()


def test_the_prompt_box_posts_a_form_that_makes_a_picture(visitor):
    shown = page(visitor.get("/"))
    form = re.search(r'<form action="(/generator)" method="post".*?</form>', shown, re.DOTALL)
    assert form
    key = re.search(r'name="key" value="(\w{32})"', form[0])
    answer = visitor.post(form[1], {"key": key[1], "mode": "text", "prompt": "a boat"})
    assert answer.status_code == 302


def test_what_staff_wrote_is_shown_and_what_they_switched_off_is_not(visitor):
    Feature.objects.create(title="It paints", text="With care.")
    Feature.objects.create(title="Not yet", text="Soon.", enabled=False)
    Review.objects.create(name="Ines", text="Lovely to use.", approved=True)
    Review.objects.create(name="Mallory", text="Buy pills.")
    Question.objects.create(question="Is it <b>safe</b>?", answer="It is.")
    shown = page(visitor.get("/"))
    for part in ("It paints", "Lovely to use.", "Is it &lt;b&gt;safe&lt;/b&gt;?"):
        assert part in shown
    for part in ("Not yet", "Buy pills.", "<b>safe</b>"):
        assert part not in shown


def test_a_section_without_rows_is_left_out(visitor):
    for model in (Feature, Review, Question):
        model.objects.all().delete()
    shown = page(visitor.get("/"))
    for heading in ("How it works", "What people say", "Questions", "Fresh from the gallery"):
        assert heading not in shown
    assert all(plan.title in shown for plan in Plan.objects.all())


@pytest.mark.queries
def test_the_showcase_is_public_pictures_in_few_statements(
    ann, visitor, run_engine, django_assert_max_num_queries
):
    owner = Owner(user=ann)
    data = {"prompt": "a boat", "model": "sd3-medium", "size": "512x512", "n": 4}
    for _ in range(2):
        engine.submit(owner, catalogue.validate(data, owner=owner))
    run_engine()
    items = [showcase.publish(owner, output, title="Shown") for output in Output.objects.all()]
    showcase.withdraw(items[0])
    with django_assert_max_num_queries(9):
        shown = page(visitor.get("/"))
    assert "Fresh from the gallery" in shown
    assert str(items[0].pk) not in shown
    assert all(str(item.pk) in shown for item in items[1:])


def test_an_owner_takes_a_published_picture_back_from_its_own_page(
    ann, ann_client, visitor, run_engine
):
    owner = Owner(user=ann)
    data = {"prompt": "a boat", "model": "sd3-medium", "size": "512x512"}
    engine.submit(owner, catalogue.validate(data, owner=owner))
    run_engine()
    output = Output.objects.get()
    item = showcase.publish(owner, output, title="Shown")
    address = reverse("gallery-withdraw", args=[item.pk])
    assert f'action="{address}"' in page(ann_client.get(f"/images/{output.pk}"))
    assert visitor.get(f"/images/{output.pk}").status_code == 200
    ann_client.post(address)
    assert visitor.get(f"/images/{output.pk}").status_code == 404


def test_pages_say_that_the_demo_is_no_ai(visitor):
    for path in ("/", "/generator", "/pricing"):
        assert "built-in demo painter, not from AI" in page(visitor.get(path))


def test_the_theme_is_kept_without_script(visitor):
    answer = visitor.post("/theme", {"theme": "dark", "next": "/pricing"})
    assert answer["Location"] == "/pricing"
    assert 'data-theme="dark"' in page(visitor.get("/"))


@pytest.mark.parametrize(
    "place", ["//evil.example", "https://evil.example/", "javascript:alert(1)"]
)
def test_the_theme_switch_leads_nowhere_else(visitor, place):
    assert visitor.post("/theme", {"theme": "dark", "next": place})["Location"] == "/"


def test_a_theme_that_is_none_is_not_kept(visitor):
    visitor.post("/theme", {"theme": '"><script>', "next": "/"})
    assert "theme" not in visitor.cookies


def test_the_guide_and_the_error_table_can_be_read_by_anybody(visitor):
    assert "/v1/generate" in page(visitor.get("/docs"))
    shown = page(visitor.get("/docs/errors"))
    for code in ("insufficient_credits", "idempotency_mismatch", "rate_limited"):
        assert f'id="{code}"' in shown


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (pages.bad_request, 400),
        (pages.forbidden, 403),
        (pages.csrf_failure, 403),
        (pages.not_found, 404),
    ],
)
def test_errors_are_pages_for_people_and_json_for_programs(view, status):
    people = view(RequestFactory().get("/somewhere"))
    assert (people.status_code, people["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert "<h1>" in page(people)
    for path in ("/v1/images", "/api/v1/x", "/v1beta/models", "/health/x"):
        program = view(RequestFactory().get(path))
        assert program.status_code == status
        assert json.loads(program.content)


@pytest.mark.django_db(databases=[])
@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(ValueError, 500, "We slipped"), (OperationalError, 503, "Back in a moment")],
)
def test_the_page_for_our_own_mistakes_needs_no_database(error, status, words):
    request = RequestFactory().get("/")
    try:
        raise error("the connection is lost")
    except error:
        answer = pages.broken(request)
    assert answer.status_code == status
    assert words in page(answer)
    assert "the connection is lost" not in page(answer)


def test_a_form_without_its_token_is_refused_in_plain_words(db):
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/generator", {"prompt": "a boat"})
    assert answer.status_code == 403
    assert "This form was open for too long" in page(answer)


def test_an_address_without_a_page_says_what_to_do(visitor, api):
    answer = visitor.get("/nothing-here")
    assert answer.status_code == 404
    assert "Nothing grows here" in page(answer)
    assert "Browse the gallery" in page(answer)
    assert api.get("/v1/nothing-here").json()["code"] == "not_found"


def test_the_demo_is_not_spoken_of_where_a_real_provider_serves(visitor, monkeypatch):
    monkeypatch.setenv("NANO_BANANA_API_KEY", "a key")
    upstreams.reset()
    try:
        assert "demo painter" not in page(visitor.get("/"))
    finally:
        upstreams.reset()
