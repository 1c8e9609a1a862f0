"""The admin: every list and page opens for staff at any size, and for nobody else."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey
from billing import ledger
from billing.models import LedgerEntry, Wallet
from generator.models import Generation
from nanobanana.tests.rows import make_world
from nanobanana.tests.source import LAYERS

OURS = sorted(
    (model for model in admin.site._registry if model._meta.app_label in LAYERS),
    key=lambda model: model._meta.label,
)
EVERY = sorted(admin.site._registry, key=lambda model: model._meta.label)
pytestmark = pytest.mark.django_db


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_ours_is_in_the_admin():
    missing = {model._meta.label for model in apps.get_models() if model._meta.app_label in LAYERS}
    missing -= {model._meta.label for model in OURS}
    assert missing == set(), "rows that staff cannot see"


def statements(client, model):
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(address(model, "changelist"))
    assert answer.status_code == 200, model
    return len(seen), len(answer.context["cl"].result_list)


@pytest.mark.queries
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(sam_client):
    for number in range(3):
        make_world(number)
    for model in EVERY:
        statements(sam_client, model)  # content types and the like are remembered from here on
    few = {model: statements(sam_client, model)[0] for model in EVERY}
    for number in range(3, 12):
        make_world(number)
    many = {model: statements(sam_client, model) for model in EVERY}
    assert {model: found for model, (found, _) in many.items() if found > few[model]} == {}
    assert {model: found for model, (found, _) in many.items() if found > 12} == {}
    assert {model for model in OURS if many[model][1] < 12} == set(), "the test has to show rows"


@pytest.mark.queries
def test_every_rows_page_opens(sam_client):
    make_world(0)
    for model in OURS:
        row = model._default_manager.first()
        with CaptureQueriesContext(connection) as seen:
            answer = sam_client.get(address(model, "change", row.pk))
        assert answer.status_code == 200, model
        assert len(seen) <= 20, model


@pytest.mark.queries
@pytest.mark.parametrize(
    "q", ["person0@example", "light house", "gen_" + "0" * 32, "%", "\0", "x" * 9000, "１"]
)
def test_any_search_is_answered(q, sam_client):
    make_world(0)
    for model in OURS:
        answer = sam_client.get(address(model, "changelist"), {"q": q}, follow=True)
        assert answer.status_code == 200, model


def test_staff_find_things_by_id_address_and_words(sam_client):
    user = make_world(0)
    make_world(1)
    shown = Generation.objects.get(user=user)

    def found(model, q):
        answer = sam_client.get(address(model, "changelist"), {"q": q})
        return list(answer.context["cl"].result_list)

    assert found(Generation, shown.public_id) == [shown]
    assert found(Generation, "Person0@example") == [shown]
    assert len(found(Generation, "dusk LIGHTHOUSE")) == 4
    assert found(Generation, "whale") == []
    assert found(Wallet, "person0@example.com") == [shown.wallet]
    assert [entry.generation for entry in found(LedgerEntry, str(shown.pk))] == [shown.pk]


def test_the_admin_is_shut_to_everybody_but_staff(visitor, ann_client):
    make_world(0)
    for model in EVERY:
        for page in ("changelist", "add"):
            for client in (visitor, ann_client):
                answer = client.get(address(model, page))
                assert answer.status_code in {302, 403}, (model, page)
                assert answer.status_code == 403 or "login" in answer["Location"]


def test_staff_without_a_permission_see_and_do_nothing(bob, bob_client):
    bob.is_staff = True
    bob.save()
    make_world(0)
    for model in EVERY:
        row = model._default_manager.first()
        assert bob_client.get(address(model, "changelist")).status_code == 403
        if row is not None:
            answer = bob_client.get(address(model, "change", row.pk))
            assert answer.status_code == 403, model


def test_staff_who_may_only_look_are_offered_no_act(bob, bob_client):
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    make_world(0)
    for model in OURS:
        answer = bob_client.get(address(model, "changelist"))
        assert answer.status_code == 200
        assert not (answer.context["action_form"]), model


@pytest.mark.money
@pytest.mark.parametrize("page", ["add", "change", "delete"])
def test_nobody_changes_the_ledger_by_hand(sam, sam_client, page):
    make_world(0)
    ledger.wallet_of(sam)  # a page that says no shows the reader's balance
    before = list(LedgerEntry.objects.values())
    entry = LedgerEntry.objects.first()
    where = address(LedgerEntry, page, *([] if page == "add" else [entry.pk]))
    answer = sam_client.post(where, {"amount": "1000000", "post": "yes", "kind": "grant"})
    assert answer.status_code == 403
    assert list(LedgerEntry.objects.values()) == before


@pytest.mark.money
def test_the_ledger_has_no_act_that_deletes(sam_client):
    make_world(0)
    entry = LedgerEntry.objects.first()
    sam_client.post(
        address(LedgerEntry, "changelist"),
        {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"},
    )
    assert LedgerEntry.objects.filter(pk=entry.pk).exists()


def test_users_with_a_ledger_are_not_deleted(sam_client):
    user = make_world(0)
    where = address(type(user), "changelist")
    data = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    answer = sam_client.post(where, data, follow=True)
    assert answer.status_code == 200
    assert type(user).objects.filter(pk=user.pk).exists()


def test_a_secret_is_on_no_page_of_the_admin(sam_client, ann, ann_key):
    row = ApiKey.objects.get(user=ann)
    for where in (address(ApiKey, "changelist"), address(ApiKey, "change", row.pk)):
        text = sam_client.get(where).content.decode()
        assert ann_key not in text
        assert row.digest.hex() not in text


def test_admin_pages_need_no_inline_code(sam_client):
    make_world(0)
    for model in OURS:
        text = sam_client.get(address(model, "changelist")).content.decode()
        assert " style=" not in text
        assert "<script>" not in text
        assert "onclick" not in text


def test_what_a_user_wrote_is_shown_as_text(sam_client):
    make_world(0)
    Generation.objects.update(prompt="<script>alert(1)</script>", error_message="<b>no</b>")
    row = Generation.objects.first()
    for where in (address(Generation, "changelist"), address(Generation, "change", row.pk)):
        text = sam_client.get(where).content.decode()
        assert "<script>alert(1)" not in text
        assert "<b>no</b>" not in text


def test_acts_leave_no_trace_until_a_reason_is_given(sam_client):
    make_world(0)
    wallet = Wallet.objects.first()
    answer = sam_client.post(
        address(Wallet, "changelist"), {"action": "give_credits", "_selected_action": [wallet.pk]}
    )
    assert answer.status_code == 200
    assert b"Reason" in answer.content
    assert not LogEntry.objects.exists()
