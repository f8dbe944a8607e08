"""Unusual days are found, usual ones are not, and a spike does not hide the next."""

import random
from datetime import date, timedelta
from decimal import Decimal

from billing.analysis.anomalies import unusual_days
from billing.analysis.periods import Days

FIRST = date(2026, 9, 7)
NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 23))
TODAY = date(2026, 11, 23)


def steady(seed: int = 7) -> dict[date, Decimal]:
    """Costs about 100, at weekends about 40, with a noise of 4 %."""
    rng = random.Random(seed)
    days = [FIRST + timedelta(days=n) for n in range((TODAY - FIRST).days)]
    return {day: Decimal(str(round((40 if day.weekday() > 4 else 100) * rng.gauss(1, 0.04), 2))) for day in days}


def test_a_steady_course_has_no_unusual_day() -> None:
    assert unusual_days(steady(), NOVEMBER, TODAY) == []


def test_a_spike_is_found_with_a_usual_day_to_compare_with() -> None:
    spike = date(2026, 11, 18)
    (found,) = unusual_days({**steady(), spike: Decimal(170)}, NOVEMBER, TODAY)
    assert (found.first, found.last, found.day, found.usd) == (spike, spike, spike, Decimal(170))
    assert found.like.weekday() == spike.weekday()
    assert found.like < spike
    assert 60 < found.excess < 80


def test_what_is_usual_on_a_workday_is_not_on_a_sunday() -> None:
    sunday = date(2026, 11, 15)
    (found,) = unusual_days({**steady(), sunday: Decimal(100)}, NOVEMBER, TODAY)
    assert found.day == sunday


def test_days_in_a_row_are_one_and_the_greatest_excess_comes_first() -> None:
    changed = {date(2026, 11, 3): Decimal(150), date(2026, 11, 11): Decimal(180), date(2026, 11, 12): Decimal(190)}
    found = unusual_days({**steady(), **changed}, NOVEMBER, TODAY)
    assert [(one.first.day, one.last.day, one.day.day) for one in found] == [(11, 12, 12), (3, 3, 3)]


def test_a_day_without_costs_is_unusual_too() -> None:
    quiet = date(2026, 11, 10)
    (found,) = unusual_days({**steady(), quiet: Decimal(0)}, NOVEMBER, TODAY)
    assert found.excess < 0


def test_too_little_history_finds_nothing() -> None:
    short = {day: usd for day, usd in steady().items() if day >= date(2026, 11, 12)}
    assert unusual_days({**short, date(2026, 11, 20): Decimal(900)}, NOVEMBER, TODAY) == []


def test_today_is_not_judged() -> None:
    assert unusual_days({**steady(), TODAY: Decimal(900)}, Days(NOVEMBER.start, TODAY + timedelta(days=1)), TODAY) == []
