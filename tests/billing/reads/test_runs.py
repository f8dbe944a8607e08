"""Runs beside costs: whichever rows of the rollups of executions answer, each day counts once."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.periods import DAY, Days, add_months
from billing.reads.runs import parts_of
from monitoring.models import Grain
from monitoring.reads.rollup_rows import Pending

DATES = st.dates(date(2025, 1, 1), date(2026, 12, 31))


@given(start=DATES, length=st.integers(1, 400), pending=DATES)
def test_months_less_the_days_that_are_not_in_it_are_the_days(start: date, length: int, pending: date) -> None:
    days = Days(start, start + length * DAY)
    mark = datetime.combine(pending, time(), UTC)
    counted: Counter[date] = Counter()
    for part in parts_of(days, Pending(day=mark, month=mark.replace(day=1))):
        for day in _days_of(part.grain, part.start, part.end):
            counted[day] += -1 if part.start.date() >= days.end else 1
    assert {day: times for day, times in counted.items() if times} == dict.fromkeys(days.each(), 1)


def test_the_end_of_a_month_is_read_as_the_month_less_what_is_left() -> None:
    parts = parts_of(Days(date(2026, 10, 1), date(2026, 10, 29)), Pending())
    assert [(part.grain, part.start.day, part.end.day) for part in parts] == [(Grain.MONTH, 1, 1), (Grain.DAY, 29, 1)]
    parts = parts_of(Days(date(2026, 10, 1), date(2026, 10, 10)), Pending())
    assert [(part.grain, part.start.day, part.end.day) for part in parts] == [(Grain.DAY, 1, 10)]


def _days_of(grain: Grain, start: datetime, end: datetime) -> list[date]:
    """The days that the buckets of a segment stand for."""
    last = end.date()
    if grain is Grain.MONTH:
        last = add_months((end - timedelta(microseconds=1)).date(), 1)
    if grain is Grain.HOUR:
        assert start.time() == end.time() == time()
    return Days(start.date(), last).each()
