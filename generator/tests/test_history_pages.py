"""History, single pictures and the dashboard: everything is found again, by its owner alone."""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
import zipfile
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.owner import Owner
from billing import ledger
from billing.models import UsageDay, Wallet
from generator import catalogue, engine
from generator.models import Generation, Output
from generator.pages import dashboard, images

pytestmark = pytest.mark.django_db
ROW = re.compile(r'name="run" value="([0-9a-f-]{36})"')


def start(user, **data):
    owner = Owner(user=user)
    return engine.submit(owner, catalogue.validate({"prompt": "a boat", **data}, owner=owner))


@pytest.fixture
def unlimited(ann):
    """Ann may start as many as she likes."""
    Wallet.objects.filter(pk=ledger.wallet_of(ann).pk).update(rate_lifted=True)
    return ann


@pytest.fixture
def picture(ann, run_engine):
    """A delivered picture of ann's."""
    start(ann, prompt="a secret garden", model="sd3-medium", size="512x512", seed=7)
    run_engine()
    return Output.objects.get()


def page(response):
    return response.content.decode()


def shown_runs(client, query=""):
    return ROW.findall(page(client.get(f"/history{query}")))


def test_pages_of_history_show_every_run_once_the_newest_first(unlimited, ann_client):
    made = [str(start(unlimited).pk) for _ in range(45)]
    found, address = [], "/history"
    while address:
        shown = page(ann_client.get(address))
        found += ROW.findall(shown)
        start(unlimited)  # a page does not slip when something is added
        following = re.search(r'rel="next" href="([^"]+)"', shown)
        address = following and f"/history{following[1]}".replace("&amp;", "&")
    assert found == made[::-1]


def test_filters_narrow_by_words_status_model_mode_and_day(unlimited, ann_client, run_engine):
    tower = start(unlimited, prompt="a tall tower", model="sd3-medium", size="512x512")
    run_engine()
    start(unlimited, prompt="a boat")
    today = timezone.now().date().isoformat()
    for query in (
        "?q=tower",
        "?q=tall+TOWER",
        "?status=completed",
        "?model=sd3-medium",
        f"?q=tower&since={today}&until={today}&mode=text-to-image",
    ):
        assert shown_runs(ann_client, query) == [str(tower.pk)], query
    assert shown_runs(ann_client, "?until=2020-01-01") == []


@pytest.mark.parametrize(
    "query", ["status=done", "model=../etc", "mode=%00", "since=2026-02-31", "until=tomorrow"]
)
def test_a_filter_that_makes_no_sense_is_left_out_and_named(ann, ann_client, query):
    run = start(ann)
    shown = page(ann_client.get(f"/history?{query}"))
    assert ROW.findall(shown) == [str(run.pk)]
    assert f"makes no sense: {query.split('=')[0]}." in shown


def test_history_is_its_owners_alone(ann, bob_client, visitor):
    start(ann)
    assert shown_runs(bob_client) == shown_runs(visitor) == []
    assert "Nothing planted yet" in page(visitor.get("/history"))


def test_a_search_without_a_match_offers_to_make_it(ann_client):
    assert "?prompt=purple%20banana" in page(ann_client.get("/history?q=purple+banana"))


def test_the_table_shows_cost_in_credits_and_dollars(ann, ann_client, picture):
    shown = page(ann_client.get("/history"))
    assert "10 cr" in shown
    assert "$0.005" in shown


@pytest.mark.parametrize("prompt", ["=1+1", "+1", "-1", "@sum(a1)", "\t=1", " =1"])
def test_no_cell_of_the_csv_is_a_formula(ann, ann_client, prompt):
    run = start(ann, prompt=f"{prompt} boat")
    Generation.objects.filter(pk=run.pk).update(prompt=f"{prompt} boat")
    text = b"".join(ann_client.get("/history/export.csv").streaming_content).decode()
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["prompt"] == f"'{prompt} boat"
    assert row["credits"] == "20"


def test_exports_honour_the_filters_and_the_owner(unlimited, ann_client, bob_client):
    for prompt in ("a tower", "a boat", "a ship"):
        start(unlimited, prompt=prompt)
    answer = ann_client.get("/history/export.json?q=boat")
    rows = json.loads(b"".join(answer.streaming_content))
    assert [row["prompt"] for row in rows] == ["a boat"]
    assert answer["Content-Disposition"] == 'attachment; filename="nanobanana-history.json"'
    assert json.loads(b"".join(bob_client.get("/history/export.json").streaming_content)) == []
    assert ann_client.get("/history/export.xls").status_code == 404


def test_ticked_runs_come_as_one_zip_without_other_peoples(ann_client, bob_client, picture):
    ticked = {"run": [str(picture.generation_id), str(uuid.uuid4()), "no id"]}
    answer = ann_client.post("/history/zip", ticked)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    (name,) = archive.namelist()
    assert name.startswith("01-")
    assert archive.read(name)[:4] == b"\x89PNG"
    assert bob_client.post("/history/zip", ticked).status_code == 302


def test_deleting_asks_first_and_takes_the_picture_away(ann_client, picture):
    address = reverse("history-delete", args=[picture.generation_id])
    assert "This cannot be undone" in page(ann_client.get(address))
    assert Output.objects.delivered().exists()
    ann_client.post(address)
    assert ann_client.get(f"/images/{picture.pk}").status_code == 404
    assert shown_runs(ann_client) == []


def test_nobody_deletes_a_strangers_run(bob_client, picture):
    assert (
        bob_client.post(reverse("history-delete", args=[picture.generation_id])).status_code == 404
    )
    assert Output.objects.delivered().exists()


def test_a_run_that_is_not_over_is_not_deleted(ann, ann_client):
    run = start(ann)
    answer = ann_client.post(reverse("history-delete", args=[run.pk]), follow=True)
    assert "has not ended" in page(answer)
    assert Generation.objects.filter(deleted_at=None).count() == 1


def test_a_picture_shows_its_owner_all_that_is_known(ann_client, picture):
    shown = page(ann_client.get(f"/images/{picture.pk}"))
    for part in ("a secret garden", "512 × 512", "10 credits", picture.sha256, "Demo painter"):
        assert part in shown


def test_a_picture_is_private(bob_client, visitor, picture):
    for client in (bob_client, visitor):
        refused = client.get(f"/images/{picture.pk}")
        unknown = client.get(f"/images/{uuid.uuid4()}")
        assert refused.status_code == unknown.status_code == 404
        assert "secret" not in page(refused)


def test_a_share_link_shows_the_picture_and_nothing_else_of_its_owner(visitor, picture):
    shown = page(visitor.get(images.share_path(picture)))
    assert f"/f/{picture.pk}" in shown
    for part in ("secret", "ann@example.com", "10 credits"):
        assert part not in shown


def test_a_share_link_of_one_picture_opens_no_other(ann, visitor, picture, run_engine):
    start(ann)
    run_engine()
    other = Output.objects.exclude(pk=picture.pk).get()
    token = images.share_path(picture).split("?t=")[1]
    assert visitor.get(f"/images/{other.pk}?t={token}").status_code == 404
    assert visitor.get(f"/images/{picture.pk}?t={token[:-1]}").status_code == 404


def test_a_share_link_ends_after_seven_days(visitor, picture, time_machine):
    path = images.share_path(picture)
    time_machine.move_to(timezone.now() + timedelta(days=7, seconds=5))
    assert visitor.get(path).status_code == 404


def test_a_published_picture_is_open_without_its_prompt(visitor, picture):
    Output.objects.filter(pk=picture.pk).update(published=True)
    shown = visitor.get(f"/images/{picture.pk}")
    assert shown.status_code == 200
    assert "secret" not in page(shown)


def test_the_dashboard_adds_up_what_was_made(ann_client, picture):
    shown = page(ann_client.get("/dashboard"))
    assert "990" in shown
    assert "10 of 1,000 plan credits used" in shown
    assert f"/images/{picture.pk}" in shown
    assert re.search(r"<rect [^>]*><title>\d+ \w+: 1 image</title>", shown)


def test_the_plot_adds_up_the_keys_of_a_day_and_has_round_marks(ann):
    wallet, today = ledger.wallet_of(ann), date(2026, 11, 20)
    rows = [UsageDay(wallet=wallet, key=key, day=today, images=37) for key in ("", "a")]
    rows.append(UsageDay(wallet=wallet, day=today - timedelta(days=30), images=500))
    drawn = dashboard.plot(rows, today)
    assert (drawn.total, drawn.most, drawn.marks) == (74, 74, [80, 60, 40, 20, 0])
    assert len(drawn.bars) == 30
    assert drawn.bars[-1].height == pytest.approx(92.5)


@pytest.mark.queries
@pytest.mark.parametrize(
    ("path", "limit"), [("/history", 9), ("/history?view=grid", 9), ("/dashboard", 8)]
)
def test_lists_need_as_many_statements_for_one_as_for_many(
    unlimited, ann_client, run_engine, path, limit, django_assert_max_num_queries
):
    for _ in range(8):
        start(unlimited, model="sd3-medium", size="512x512")
    run_engine()
    ann_client.get(path)
    with django_assert_max_num_queries(limit):
        ann_client.get(path)
