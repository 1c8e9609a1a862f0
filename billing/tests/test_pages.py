"""The pages about money: plans as staff wrote them, and every movement in plain words."""

from __future__ import annotations

import re

import pytest

from billing import ledger
from billing.ledger import Note
from billing.models import Plan, Wallet

pytestmark = pytest.mark.django_db


def page(response):
    return response.content.decode()


def test_pricing_shows_the_plans_as_staff_wrote_them(visitor):
    Plan.objects.filter(slug="hobby").update(price_cents=1250, title="Hobbyist", hourly_rate=123)
    shown = page(visitor.get("/pricing"))
    for part in ("Hobbyist", "$12.50", "123 runs an hour", "Pay as you go", "$0.02"):
        assert part in shown


def test_pricing_says_that_payments_are_not_open(visitor):
    assert "Payments are not open yet" in page(visitor.get("/pricing"))


def test_pricing_lists_what_each_model_costs(visitor):
    shown = re.sub(r"\s+", " ", page(visitor.get("/pricing")))
    assert re.search(r"SD3 Medium.*?1536 × 1536</td><td class=\"num\">65</td>", shown)


def test_billing_is_for_people_with_an_account(visitor):
    answer = visitor.get("/billing")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=/billing"


def test_billing_shows_balance_plan_and_renewal(ann, ann_client):
    shown = page(ann_client.get("/billing"))
    assert re.search(r"1,000 <small>credits, about 50 images", shown)
    assert "0 of 1,000" in shown
    assert "Monthly credits renew on" in shown


def test_every_movement_is_in_the_ledger_once_over_its_pages(ann, ann_client):
    wallet = ledger.wallet_of(ann)
    for number in range(70):
        ledger.adjust(wallet.pk, 1, Note(f"gift:{number}", f"Gift number {number}."))
    found, address = [], "/billing"
    while address:
        shown = page(ann_client.get(address))
        found += re.findall(r"Gift number (\d+)\.", shown)
        following = re.search(r'rel="next" href="([^"]+)"', shown)
        address = following and f"/billing{following[1]}"
    assert found == [str(number) for number in range(69, -1, -1)]


def test_movements_have_signs_words_and_the_balance_after(ann, ann_client):
    wallet = ledger.wallet_of(ann)
    ledger.adjust(wallet.pk, -250, Note("took", "Taken by mistake"))
    shown = page(ann_client.get("/billing"))
    for part in ("−250", "+1,000", "Correction", "Grant", "Taken by mistake", ">750<"):
        assert part in shown


def test_nobody_reads_another_ledger(ann, bob_client):
    ledger.adjust(ledger.wallet_of(ann).pk, 5, Note("gift", "For ann only"))
    assert "For ann only" not in page(bob_client.get("/billing"))


@pytest.mark.parametrize("before", ["x", "-1", "²", "9" * 40, ""])
def test_a_broken_page_mark_shows_the_newest(ann_client, before):
    assert "+1,000" in page(ann_client.get("/billing", {"before": before}))


@pytest.mark.queries
def test_billing_needs_few_statements(ann, ann_client, django_assert_max_num_queries):
    wallet = ledger.wallet_of(ann)
    for number in range(40):
        ledger.adjust(wallet.pk, 1, Note(f"gift:{number}", "Gift"))
    assert Wallet.objects.get().balance == 1040
    with django_assert_max_num_queries(5):
        ann_client.get("/billing")
