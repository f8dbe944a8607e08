"""ISO weeks: what an address names, and which hours are compared."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.weeks import WEEK, parse_week, week_of

MOMENTS = st.datetimes(datetime(1990, 2, 1), datetime(2099, 12, 1), timezones=st.just(UTC))


@given(MOMENTS)
def test_a_moment_is_in_its_week_and_the_name_leads_back(moment: datetime) -> None:
    week = week_of(moment)
    assert week.start <= moment < week.end
    assert week.start.weekday() == 0
    assert parse_week(week.name) == week
    assert week.next.previous == week


@pytest.mark.parametrize(
    "text", ["", "2026-47", "2026-W60", "2026-W00", "2025-W53", "2026-W471", "0001-W01", "9999-W01"]
)
def test_what_is_no_week(text: str) -> None:
    assert parse_week(text) is None


def test_the_last_week_of_a_long_year() -> None:
    week = parse_week("2026-W53")
    assert week is not None
    assert week.start == datetime(2026, 12, 28, tzinfo=UTC)
    assert week.words == "week 53, 28 Dec to 3 Jan 2027"


def test_a_week_so_far_is_compared_with_the_same_hours() -> None:
    now = datetime(2026, 8, 5, 10, 20, tzinfo=UTC)
    week = week_of(now)
    assert not week.is_over(now)
    assert week.window(now).end == datetime(2026, 8, 5, 11, tzinfo=UTC)
    assert week.window_before(now).end == datetime(2026, 7, 29, 11, tzinfo=UTC)
    assert week.window(week.start).length == timedelta(hours=1)
    assert week.window(now + 2 * WEEK).length == WEEK
