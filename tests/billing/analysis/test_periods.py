"""Periods: what an address asks for, and which days are compared."""

from datetime import date

import pytest

from billing.analysis.periods import Days, PeriodKind, parse_period

TODAY = date(2026, 11, 22)


def test_a_running_month_is_compared_with_the_same_days() -> None:
    month = parse_period(None, None, TODAY)
    assert (month.name, month.days) == ("November 2026", Days(date(2026, 11, 1), date(2026, 11, 23)))
    assert month.compared == Days(date(2026, 10, 1), date(2026, 10, 23))
    assert month.is_running


def test_a_whole_month_is_compared_with_the_whole_month_before() -> None:
    month = parse_period("month", "2026-10", TODAY)
    assert month.days == Days(date(2026, 10, 1), date(2026, 11, 1))
    assert month.compared == Days(date(2026, 9, 1), date(2026, 10, 1))


def test_a_longer_month_never_reaches_into_itself() -> None:
    month = parse_period("month", "2026-03", date(2026, 3, 30))
    assert month.compared == Days(date(2026, 2, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("kind", "at", "name", "start"),
    [
        ("quarter", "2026-11", "Q4 2026", date(2026, 10, 1)),
        ("quarter", "2026-03", "Q1 2026", date(2026, 1, 1)),
        ("year", "2025-07", "2025", date(2025, 1, 1)),
        ("nonsense", "2026-13", "November 2026", date(2026, 11, 1)),
        ("month", "2031-01", "November 2026", date(2026, 11, 1)),
        ("month", "0000-01", "November 2026", date(2026, 11, 1)),
    ],
)
def test_addresses(kind: str, at: str, name: str, start: date) -> None:
    found = parse_period(kind, at, TODAY)
    assert (found.name, found.start) == (name, start)


def test_steps() -> None:
    month = parse_period("month", "2026-01", TODAY)
    assert (month.step(-1).at, month.step(1).at) == ("2025-12", "2026-02")
    assert parse_period("year", "2026-01", TODAY).kind is PeriodKind.YEAR
