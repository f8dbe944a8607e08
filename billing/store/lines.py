"""The fold that makes cost lines: takes hours that are due, reads their records once more, and replaces their lines.

Hours are leased first. Then one transaction makes a batch of one team: records, lines, rollups, off the queue. Doing it
twice changes nothing. An advisory lock keeps others away from the team's lines; the fold of records goes on meanwhile,
and what it marks while hours are being made is due again afterwards.
"""

import logging
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import DataError, connection

from accounts.tenancy import team_context
from billing.analysis.deriving import Change, Months, Prices, make_hour
from billing.analysis.lines import Line, WorkflowHour
from billing.analysis.resources import Rate
from billing.models import Entry
from billing.store import due, line_prices, line_rows, resource_rows, usage_lines
from billing.store.cost_lock import lock_costs
from billing.store.kept_hours import without_records
from billing.store.rollups import fold_parts

logger = logging.getLogger(__name__)

# Hours that one transaction takes from one team.
LIMIT = 200
# Hash joins and sorts of many steps stay in memory; compiling these statements costs more than running them.
_SETTINGS = "SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"


@dataclass(frozen=True, slots=True)
class _Terms:
    """What lines of a batch are derived with."""

    prices: Prices
    changes: Sequence[Change]
    months: Months


def fold_due(now: datetime, *, seconds: float, limit: int = LIMIT) -> int:
    """Makes hours that are due, for about this long; how many. Teams that another process is at are left to it."""
    until, total = time.monotonic() + seconds, 0
    # A batch of each in turn, so that a long history does not keep the others waiting.
    teams = deque(due.due_teams(now, now))
    while teams and time.monotonic() < until:
        team_id = teams.popleft()
        if taken := fold_team(team_id, now, now, limit):
            teams.append(team_id)
        total += taken
    return total


def settle(now: datetime, *, seconds: float = 120.0) -> bool:
    """Makes all hours that were marked until now, before their records are removed; whether none is left.

    Waits for those who are at some. What cannot be made does not keep records from being removed.
    """
    marked = now + due.DELAY
    fold_due(marked, seconds=seconds)
    for team_id in due.marked_teams():
        with team_context(team_id):
            lock_costs(team_id, wait=True)
    return not due.due_teams(marked, marked)


def fold_all(now: datetime, *, team_id: UUID | None = None) -> int:
    """Makes all hours that are marked, also those that are not due yet: for imports and tests. Answers how many."""
    total = 0
    for team in [team_id] if team_id else due.due_teams(due.ALWAYS, now):
        while taken := fold_marked(team, now):
            total += taken
    return total


def fold_marked(team_id: UUID, now: datetime, limit: int = LIMIT) -> int:
    """Makes up to `limit` hours of a team that are marked, due or not, and waits for others at it; how many."""
    return fold_team(team_id, now, due.ALWAYS, limit, is_whole=True)


def fold_team(team_id: UUID, now: datetime, before: datetime, limit: int = LIMIT, *, is_whole: bool = False) -> int:
    """Makes up to `limit` hours of a team that are due `before`; how many were taken. `is_whole` waits for others."""
    with team_context(team_id):
        if not lock_costs(team_id, wait=is_whole):
            return 0
        claimed = due.claim(team_id, before, now, limit)
    if claimed and not _try(team_id, claimed, now) and len(claimed) > 1:
        # One of them cannot be made: the others shall not wait for it.
        for one in claimed:
            _try(team_id, [one], now)
    return len(claimed)


def _try(team_id: UUID, claimed: Sequence[due.Due], now: datetime) -> bool:
    """Makes hours in one transaction; whether that could be done. One that could not is put off."""
    try:
        with team_context(team_id):
            with connection.cursor() as cursor:
                cursor.execute(_SETTINGS)
            lock_costs(team_id, wait=True)
            make(team_id, claimed, now)
            due.done(team_id, claimed, now)
    except (DataError, ArithmeticError):
        if len(claimed) == 1:
            about = {"workflow_id": str(claimed[0].hour.workflow_id)}
            logger.exception("the cost lines of an hour could not be made", extra=about)
            with team_context(team_id):
                due.put_off(team_id, claimed[0], now)
        return False
    return True


def make(team_id: UUID, claimed: Sequence[due.Due], now: datetime) -> None:
    """Makes the lines of hours, and the rollups of the days on which lines changed, inside the team's transaction."""
    rates = resource_rows.read_rates(team_id, is_monthly=False)
    read, hours = _hours(team_id, claimed, rates)
    counted = usage_lines.read_usage(team_id) if read else []
    stored = line_rows.read_hours(team_id, sorted(hours))
    changes = line_prices.read_changes(team_id)
    ids = usage_lines.price_ids(counted, (line for lines in stored.values() for line in lines))
    prices = line_prices.read_prices(team_id, ids | {change.new_price_id for change in changes})
    terms = _Terms(prices, changes, line_prices.read_months(team_id))
    fresh = usage_lines.lines_of(counted, prices)
    for hour, made in (resource_rows.staged_lines(team_id, rates, terms.months) if read else {}).items():
        fresh.setdefault(hour, []).extend(made)
    before: list[Line] = []
    wanted: list[Line] = []
    for hour in sorted(hours):
        kept, made = _make_hour(hour, fresh.get(hour, []) if hour in read else None, stored[hour], terms)
        before += kept
        wanted += made
    fold_parts(team_id, line_rows.replace(team_id, before, wanted, now), now)


def _hours(
    team_id: UUID, claimed: Sequence[due.Due], rates: Sequence[Rate]
) -> tuple[set[WorkflowHour], set[WorkflowHour]]:
    """Hours whose records are read and staged, and all hours.

    With those of other tries of the same runs, and of runs below them.
    """
    hours = {one.hour for one in claimed}
    wanted = {one.hour for one in claimed if not one.is_lines_only}
    read = wanted - without_records(team_id, wanted)
    if not read:
        return read, hours
    usage_lines.stage(team_id, sorted(read))
    others = (usage_lines.hours_of_other_tries(team_id) | resource_rows.hours_below(team_id, rates)) - hours
    others -= without_records(team_id, others)
    if others:
        read |= others
        usage_lines.stage(team_id, sorted(read))
    return read, hours | others


def _make_hour(
    hour: WorkflowHour, fresh: list[Line] | None, stored: list[Line], terms: _Terms
) -> tuple[list[Line], list[Line]]:
    """The stored lines of an hour that may change, and those that shall be there instead.

    `fresh` is None where records are not read: then usage and corrections stay, and price changes are worked out anew.
    """
    months = terms.months
    open_lines = [line for line in stored if not months.is_closed(line.booked_on)]
    if fresh is not None:
        return open_lines, make_hour(hour, fresh, stored, terms.changes, terms.prices, months)
    if months.is_closed(hour.day):
        return [], []
    usage = [line for line in open_lines if line.entry == Entry.USAGE]
    made = make_hour(hour, usage, [], terms.changes, terms.prices, months)
    return [line for line in open_lines if line.entry != Entry.CORRECTION], made
