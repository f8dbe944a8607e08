"""Rates of resources: what is refused and why, and what a change makes again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing import tasks
from billing.models import CostLine, CostMonth, Entry, MonthState, ResourceRate
from billing.services.refusals import Refused
from billing.services.resources import end_rate, read_rate, remove_rate
from monitoring.statuses import Status
from tests.billing.golden import HOUR, NOW, add_prices, fold, run, tell
from tests.billing.rates import add_rate, described, share_out

pytestmark = pytest.mark.django_db
TOLD = {"name": "Runner", "kind": "compute", "unit": "minute", "amount": "0.008", "starts_on": "2026-07-01"}
AUGUST = date(2026, 8, 1)


def close_august(team: Team, at: datetime = NOW) -> None:
    """As the closing of a month does."""
    with team_context(team.id):
        CostMonth.objects.create(month=AUGUST, state=MonthState.CLOSED, closed_at=at)


@pytest.mark.parametrize(
    ("told", "field", "why"),
    [
        ({"name": " "}, "name", "must be told"),
        ({"name": "n" * 201}, "name", "at most 200"),
        ({"amount": ""}, "amount", "must be told"),
        ({"amount": "-1"}, "amount", "must not be negative"),
        ({"amount": "1,5"}, "amount", "point"),
        ({"amount": "1e5"}, "amount", "must be a number"),
        ({"amount": "NaN"}, "amount", "must be a number"),
        ({"kind": "tokens"}, "kind", "must be one of compute"),
        ({"unit": "fortnight"}, "unit", "must be one of run"),
        ({"currency": "XYZ"}, "currency", "ISO 4217"),
        ({"starts_on": ""}, "starts_on", "must be told"),
        ({"starts_on": "01.07.2026"}, "starts_on", "must be a day"),
        ({"ends_on": "2026-07-01"}, "ends_on", "later than the first day"),
        ({"workflow": "a", "environment": "b"}, "environment", "must be empty where the workflow is told"),
        ({"system": "api.example.com"}, "system", "but for rates of calls"),
        ({"unit": "month"}, "key", "must be told for a fixed amount"),
        ({"key": "runs"}, "key", "but for a fixed amount"),
        ({"unit": "month", "key": "moon"}, "key", "must be one of runs"),
    ],
)
def test_what_cannot_be_a_rate_is_refused_by_field(told: dict[str, str], field: str, why: str) -> None:
    """With the reason."""
    with pytest.raises(Refused) as refused:
        read_rate(TOLD | told)
    assert why in refused.value.reasons[field]


def refusal(team: Team, text: str) -> dict[str, str]:
    """Why a rate is not taken."""
    with pytest.raises(Refused) as refused:
        add_rate(team, text)
    return refused.value.reasons


def test_the_same_is_not_charged_twice(team: Team) -> None:
    """The same name, unit and scope on one day; once it is ended, the next may begin."""
    made = add_rate(team, "Runner minute 1")
    assert "overlaps" in refusal(team, "runner minute 2 from 2026-08-01")["starts_on"]
    add_rate(team, "Runner run 1")
    add_rate(team, "Runner minute 1 environment staging")
    with team_context(team.id):
        assert end_rate(team_id=team.id, rate_id=made.id, ends_on=AUGUST, now=NOW)
    add_rate(team, "Runner minute 2 from 2026-08-01")


def test_names_and_currencies_must_be_known(team: Team) -> None:
    """A workflow of the team; a currency with an exchange rate on the first day."""
    assert "none of the team's" in refusal(team, "Runner minute 1 workflow nobody")["workflow"]
    assert "no exchange rate on 2026-07-01" in refusal(team, "Runner minute 1 currency EUR")["currency"]
    add_prices(team)
    assert add_rate(team, "Runner minute 1 currency EUR").currency == "EUR"


def test_closed_months_refuse_rates_by_name(team: Team) -> None:
    """Which reach them; ending one inside a closed month, too. After it all is as usual."""
    made = add_rate(team, "Runner minute 1")
    close_august(team)
    assert "August 2026, which is closed" in refusal(team, "Other minute 1 from 2026-08-31")["starts_on"]
    assert "August 2026" in refusal(team, "Other month 1 key runs from 2026-07-01")["starts_on"]
    add_rate(team, "Other minute 1 from 2026-09-01")
    with team_context(team.id):
        with pytest.raises(Refused, match="August 2026"):
            end_rate(team_id=team.id, rate_id=made.id, ends_on=date(2026, 8, 15), now=NOW)
        with pytest.raises(Refused, match="later than the first day"):
            end_rate(team_id=team.id, rate_id=made.id, ends_on=date(2026, 7, 1), now=NOW)
        assert end_rate(team_id=team.id, rate_id=made.id, ends_on=date(2026, 9, 1), now=NOW)
        with pytest.raises(Refused, match="must not be later"):
            end_rate(team_id=team.id, rate_id=made.id, ends_on=date(2026, 10, 1), now=NOW)


def test_a_changed_rate_makes_open_hours_again(team: Team) -> None:
    """Entered after the runs, then ended before them, each shows once the hours are made; removed twice is once."""
    tell(team, run("a"))
    fold(team)
    made = add_rate(team, "Invoke run 1")
    assert described(team) == []
    fold(team)
    assert described(team) == ["usage good compute nightly 1 run 1"]
    with team_context(team.id):
        assert remove_rate(team_id=team.id, rate_id=made.id, now=NOW)
        assert not remove_rate(team_id=team.id, rate_id=made.id, now=NOW)
        assert not end_rate(team_id=team.id, rate_id=made.id, ends_on=AUGUST, now=NOW)
    fold(team)
    assert described(team) == []


def test_a_closed_month_stays_and_late_runs_are_corrections_at_its_rates(team: Team) -> None:
    """A run more arrives: booked in September, at the rate of August, although that was removed since."""
    made, fixed = add_rate(team, "Invoke run 2"), add_rate(team, "Seats month 10 key runs")
    tell(team, run("a"))
    fold(team)
    share_out(team)
    before = ["allocated open compute nightly 10", "usage good compute nightly 1 run 2"]
    assert described(team) == before
    close_august(team)
    later = NOW + timedelta(hours=1)
    with team_context(team.id):
        for one in (made, fixed):
            assert remove_rate(team_id=team.id, rate_id=one.id, now=later)
    fold(team)
    assert described(team) == before
    tell(team, run("b", workflow="nightly"), run("c", workflow="other"))
    fold(team)
    share_out(team)
    more = "correction good compute {} 1 run 2 booked 09-01"
    assert described(team) == sorted([*before, more.format("nightly"), more.format("other")])


def test_fixed_costs_follow_what_runs_until_the_month_is_closed(team: Team) -> None:
    """By the task every five minutes: the same sum, other shares; then nothing moves any more."""
    add_rate(team, "Seats month 100 key runs")
    assert described(team) == []
    tell(team, run("a", workflow="a"))
    fold(team)
    tasks.allocate_costs()
    assert [line.split()[-1] for line in described(team)] == ["100"]
    tell(team, run("b", workflow="b"), run("c", workflow="b", status=Status.FAILED))
    fold(team)
    share_out(team)
    parts = ["allocated open compute a 33.333333", "allocated open compute b 66.666667"]
    assert described(team) == parts
    close_august(team)
    tell(team, run("d", workflow="b"))
    fold(team)
    share_out(team)
    assert described(team) == parts


def test_order_and_repetition_do_not_matter(team: Team, other_team: Any) -> None:
    """A child before its parent, one by one with a fold each, some twice; or all at once: the same lines."""
    child = run("low", workflow="child", parent_execution="top", started_at=HOUR + timedelta(minutes=10))
    others = [run("top"), run("bad", status=Status.FAILED), run("late", hour=HOUR + timedelta(hours=1))]
    rates = ["Runner minute 0.7", "Invoke run 0.01", "Seats month 7 key minutes"]
    for text in rates:
        add_rate(team, text)
        add_rate(other_team.team, text)
    for one in (child, *others, child, others[0]):
        tell(team, one)
        fold(team)
        share_out(team)
    tell(other_team.team, *others, child)
    fold(other_team.team)
    share_out(other_team.team)
    assert described(team) == described(other_team.team)
    with team_context(team.id):
        shares = CostLine.objects.filter(entry=Entry.ALLOCATED).aggregate(total=Sum("cost_usd"))
    assert shares["total"] == Decimal(7)


def test_rates_are_the_teams_own(team: Team, other_team: Any) -> None:
    """Another team's cannot be ended or removed."""
    made = add_rate(other_team.team, "Runner minute 1")
    with team_context(team.id):
        assert not remove_rate(team_id=team.id, rate_id=made.id, now=datetime.now(UTC))
        assert not ResourceRate.objects.exists()
