"""What follows from usage: exact sums, where corrections are booked, price changes with their days and months."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.analysis.deriving import (
    CORRECTION,
    PRICED,
    RE_RATED,
    Change,
    Months,
    Price,
    Prices,
    make_hour,
    re_rate,
    usage_line,
)
from billing.analysis.lines import Figures, Line, Names, WorkflowHour, sum_lines, usage_id
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Bucket

HOUR = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
CLOSED = datetime(2027, 1, 5, tzinfo=UTC)
OF = WorkflowHour(UUID(int=1), 1, HOUR)
NAMES = Names(*OF, basis=PRICED, outcome=1, price_id=1)
PRICES = Prices(
    {
        1: Price({Bucket.INPUT: Decimal(2), Bucket.OUTPUT: Decimal(8)}),
        2: Price({Bucket.INPUT: Decimal("1.1"), Bucket.OUTPUT: Decimal(9)}),
        3: Price({Bucket.INPUT: Decimal(1)}),
        4: Price({Bucket.INPUT: Decimal(1), Bucket.OUTPUT: Decimal(1)}, "EUR"),
        5: Price({Bucket.INPUT: Decimal(1), Bucket.OUTPUT: Decimal(1)}, is_team=True, list_price_id=99),
    },
    {"EUR": [(date(2026, 1, 1), Decimal("1.1")), (date(2026, 12, 31), Decimal("1.2"))]},
)


def used(tokens: int, out: int = 0, names: Names = NAMES) -> Line:
    """A line of usage, rated at its price."""
    figures = Figures(calls=1, input_tokens=tokens, output_tokens=out)
    cost = rate_usage(figures.usage, PRICES.by_id[names.price_id or 1].rates)
    return usage_line(names, 0, figures._replace(cost_usd=cost, priced_usd=cost), PRICES)


def change(old: int, new: int, at: datetime = CLOSED, **fields: date | datetime | None) -> Change:
    """A price change from 2026 on."""
    told = {"starts_on": date(2026, 1, 1), "ends_on": None, "created_at": at, **fields}
    return Change(uuid4(), old, new, **told)  # type: ignore[arg-type]  # a mixture of dates and times


def test_sums_keep_every_digit() -> None:
    """More than the 28 that Decimal keeps by itself; not known stays not known."""
    huge, small = Decimal(10) ** 40, Decimal(10) ** -40
    one, other = Figures(cost_usd=huge, told_usd=None), Figures(cost_usd=small, told_usd=None, input_tokens=3)
    assert one.plus(other).cost_usd == Decimal("1" + "0" * 40 + "." + "0" * 39 + "1")
    assert one.plus(other).less(other).cost_usd == huge
    assert one.plus(other).told_usd is None
    assert one.less(other).input_tokens == -3
    assert Figures(input_tokens=0, cost_usd=Decimal(0)).is_nothing


def test_names_make_ids() -> None:
    """Each of them, and what exceeds its total; texts that only look alike do not."""
    others = [NAMES._replace(**{name: 7}) for name in ("environment_id", "node_id", "price_id", "tag_set_id", "basis")]
    others += [NAMES._replace(tier="a", region="b"), NAMES._replace(tier="a\x1fb"), NAMES._replace(tier="ab")]
    ids = {usage_id(names) for names in (NAMES, *others)} | {usage_id(NAMES, 1)}
    assert len(ids) == len(others) + 2
    assert usage_id(NAMES) == usage_id(Names(*NAMES))


def test_corrections_are_booked_in_the_first_open_month() -> None:
    """Over the end of a year; a month without a row is open."""
    months = Months({date(2026, 11, 1): CLOSED, date(2026, 12, 1): CLOSED, date(2027, 1, 1): CLOSED})
    assert months.first_open(date(2026, 12, 31)) == date(2027, 2, 1)
    assert months.first_open(date(2026, 10, 31)) == date(2026, 10, 1)
    (late,) = make_hour(OF, [used(1000)], [], [], PRICES, months)
    assert (late.entry, late.booked_on, late.corrects_id) == (CORRECTION, date(2027, 2, 1), usage_id(NAMES))


def test_an_exchange_rate_holds_from_its_day_on() -> None:
    """Before the first one nothing is known, never 0."""
    usage = Figures(calls=1, input_tokens=10**6).usage
    rated = {day: PRICES.rate(4, usage, day) for day in (date(2025, 12, 31), date(2026, 12, 30), date(2026, 12, 31))}
    assert [one and one[0] for one in rated.values()] == [None, Decimal("1.1"), Decimal("1.2")]
    assert PRICES.in_usd(Decimal(1), "CHF", date(2026, 5, 1)) is None


def test_what_is_not_known_is_not_guessed() -> None:
    """A list price that is gone, a price that does not cover output, a price that nobody has."""
    assert used(10, names=NAMES._replace(price_id=5)).figures.list_usd is None
    line = used(1000, 10)
    assert re_rate(line, [change(1, 3), change(1, 77), change(2, 1)], PRICES, None) == []
    assert re_rate(used(1000), [change(1, 3)], PRICES, None)[0].figures.cost_usd == Decimal("-0.001")


@pytest.mark.parametrize(
    ("made", "removed", "holds"),
    [(-1, None, True), (1, None, False), (-1, 1, True), (-2, -1, False)],
)
def test_a_closed_month_keeps_its_price_changes(made: int, removed: int | None, holds: bool) -> None:
    """Those that were there when it was closed, in days from then."""
    gone = None if removed is None else CLOSED + timedelta(days=removed)
    told = change(1, 2, CLOSED + timedelta(days=made), removed_at=gone)
    assert told.applies(HOUR.date(), CLOSED) == holds
    assert told.applies(HOUR.date(), None) == (removed is None)


counts = st.integers(0, 10**12)
pairs_of_ids = st.lists(st.sampled_from([(1, 2), (2, 5), (1, 5), (5, 1)]), max_size=4)
used_twice = st.lists(st.tuples(counts, counts), max_size=4)


@given(used_twice, pairs_of_ids)
def test_usage_and_its_changes_cost_what_the_last_price_says(
    told: list[tuple[int, int]], pairs: list[tuple[int, int]]
) -> None:
    """Whatever the changes: what all lines cost is what the last price that applies says."""
    changes = [change(old, new, CLOSED + timedelta(days=day)) for day, (old, new) in enumerate(pairs)]
    last, known = 1, {1}
    for old, new in pairs:
        if old in known:
            last = new
            known.add(new)
    for tokens, out in told:
        line = used(tokens, out)
        lines = [line, *re_rate(line, changes, PRICES, None)]
        cost = sum((one.figures.cost_usd or Decimal(0) for one in lines), Decimal(0))
        assert cost == rate_usage(line.figures.usage, PRICES.by_id[last].rates)
        assert {one.entry for one in lines[1:]} <= {RE_RATED}


@given(st.lists(st.tuples(counts, counts), min_size=1, max_size=5))
def test_closing_again_and_again_adds_up(told: list[tuple[int, int]]) -> None:
    """Each month is closed in turn while usage goes on changing: all that is held is what the last look said."""
    held: list[Line] = []
    closed: dict[date, datetime] = {}
    month = date(2026, 12, 1)
    for tokens, out in told:
        made = make_hour(OF, [used(tokens, out)], held, [], PRICES, Months(closed))
        assert make_hour(OF, [used(tokens, out)], [*held, *made], [], PRICES, Months(closed)) == made
        wanted = sum_lines([used(tokens, out)])[NAMES, "USD"]
        assert sum_lines([*held, *made]).get((NAMES, "USD"), Figures()).less(wanted).is_nothing
        held += made
        closed[month] = CLOSED
        month = Months(closed).first_open(month)
