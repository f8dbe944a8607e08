"""The forecast of a month: what it says on plain courses, and how often its interval is right on made-up ones."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.analysis.forecast import COVERAGE, forecast, forecast_beside_fixed

START, END = date(2026, 11, 1), date(2026, 12, 1)
WEEK = (1.2, 1.2, 1.1, 1.1, 1.0, 0.7, 0.7)


def course(first: date, values: list[float]) -> dict[date, Decimal]:
    return {first + timedelta(days=n): Decimal(str(round(value, 4))) for n, value in enumerate(values)}


def test_a_flat_course_goes_on_and_needs_no_interval() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    found = forecast(by_day, START, END, date(2026, 11, 22))
    assert (found.usd, found.low, found.high) == (Decimal(300), Decimal(300), Decimal(300))
    assert found.known_days == 52
    assert [point.day for point in found.course] == [date(2026, 11, 22) + timedelta(days=n) for n in range(9)]


def test_too_few_days_are_said_to_be_so() -> None:
    found = forecast(course(date(2026, 11, 16), [5.0] * 6), START, END, date(2026, 11, 22))
    assert found.usd is None
    assert found.reason == "Too few days to forecast: 6 of at least 7 whole days with costs."


def test_weekdays_are_told_apart_where_there_is_enough_history() -> None:
    first = date(2026, 9, 28)
    values = [100 * WEEK[(first + timedelta(days=n)).weekday()] for n in range(55)]
    found = forecast(course(first, values), START, END, date(2026, 11, 22))
    expected = sum(100 * WEEK[(START + timedelta(days=n)).weekday()] for n in range(30))
    assert found.has_weekdays
    assert float(found.usd or 0) == pytest.approx(expected, rel=0.001)


def test_today_counts_what_it_has_cost_and_no_less_than_usual() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    last = date(2026, 11, 30)
    by_day = course(date(2026, 10, 1), [10.0] * 60)
    assert forecast(by_day, START, END, last).usd == Decimal(300)
    assert forecast({**by_day, last: Decimal(4)}, START, END, last).usd == Decimal(300)
    assert forecast({**by_day, last: Decimal(25)}, START, END, last).usd == Decimal(315)


def with_fixed(by_day: dict[date, Decimal], fixed: dict[date, Decimal]) -> dict[date, Decimal]:
    return {day: by_day.get(day, Decimal(0)) + fixed.get(day, Decimal(0)) for day in {*by_day, *fixed}}


def test_what_a_month_costs_whatever_happens_is_added_once_and_is_no_daily_level() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    fixed = {date(2026, 10, 1): Decimal(500), START: Decimal(600)}
    found = forecast_beside_fixed(with_fixed(by_day, fixed), fixed, START, END, date(2026, 11, 22))
    assert (found.usd, found.low, found.high) == (Decimal(900), Decimal(900), Decimal(900))
    assert [point.usd for point in found.course] == [Decimal(820 + 10 * n) for n in range(9)]


def test_each_month_to_come_of_a_quarter_costs_what_the_last_one_did() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    fixed = {date(2026, 10, 1): Decimal(500), START: Decimal(600)}
    today, end = date(2026, 11, 22), date(2027, 1, 1)
    found = forecast_beside_fixed(with_fixed(by_day, fixed), fixed, date(2026, 10, 1), end, today)
    assert found.usd == Decimal(920 + 500 + 600 + 600)
    by_end = {point.day: point.usd for point in found.course}
    assert by_end[date(2026, 12, 1)] - by_end[date(2026, 11, 30)] == Decimal(610)


def test_told_sums_and_the_first_day_of_a_month_hold_the_fixed_amount_once() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    fixed = {START: Decimal(600)}
    today = date(2026, 11, 22)
    whole = with_fixed(by_day, fixed)
    spent = sum((usd for day, usd in whole.items() if START <= day < today), Decimal(0))
    assert forecast_beside_fixed(whole, fixed, START, END, today, spent=spent).usd == Decimal(900)
    assert forecast_beside_fixed(whole, fixed, START, END, START).usd == Decimal(900)


def test_without_fixed_amounts_nothing_differs() -> None:
    by_day = course(date(2026, 10, 1), [10.0] * 52)
    today = date(2026, 11, 22)
    assert forecast_beside_fixed(by_day, {}, START, END, today) == forecast(by_day, START, END, today)


def test_the_low_end_is_never_below_what_was_spent() -> None:
    rng = random.Random(1)
    by_day = course(date(2026, 10, 1), [rng.choice([0.0, 0.0, 0.0, 500.0]) for _ in range(52)])
    spent = sum((usd for day, usd in by_day.items() if day >= START), Decimal(0))
    found = forecast(by_day, START, END, date(2026, 11, 22))
    assert found.low is not None
    assert found.high is not None
    assert spent <= found.low <= found.high


def noisy(rng: random.Random) -> Iterator[float]:
    """A steady level with weekdays and noise."""
    number = 0
    while True:
        yield max(0.0, 100 * WEEK[number % 7] * (1 + rng.gauss(0, 0.15)))
        number += 1


def wandering(rng: random.Random) -> Iterator[float]:
    """A level that wanders from day to day."""
    level = 100.0
    while True:
        level = max(5.0, level + rng.gauss(0, 3))
        yield max(0.0, level + rng.gauss(0, 8))


def stepping(rng: random.Random) -> Iterator[float]:
    """A level that steps up by a fifth after 45 days, as after a release, before the forecast is made."""
    number = 0
    while True:
        yield max(0.0, (100 if number < 45 else 120) * (1 + rng.gauss(0, 0.08)))
        number += 1


@pytest.mark.parametrize("kind", [noisy, wandering, stepping])
@pytest.mark.parametrize("day", [8, 15, 22])
def test_the_interval_holds_about_as_often_as_it_says(
    kind: Callable[[random.Random], Iterator[float]], day: int
) -> None:
    """Back-test: 300 made-up months a kind and day. Within 12 points of the coverage, or wider."""
    held, rounds = 0, 300
    for seed in range(rounds):
        source = kind(random.Random(seed))
        first, today = START - timedelta(days=45), START + timedelta(days=day - 1)
        values = [next(source) for _ in range((END - first).days)]
        truth = sum(values[45:])
        known = course(first, values[: (today - first).days])
        found = forecast(known, START, END, today)
        assert found.low is not None
        assert found.high is not None
        held += float(found.low) <= truth <= float(found.high)
    assert COVERAGE - 0.12 <= held / rounds <= 0.99
