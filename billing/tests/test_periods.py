"""When a wallet's month begins and ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import periods
from billing.models import Wallet

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
OPENED = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


def wallet(opened: datetime = OPENED, end: datetime | None = None) -> Wallet:
    """A wallet opened then, whose present period ends at `end`."""
    return Wallet(created_at=opened, period_end=end)


def test_a_new_wallet_is_due_for_its_first_month_at_once():
    period = periods.due(wallet(), OPENED)
    assert period == periods.Period(OPENED, datetime(2026, 2, 28, 10, 0, tzinfo=UTC))


def test_a_wallet_within_its_month_is_not_due():
    end = datetime(2026, 2, 28, 10, 0, tzinfo=UTC)
    assert periods.due(wallet(end=end), end - timedelta(microseconds=1)) is None


def test_a_month_ends_on_the_instant():
    end = datetime(2026, 2, 28, 10, 0, tzinfo=UTC)
    period = periods.due(wallet(end=end), end)
    assert period is not None
    assert period.start == end


def test_a_short_february_does_not_shift_the_months_after_it():
    march = periods.due(wallet(), datetime(2026, 3, 31, 10, 0, tzinfo=UTC))
    assert march is not None
    assert (march.start.day, march.end.day) == (31, 30)


def test_a_wallet_untouched_for_half_a_year_gets_this_month_only():
    period = periods.due(wallet(), datetime(2026, 7, 15, tzinfo=UTC))
    assert period is not None
    assert period.start == datetime(2026, 6, 30, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("behind", [timedelta(seconds=5), timedelta(hours=1)])
def test_a_clock_that_is_behind_the_opening_still_gives_the_first_month(behind):
    period = periods.due(wallet(), OPENED - behind)
    assert period is not None
    assert period.start == OPENED


@given(
    st.integers(0, 8 * 366 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes)),
    st.integers(0, 100),
    st.timedeltas(timedelta(), timedelta(days=27)),
)
def test_months_follow_each_other_without_gap_or_overlap(opened, months, within):
    now = periods.add_months(opened, months) + within
    period = periods.due(wallet(opened), now)
    assert period is not None
    assert period.start <= now < period.end
    following = periods.due(wallet(opened, period.end), period.end)
    assert following is not None
    assert following.start == period.end
