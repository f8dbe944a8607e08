"""Whatever the order, the split and the repetition: lines say what records say; closing months loses nothing."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from accounts.services.teams import create_team_with_owner
from accounts.tenancy import team_context
from billing.models import CostLine, CostMonth, MonthState, ReRating
from billing.store import due, lines
from monitoring.models import Dimension, Grain, Rollup
from monitoring.statuses import Status
from tests.billing.golden import HOUR, ID, NOW, add_prices, described, fold, run, tell
from tests.billing.test_golden_lines import assert_adds_up

pytestmark = pytest.mark.django_db(transaction=False)
_numbers = iter(range(10**9))
SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)

counts = st.integers(0, 10**9)
priced = st.builds(
    lambda i, o, p, n: f"in {i} out {o} node {n} @{p}",
    *(counts, counts, st.sampled_from(["std", "tiny", "deal", "new", "free"]), st.sampled_from("ab")),
)
told = st.builds(lambda c, m: f"in 5 told {c} model {m}", st.decimals(0, 9, places=7).map(str), st.sampled_from("mn"))
unknown = st.builds(lambda i: f"in {i}", counts)
tried = st.builds(
    lambda a, s: f"told 1 attempt {a} status {s}", st.integers(1, 3), st.sampled_from(["failed", "succeeded"])
)
steps = st.lists(st.one_of(priced, told, unknown, tried), max_size=5)
statuses = st.sampled_from([Status.SUCCEEDED, Status.FAILED, Status.RUNNING, Status.CANCELLED])
runs = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 2), statuses, st.integers(0, 2), steps),
    min_size=1,
    max_size=5,
    unique_by=lambda one: one[:2],
)


def new_team() -> Team:
    """A team of its own for each example, with prices."""
    number = next(_numbers)
    team = create_team_with_owner(name=f"Team {number}", email=f"p{number}@example.test").team
    add_prices(team)
    return team


def made(one: Any) -> Any:
    """The run that an example tells."""
    name, attempt, status, hour, told_steps = one
    return run(name, *told_steps, attempt=attempt, status=status, hour=HOUR + timedelta(hours=hour))


@pytest.mark.usefixtures("db")
@SLOW
@given(runs, st.randoms(use_true_random=False))
def test_order_split_and_repetition_do_not_matter(told_runs: list[Any], chance: Any) -> None:
    """In one request and one fold, or in any order, each with a fold of its own, some twice."""
    at_once, one_by_one = new_team(), new_team()
    tell(at_once, *(made(one) for one in told_runs))
    fold(at_once)
    again = [*told_runs, *chance.sample(told_runs, chance.randint(0, len(told_runs)))]
    chance.shuffle(again)
    for one in again:
        tell(one_by_one, made(one))
        if chance.random() < 0.7:
            fold(one_by_one)
    fold(one_by_one)
    assert described(one_by_one) == described(at_once)
    assert_adds_up(one_by_one)
    before = rows(one_by_one)
    with team_context(one_by_one.id):
        due.mark_between(one_by_one.id, date(2026, 1, 1), None, NOW)
    lines.fold_all(NOW + timedelta(hours=1), team_id=one_by_one.id)
    assert rows(one_by_one) == before


@pytest.mark.usefixtures("db")
@SLOW
@given(st.lists(st.tuples(runs, st.booleans(), st.booleans()), min_size=1, max_size=3))
def test_closing_and_late_arrival_lose_nothing(rounds: list[Any]) -> None:
    """After each round August may be closed or opened again: the sum of all lines stays what records say."""
    team = new_team()
    for told_runs, closes, opens in rounds:
        tell(team, *(made(one) for one in told_runs))
        before = rows(team, closed_only=True)
        fold(team)
        assert rows(team, closed_only=True) == before
        assert lines_say(team) == records_say(team)
        with team_context(team.id):
            if closes:
                about = {"state": MonthState.CLOSED, "closed_at": NOW}
                CostMonth.objects.update_or_create(month=date(2026, 8, 1), defaults=about)
            elif opens:
                CostMonth.objects.update(state=MonthState.OPEN)
                due.mark_between(team.id, date(2026, 8, 1), date(2026, 9, 1), NOW)
        lines.fold_all(NOW, team_id=team.id)
        assert lines_say(team) == records_say(team)


@pytest.mark.usefixtures("db")
@SLOW
@given(
    runs,
    st.lists(st.tuples(st.sampled_from(["std", "new", "deal"]), st.sampled_from(["tiny", "own", "new"])), max_size=3),
)
def test_re_rating_and_back_is_identity(told_runs: list[Any], changes: list[tuple[str, str]]) -> None:
    """Any price changes, taken back in any order: the same rows as before."""
    team = new_team()
    tell(team, *(made(one) for one in told_runs))
    fold(team)
    before = rows(team)
    with team_context(team.id):
        for number, (old, new) in enumerate(changes):
            about = {"starts_on": date(2026, 8, 1), "reason": "test", "created_at": NOW + timedelta(minutes=number)}
            ReRating.objects.create(old_price_id=ID[old], new_price_id=ID[new], **about)
        due.mark_between(team.id, date(2026, 8, 1), None, NOW, is_lines_only=True)
    lines.fold_all(NOW, team_id=team.id)
    with team_context(team.id):
        ReRating.objects.update(removed_at=NOW)
        due.mark_between(team.id, date(2026, 8, 1), None, NOW, is_lines_only=True)
    lines.fold_all(NOW, team_id=team.id)
    assert rows(team) == before


def rows(team: Team, *, closed_only: bool = False) -> list[dict[str, Any]]:
    """Every column of the lines; of closed months alone."""
    with team_context(team.id):
        found = CostLine.objects.order_by("id")
        if closed_only:
            closed = list(CostMonth.objects.filter(state=MonthState.CLOSED).values_list("month", flat=True))
            return [row for row in found.values() if row["booked_on"].replace(day=1) in closed]
        return list(found.values())


def lines_say(team: Team) -> tuple[Decimal, int, int]:
    """Cost, unpriced tokens and input tokens of all lines."""
    with team_context(team.id):
        told_sums = CostLine.objects.aggregate(a=Sum("cost_usd"), b=Sum("unpriced_tokens"), c=Sum("input_tokens"))
    return told_sums["a"] or Decimal(0), told_sums["b"] or 0, told_sums["c"] or 0


def records_say(team: Team) -> tuple[Decimal, int, int]:
    """The same of the rollups of records."""
    with team_context(team.id):
        found = Rollup.objects.filter(grain=Grain.HOUR, dimension=Dimension.NONE)
        told_sums = found.aggregate(a=Sum("cost_usd"), b=Sum("unpriced_tokens"), c=Sum("input_tokens"))
    return told_sums["a"] or Decimal(0), told_sums["b"] or 0, told_sums["c"] or 0
