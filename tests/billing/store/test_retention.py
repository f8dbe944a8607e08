"""Costs are kept ten years, then whole months go."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from billing import tasks
from billing.models import (
    CostLine,
    CostMonth,
    CostMonthEvent,
    CostRollup,
    ExchangeRate,
    MonthState,
    ReRating,
    TeamPrice,
)
from billing.store.retention import drop_expired, first_kept
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db
NOW = datetime(2036, 9, 15, 8, 0, tzinfo=UTC)


def test_whole_months_go_after_ten_years_with_their_closing(team: Team) -> None:
    """Of July and August 2026 nothing is left in September 2036; the month ten years ago stays whole."""
    for month, day in ((7, 31), (8, 1), (8, 31), (9, 1)):
        add_line(team, hour=datetime(2026, month, day, tzinfo=UTC))
    with team_context(team.id):
        for month in (7, 8, 9):
            made = CostMonth.objects.create(month=date(2026, month, 1), state=MonthState.CLOSED, closed_at=NOW)
            CostMonthEvent.objects.create(month=made, what="closed")
    assert first_kept(NOW) == date(2026, 9, 1)
    dropped = drop_expired(NOW)
    assert (dropped.months, dropped.lines) == (2, 3)
    with team_context(team.id):
        assert [line.booked_on for line in CostLine.objects.all()] == [date(2026, 9, 1)]
        assert set(CostRollup.objects.values_list("bucket", flat=True)) == {date(2026, 9, 1)}
        assert [one.month for one in CostMonth.objects.all()] == [date(2026, 9, 1)]
        assert CostMonthEvent.objects.count() == 1
    assert drop_expired(NOW).lines == 0


def test_prices_go_ten_years_after_they_ended(team: Team) -> None:
    """What still holds stays, however old; of exchange rates the one that held ten years ago."""
    with team_context(team.id):
        for id, ends in ((1, date(2026, 8, 31)), (2, date(2026, 9, 1)), (3, None)):
            TeamPrice(team_id=team.id, id=id, model="m", rates={}, ends_on=ends).save(force_insert=True)
        for day in (date(2020, 1, 1), date(2025, 1, 1), date(2026, 9, 1), date(2030, 1, 1)):
            ExchangeRate.objects.create(currency="EUR", starts_on=day, usd=Decimal(1))
        for removed in (datetime(2026, 8, 31, tzinfo=UTC), None):
            about = {"old_price_id": 1, "new_price_id": 2, "starts_on": date(2020, 1, 1), "reason": "r"}
            ReRating.objects.create(**about, removed_at=removed)
    drop_expired(NOW)
    with team_context(team.id):
        assert sorted(TeamPrice.objects.values_list("id", flat=True)) == [2, 3]
        assert sorted(ExchangeRate.objects.values_list("starts_on", flat=True)) == [date(2026, 9, 1), date(2030, 1, 1)]
        assert ReRating.objects.count() == 1


def test_the_task_removes_nothing_that_is_younger(team: Team) -> None:
    """With the clock of today."""
    add_line(team)
    tasks.drop_old_costs()
    with team_context(team.id):
        assert CostLine.objects.count() == 1
