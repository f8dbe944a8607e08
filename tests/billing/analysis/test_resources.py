"""What runs used at rates: the same in any order and any split, and shares that add up to the last digit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.allocation import Activity, allocated_lines, held_in, share_out
from billing.analysis.deriving import Months, Prices
from billing.analysis.lines import sum_lines
from billing.analysis.resources import Rate, Used, quantity_of, resource_lines
from monitoring.identity import NO_WORKFLOW

HOUR = datetime(2026, 8, 12, 10, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)
EURO = Prices({}, {"EUR": [(date(2026, 8, 1), Decimal("1.1"))]})


def rate(unit: str = "minute", amount: str = "0.008", **told: Any) -> Rate:
    """A rate since July."""
    about = {"id": 7, "name": "r", "kind": 1, "starts_on": date(2026, 7, 1), "created_at": HOUR - timedelta(days=60)}
    return Rate(**{**about, "unit": unit, "amount": Decimal(amount), **told})


amounts = st.decimals(0, 10**12, allow_nan=False, allow_infinity=False, places=9)
weights = st.lists(st.integers(0, 10**15), min_size=1, max_size=30).filter(any)
uses = st.builds(
    Used,
    workflow_id=st.sampled_from([FIRST, SECOND]),
    environment_id=st.sampled_from([5, 6]),
    hour=st.sampled_from([HOUR, HOUR + timedelta(hours=1)]),
    outcome=st.integers(0, 4),
    runs=st.integers(0, 1000),
    run_ms=st.none() | st.decimals(0, 10**9, places=3),
    byte_ms=st.none() | st.decimals(0, 10**18, places=3),
    calls=st.none() | st.integers(0, 10**9),
)
RATES = [
    rate("run", "0.0002", id=1),
    rate("minute", "0.008", id=2, workflow_id=FIRST),
    rate("gb_hour", "0.1", id=3, environment_id=5),
    rate("call", "0.0123456789", id=4, currency="EUR"),
]


@given(amounts, weights)
def test_shares_add_up_to_the_last_digit_and_are_fair(amount: Decimal, told: list[int]) -> None:
    """None is off by a whole last digit, none is below 0, and who has no weight has no share."""
    parts = share_out(amount, told)
    assert sum(parts) == amount
    for part, weight in zip(parts, told, strict=True):
        exact = amount * weight / sum(told)
        assert part >= 0
        assert abs(part - exact) < Decimal("0.000001") + Decimal("1e-12")
        assert weight or not part


@given(st.lists(uses, max_size=8), st.randoms(use_true_random=False))
def test_order_and_split_do_not_matter(told: list[Used], chance: Any) -> None:
    """Used at once, or in any order and each in two parts."""
    split = [half for one in told for half in _halves(one)]
    chance.shuffle(split)
    at_once = resource_lines(RATES, told, EURO, Months())
    apart = resource_lines(RATES, split, EURO, Months())
    assert _sums(at_once) == _sums(apart)


def _halves(one: Used) -> list[Used]:
    some = one.runs // 3
    rest = {"run_ms": None, "byte_ms": None, "calls": None}
    return [one._replace(runs=some), one._replace(runs=one.runs - some, **rest)]


def _sums(lines: Any) -> Any:
    return {line.id: line for made in lines.values() for line in made}


@given(
    st.lists(
        st.builds(Activity, st.sampled_from([FIRST, SECOND]), st.just(5), *[st.integers(0, 10**6)] * 3), max_size=1
    )
)
def test_lines_of_a_month_add_up_whoever_ran(activity: list[Activity]) -> None:
    """By every key, also where nobody ran."""
    for key in ("runs", "minutes", "tokens", "equal", "none"):
        one = rate("month", "100.01", key=key, currency="EUR")
        held = held_in(one, date(2026, 8, 1))
        assert held is not None
        lines = allocated_lines(one, held, activity, EURO)
        assert sum(line.figures.billed or 0 for line in lines) == Decimal("100.01")
        assert sum(line.figures.cost_usd or 0 for line in lines) == Decimal("110.011")
        assert len(sum_lines(lines)) == len(lines)


@pytest.mark.parametrize(
    ("starts", "ends", "amount"),
    [
        # Throughout; the last 15 of 31 days; the first 16; before; after.
        ("2026-07-01", None, "31"),
        ("2026-08-17", None, "15"),
        ("2026-07-01", "2026-08-17", "16"),
        ("2026-07-01", "2026-08-01", None),
        ("2026-09-01", None, None),
    ],
)
def test_a_part_of_a_month_costs_its_days(starts: str, ends: str | None, amount: str | None) -> None:
    """31 a month, in August."""
    days = {"starts_on": date.fromisoformat(starts), "ends_on": date.fromisoformat(ends) if ends else None}
    held = held_in(rate("month", "31", key="none", **days), date(2026, 8, 1))
    assert (held.amount if held else None) == (Decimal(amount) if amount else None)


def test_two_rates_of_one_month_add_up_to_it() -> None:
    """A price that is changed in the middle of a month: 14 days at 100 and 17 at 100 are 100, to 12 digits."""
    before = held_in(rate("month", "100", ends_on=date(2026, 8, 15)), date(2026, 8, 1))
    after = held_in(rate("month", "100", starts_on=date(2026, 8, 15)), date(2026, 8, 1))
    assert before is not None
    assert after is not None
    assert before.amount + after.amount == 100


@pytest.mark.parametrize(
    ("unit", "amount", "quantity"),
    [
        ("minute", "90000", "1.5"),
        ("minute", "1000", "0.016666666666667"),
        ("gb_hour", "1800000000000000", "0.5"),
        ("call", "42", "42"),
    ],
)
def test_quantities(unit: str, amount: str, quantity: str) -> None:
    """90 s are 1.5 minutes; 500 MB for an hour, or 1 GB for half of it, are half a GB-hour."""
    assert quantity_of(unit, Decimal(amount)) == Decimal(quantity)


def test_a_closed_month_keeps_the_rates_it_was_closed_with() -> None:
    """Entered before and removed after the closing: still charged; entered after: not."""
    closed = Months({date(2026, 8, 1): HOUR})
    used = [Used(FIRST, 5, HOUR, 1, runs=2)]
    kept = rate("run", "1", created_at=HOUR - timedelta(days=1), removed_at=HOUR + timedelta(days=1))
    assert _sums(resource_lines([kept], used, EURO, closed))
    assert not _sums(resource_lines([kept], used, EURO, Months()))
    assert not _sums(resource_lines([rate("run", created_at=HOUR + timedelta(days=1))], used, EURO, closed))


def test_a_currency_without_a_rate_makes_no_dollars() -> None:
    """What was billed is known, what it is in dollars is not: never 0."""
    lines = resource_lines([rate("run", "2", currency="CHF")], [Used(FIRST, 5, HOUR, 1, runs=2)], EURO, Months())
    ((line,),) = lines.values()
    assert (line.figures.billed, line.figures.cost_usd, line.names.basis) == (4, None, 0)


def test_what_nobody_can_be_found_for_is_of_no_workflow() -> None:
    """Or of the one that the rate is for."""
    one = rate("month", "5", key="runs")
    held = held_in(one, date(2026, 8, 1))
    assert held is not None
    (line,) = allocated_lines(one, held, [], EURO)
    assert line.names.workflow_id == NO_WORKFLOW
    (line,) = allocated_lines(rate("month", "5", key="runs", workflow_id=FIRST), held, [], EURO)
    assert line.names.workflow_id == FIRST
