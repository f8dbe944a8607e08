"""Exchange rates by day: a closed month keeps those that it was closed with."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostMonth, ExchangeRate, MonthState
from billing.store.exchange import read_exchange, usd_of, weave

D = Decimal
JULY, AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (7, 8, 9, 10))
NOW = datetime(2026, 10, 3, tzinfo=UTC)


def test_rates_of_closed_months_stand_in_their_days_alone() -> None:
    """Before and after them the rates of now hold; a month that kept none has those of now."""
    live = [(JULY, D("1.1")), (date(2026, 8, 15), D("1.5"))]
    kept = {SEPTEMBER: {JULY: D("1.1"), date(2026, 9, 20): D("1.3")}, OCTOBER: {}}
    assert weave(live, kept) == [
        (JULY, D("1.1")),
        (date(2026, 8, 15), D("1.5")),
        (SEPTEMBER, D("1.1")),
        (date(2026, 9, 20), D("1.3")),
        (OCTOBER, D("1.5")),
    ]
    assert weave([], {SEPTEMBER: {SEPTEMBER: D(2)}}) == [(SEPTEMBER, D(2))]


@pytest.mark.django_db
def test_a_rate_of_an_open_month_before_does_not_reach_into_a_closed_one(team: Team) -> None:
    """August has no costs and stays open: a rate entered for it later would have changed September."""
    with team_context(team.id):
        ExchangeRate.objects.create(currency="EUR", starts_on=JULY, usd=D("1.10"))
        one = CostMonth.objects.create(
            month=SEPTEMBER, state=MonthState.CLOSED, closed_at=NOW, rates={"EUR": {"2026-07-01": "1.10"}}
        )
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2026, 8, 20), usd=D("1.30"))
        days = (date(2026, 8, 25), date(2026, 9, 5), date(2026, 10, 1))
        assert [usd_of(team.id, "EUR", day) for day in days] == [D("1.30"), D("1.10"), D("1.30")]
        assert read_exchange(team.id, ["USD"]) == {}
        one.state = MonthState.OPEN
        one.save()
        assert usd_of(team.id, "EUR", days[1]) == D("1.30")
        assert usd_of(team.id, "CHF", days[1]) is None
