"""Shares out fixed monthly costs: made anew while a month is open, as they were once it is closed."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from uuid import UUID

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.allocation import Activity, allocated_lines, held_in, next_month
from billing.analysis.deriving import Months
from billing.analysis.lines import Line
from billing.analysis.resources import MONTH, Rate
from billing.models import ResourceRate
from billing.store import line_rows, resource_rows
from billing.store.cost_lock import lock_costs
from billing.store.line_prices import read_months
from billing.store.rollups import fold_parts


def allocate_all(now: datetime) -> int:
    """Shares out the fixed costs of every team that has some; how many. Teams that others are at come next time."""
    done = 0
    for team_id in _teams():
        with team_context(team_id):
            if lock_costs(team_id, wait=False):
                allocate(team_id, now)
                done += 1
    return done


def _teams() -> list[UUID]:
    found = []
    for team_id in Team.objects.order_by("id").values_list("id", flat=True):
        with team_context(team_id):
            if ResourceRate.objects.filter(team_id=team_id, unit=MONTH).exists():
                found.append(team_id)
    return found


def allocate(team_id: UUID, now: datetime) -> None:
    """Makes the lines of fixed costs of all open months until now, and the rollups of what changed.

    Inside the team's context, with the lock of its lines. Doing it twice changes nothing.
    """
    rates = resource_rows.read_rates(team_id, is_monthly=True)
    if not rates:
        return
    months = read_months(team_id)
    stored = [
        line
        for line in line_rows.read_allocated(team_id, min(rate.starts_on for rate in rates))
        if not months.is_closed(line.booked_on)
    ]
    wanted = list(_wanted(team_id, rates, months, now.date()))
    fold_parts(team_id, line_rows.replace(team_id, stored, wanted, now), now)


def _wanted(team_id: UUID, rates: list[Rate], months: Months, today: date) -> Iterator[Line]:
    exchange = resource_rows.exchange_for(team_id, rates)

    @cache
    def activity(first: date, end: date) -> list[Activity]:
        return resource_rows.read_activity(team_id, first, end)

    for rate in rates:
        month = rate.starts_on.replace(day=1)
        while rate.removed_at is None and month <= today:
            held = None if months.is_closed(month) else held_in(rate, month)
            if held is not None and held.first <= today:
                yield from allocated_lines(rate, held, activity(held.first, held.end), exchange)
            month = next_month(month)
