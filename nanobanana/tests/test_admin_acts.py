"""What staff do in the admin: each act asks why, acts once, and keeps who, what and why."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from accounts.owner import Owner
from billing import ledger
from billing.models import LedgerEntry, Plan, Wallet
from gallery import showcase
from gallery.models import Item, Report, Review
from generator.models import Generation, Model, Output, Route, Style
from nanobanana.tests.rows import make_generation, make_world

pytestmark = pytest.mark.django_db


def listing(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def act(client, name, *rows, **answers):
    """Chooses the act, answers its question, and returns what the list then says."""
    chosen = {"action": name, "_selected_action": [str(row.pk) for row in rows]}
    asked = client.post(listing(type(rows[0])), chosen)
    assert asked.status_code == 200, "the act asks for a reason first"
    once = re.search(r'name="once" value="([0-9a-f]+)"', asked.content.decode())[1]
    answers = {"once": once, "reason": "as agreed on the phone"} | answers
    return client.post(listing(type(rows[0])), chosen | answers, follow=True)


def told(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def kept(row):
    """What the admin's log says of a row."""
    return [
        (entry.user.email, entry.change_message)
        for entry in LogEntry.objects.filter(object_id=str(row.pk))
    ]


@pytest.fixture
def wallet(ann):
    return ledger.wallet_of(ann)


@pytest.mark.money
def test_credits_given_are_an_entry_with_its_reason_and_a_line_in_the_log(sam, sam_client, wallet):
    before = wallet.balance
    assert "Gave 500 credits" in told(act(sam_client, "give_credits", wallet, credits=500))
    wallet.refresh_from_db()
    assert (wallet.balance, wallet.bought) == (before + 500, 500)
    entry = LedgerEntry.objects.get(kind="adjust")
    assert (entry.amount, entry.reason, entry.actor) == (500, "as agreed on the phone", str(sam.pk))
    reason = "Gave 500 credits. Reason: as agreed on the phone"
    assert kept(wallet) == [("sam@example.com", reason)]


@pytest.mark.money
def test_a_form_sent_twice_gives_once(sam_client, wallet):
    before = wallet.balance
    act(sam_client, "give_credits", wallet, credits=5, once="same")
    assert "done already" in told(act(sam_client, "give_credits", wallet, credits=5, once="same"))
    wallet.refresh_from_db()
    assert wallet.balance == before + 5
    assert len(kept(wallet)) == 1


@pytest.mark.money
def test_no_more_is_taken_than_is_there(sam_client, wallet):
    answer = act(sam_client, "take_credits", wallet, credits=wallet.balance + 1)
    assert "It holds" in told(answer)
    act(sam_client, "take_credits", wallet, credits=wallet.balance)
    wallet.refresh_from_db()
    assert wallet.balance == 0


@pytest.mark.money
@pytest.mark.parametrize("answers", [{"reason": ""}, {"credits": ""}, {"credits": "-5"}])
def test_an_act_without_its_answers_asks_again_and_moves_nothing(sam_client, wallet, answers):
    answer = act(sam_client, "give_credits", wallet, **{"credits": 5} | answers)
    assert b'name="reason"' in answer.content
    assert not LedgerEntry.objects.filter(kind="adjust").exists()
    assert kept(wallet) == []


@pytest.mark.money
def test_staff_who_may_only_look_move_nothing(bob, bob_client, wallet):
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    data = {"action": "give_credits", "_selected_action": [wallet.pk], "credits": 5}
    bob_client.post(listing(Wallet), data | {"reason": "why not", "once": "x"})
    assert not LedgerEntry.objects.filter(kind="adjust").exists()


def test_staff_change_a_plan_and_lift_a_rate(sam_client, wallet):
    act(sam_client, "change_plan", wallet, plan="pro")
    act(sam_client, "lift_rate", wallet)
    wallet.refresh_from_db()
    assert (wallet.plan_id, wallet.rate_lifted) == ("pro", True)
    act(sam_client, "restore_rate", wallet)
    wallet.refresh_from_db()
    assert not wallet.rate_lifted
    assert len(kept(wallet)) == 3


@pytest.mark.money
def test_a_wallets_page_has_no_field_to_write_a_balance_in(sam_client, wallet):
    assert sam_client.post(page(wallet), {"balance": 10**6, "plan": "pro"}).status_code == 403
    wallet.refresh_from_db()
    assert (wallet.balance, wallet.plan_id) == (1000, "free")


@pytest.fixture
def made(ann, wallet):
    """A completed generation that ann paid for."""
    generation = make_generation(ann)
    ledger.charge(wallet, 20, generation.pk, "1 × Nano Banana")
    return generation


@pytest.mark.money
def test_a_refund_happens_once_and_says_why(sam_client, made, wallet):
    assert "20 credits back" in told(act(sam_client, "refund", made))
    assert "nothing to refund" in told(act(sam_client, "refund", made))
    wallet.refresh_from_db()
    assert wallet.balance == 1000
    assert LedgerEntry.objects.get(kind="refund").reason == "as agreed on the phone"
    assert [why for _, why in kept(made)] == [
        "Gave 20 credits back. Reason: as agreed on the phone"
    ]


def test_what_has_ended_is_not_canceled(sam_client, made):
    assert "completed already" in told(act(sam_client, "cancel", made))
    assert kept(made) == []


@pytest.mark.money
def test_a_pending_generation_is_canceled_with_its_credits_back(sam_client, ann, wallet):
    waiting = make_generation(ann, status="pending", completed_at=None)
    Output.objects.filter(generation=waiting).update(state="waiting")
    ledger.charge(wallet, 20, waiting.pk, "1 × Nano Banana")
    assert "Canceled" in told(act(sam_client, "cancel", waiting))
    waiting.refresh_from_db()
    assert (waiting.status, waiting.refunded) == ("canceled", 20)


@pytest.mark.money
def test_a_retry_runs_again_and_costs_its_owner_nothing(sam_client, settings, ann, wallet, made):
    settings.DEMO = True
    before = Wallet.objects.get(pk=wallet.pk).balance
    assert "Runs again" in told(act(sam_client, "retry", made))
    again = Generation.objects.exclude(pk=made.pk).get()
    assert (again.user, again.prompt) == (ann, made.prompt)
    assert Wallet.objects.get(pk=wallet.pk).balance == before


def test_hiding_a_generation_takes_its_pictures_out_of_the_gallery(sam_client, ann, made):
    item = showcase.publish(Owner(user=ann), made.outputs.get())
    act(sam_client, "hide_generation", made)
    assert not Item.objects.public().exists()
    assert "Hidden with its generation" in kept(item)[0][1]
    assert "Nothing of it" in told(act(sam_client, "hide_generation", made))


def test_staff_hide_put_back_and_dismiss(sam_client, ann, bob, made):
    item = showcase.publish(Owner(user=ann), made.outputs.get())
    act(sam_client, "hide", item)
    assert not Item.objects.public().exists()
    act(sam_client, "put_back", item)
    assert Item.objects.public().exists()
    assert "not hidden" in told(act(sam_client, "put_back", item))
    showcase.report(Owner(user=bob), item, "copy")
    assert "Dismissed 1 report" in told(act(sam_client, "dismiss", item))
    assert "No report" in told(act(sam_client, "dismiss", item))
    assert len(kept(item)) == 3


def test_the_queue_shows_open_reports_first_the_oldest_on_top(sam_client, ann, bob, made):
    item = showcase.publish(Owner(user=ann), made.outputs.get())
    showcase.report(Owner(user=ann), item, "copy", "settled")
    showcase.close_reports(item)
    showcase.report(Owner(user=ann), item, "copy", "older")
    showcase.report(Owner(user=bob), item, "copy", "newer")
    rows = sam_client.get(listing(Report)).context["cl"].result_list
    assert [report.detail for report in rows] == ["older", "newer", "settled"]


def test_a_report_is_settled_by_hiding_or_by_dismissing(sam_client, ann, bob, made):
    item = showcase.publish(Owner(user=ann), made.outputs.get())
    showcase.report(Owner(user=bob), item, "copy")
    report = Report.objects.get()
    act(sam_client, "dismiss_report", report)
    assert "settled already" in told(act(sam_client, "dismiss_report", report))
    assert Item.objects.public().exists()
    showcase.report(Owner(user=bob), item, "copy")
    act(sam_client, "hide_reported", Report.objects.get(closed_at=None))
    assert not Item.objects.public().exists()
    assert "Hidden after a report" in kept(item)[0][1]


def test_staff_correct_the_words_of_an_item_and_nothing_else(sam_client, ann, made):
    item = showcase.publish(Owner(user=ann), made.outputs.get())
    data = {"title": "Sea", "description": "", "is_public": "", "hidden_by_staff": "on"}
    data |= {f"reports-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    assert sam_client.post(page(item), data).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.is_public, item.hidden_by_staff) == ("Sea", True, False)
    assert kept(item)


def test_a_review_shows_once_it_is_approved(sam_client):
    review = Review.objects.create(name="Ina", text="Good")
    act(sam_client, "approve", review)
    review.refresh_from_db()
    assert review.approved
    act(sam_client, "disapprove", review)
    assert not Review.objects.get().approved
    assert len(kept(review)) == 2


def test_a_rows_page_offers_the_acts_of_its_list(sam_client, made):
    offered = sam_client.get(page(made)).context["acts"]
    assert {name for name, _ in offered} == {"refund", "cancel", "retry", "hide_generation"}


def test_who_may_only_look_is_offered_no_act_on_a_rows_page(bob, bob_client, made):
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename="view_generation"))
    assert bob_client.get(page(made)).context["acts"] == []


NO_ROUTES = {f"routes-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}


@pytest.fixture
def model():
    make_world(0)
    return Model.objects.get(slug="thing-0")


def form_of(client, row):
    """The page's own values, as a browser would send them back."""
    form = client.get(page(row)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {
        name: value for name, value in values.items() if value is not None and value is not False
    }


def test_a_price_is_a_field_of_its_own_and_its_change_says_why(sam_client, model):
    sent = form_of(sam_client, model)
    assert {name for name in sent if name.startswith("cell_")} == {
        "cell_by_0", "cell_by_1", "cell_times_audio_0",
    }  # fmt: skip
    sent = sent | NO_ROUTES | {"cell_by_1": 80, "cell_times_audio_0": "1.5", "why": "dearer"}
    assert sam_client.post(page(model), sent).status_code == 302
    model.refresh_from_db()
    assert model.prices == {
        "by": ["size", {"1024x1024": 20, "1536x1536": 80}],
        "times": {"audio": {"true": 1.5}},
    }
    assert "Reason: dearer" in kept(model)[0][1]
    assert "cell_by_1" in kept(model)[0][1]


@pytest.mark.parametrize("wrong", [{"cell_by_0": "-1"}, {"cell_by_0": "many"}, {"why": ""}])
def test_a_price_that_is_none_or_has_no_reason_is_refused(sam_client, model, wrong):
    before = model.prices
    sent = form_of(sam_client, model) | NO_ROUTES | {"why": "dearer"} | wrong
    assert sam_client.post(page(model), sent).status_code == 200
    model.refresh_from_db()
    assert model.prices == before


def test_a_routes_cost_is_shown_in_dollars(sam_client, model):
    route = Route.objects.get(model=model)
    sent = form_of(sam_client, route)
    assert float(sent["cell_base"]) == 0.02
    sent["sunset"] = "2030-01-01"
    sent |= {"cell_base": "0.039", "why": "x"}
    assert sam_client.post(page(route), sent).status_code == 302
    route.refresh_from_db()
    assert route.costs == {"base": 39_000}


def test_staff_are_warned_of_prices_below_cost_and_routes_that_end(sam_client, model):
    text = sam_client.get(page(model)).content.decode()
    assert "20 credits (size 1024x1024, audio true)" not in text, "40 credits cover $0.02"
    assert "20 credits (size 1024x1024) by kie: 28 would cover" not in text
    assert "ends thing" not in text
    assert "kie ends" in text
    Model.objects.update(prices={"base": 20})
    text = sam_client.get(page(model)).content.decode()
    assert "20 credits by kie: 28 would cover its cost" in text
    late = timezone.now().date() + timedelta(days=61)
    Route.objects.update(sunset=late, costs={"base": 14_000})
    assert "⚠" not in sam_client.get(page(model)).content.decode()


def test_models_are_switched_off_and_on_by_name(sam, sam_client, model):
    data = {"action": "switch_off", "_selected_action": [model.pk]}
    sam_client.post(listing(Model), data)
    assert not Model.objects.get(pk=model.pk).enabled
    sam_client.post(listing(Model), data | {"action": "switch_on"})
    assert Model.objects.get(pk=model.pk).enabled
    assert kept(model) == [(sam.email, "Switched on."), (sam.email, "Switched off.")]


def test_a_style_needs_a_place_for_the_users_words(sam_client, model):
    style = Style.objects.get(slug="thing-0")
    sent = form_of(sam_client, style) | {"template": "no place", "why": "x"}
    assert sam_client.post(page(style), sent).status_code == 200
    assert Style.objects.get(slug="thing-0").template == "{prompt}"


def test_a_plans_perks_are_lines(sam_client):
    plan = Plan.objects.get(slug="pro")
    sent = form_of(sam_client, plan) | {"perks": "One\n\n Two ", "why": "shorter"}
    answer = sam_client.post(page(plan), sent | {"monthly_credits": 60_000}, follow=True)
    plan.refresh_from_db()
    assert plan.perks == ["One", "Two"]
    assert "earns $0.000483" in told(answer)
