"""A team that spends, over two months, with lines of several workflows, providers and kinds, and with runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostBasis, CostKind, CostOutcome, Entry
from billing.store.rollups import fold_days
from monitoring.statuses import Status
from tests.billing import lines
from tests.factories import report, store

# The day that the tests of costs open pages on; a Sunday.
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
NO_MODEL = {"provider": "", "model": "", "calls": 0, "input_tokens": None, "output_tokens": None}
NO_MONEY = dict.fromkeys(("cost_usd", "priced_usd", "list_usd", "billed"))


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def spend(team: Team, day: date, usd: str, **told: Any) -> None:
    """A line of a day with this cost."""
    amount = Decimal(usd)
    money = dict.fromkeys(("cost_usd", "priced_usd", "list_usd", "billed"), amount)
    lines.add_line(team, **{"hour": at(day), **money, **told})


@contextmanager
def folded_once(team: Team) -> Iterator[None]:
    """Rollups of all lines added inside are made at the end: each day once, not with each line."""
    days: set[date] = set()
    with patch.object(lines, "fold_days", lambda _team, more, _now: days.update(more)):
        yield
    with team_context(team.id):
        fold_days(team.id, days, NOW)


def run(team: Team, workflow: str, day: date, *, succeeded: int = 0, failed: int = 0) -> None:
    """So many runs that ended on a day."""
    ended = [*[Status.SUCCEEDED] * succeeded, *[Status.FAILED] * failed]
    starts = [at(day) + timedelta(minutes=number) for number in range(len(ended))]
    told = zip(ended, starts, strict=True)
    reports = [
        report(workflow=workflow, status=status, started_at=start, finished_at=start + timedelta(minutes=1))
        for status, start in told
    ]
    store(team, *reports, now=NOW)


def november(team: Team) -> None:
    """October and the first 22 days of November of two workflows.

    `Leads` costs $6.50 a day that is useful, and $1 a day in October, $4 in November that failed; `Triage` costs
    $3.25 a day. In November `Leads` also has $2 of compute and a credit of $1, `Triage` 1,100 tokens without a price.
    Of `Leads` 8 runs succeeded and 2 failed in November, 10 succeeded in October.
    """
    with folded_once(team):
        for month, days, waste in ((10, 31, "1"), (11, 22, "4")):
            for number in range(1, days + 1):
                day = date(2026, month, number)
                spend(team, day, "6.5", workflow="Leads", outcome=CostOutcome.GOOD)
                spend(team, day, waste, workflow="Leads", outcome=CostOutcome.FAILED)
                used = {"workflow": "Triage", "provider": "anthropic", "model": "claude"}
                spend(team, day, "3.25", outcome=CostOutcome.GOOD, **used)
        spend(team, date(2026, 11, 2), "2", workflow="Leads", kind=CostKind.COMPUTE, **NO_MODEL)
        spend(team, date(2026, 11, 3), "-1", workflow="Leads", entry=Entry.CREDIT, kind=CostKind.OTHER, **NO_MODEL)
        unpriced = {"basis": CostBasis.UNPRICED, "unpriced_tokens": 1100, **NO_MONEY}
        lines.add_line(team, hour=at(date(2026, 11, 4)), workflow="Triage", model="new", **unpriced)
    run(team, "Leads", date(2026, 10, 5), succeeded=10)
    run(team, "Leads", date(2026, 11, 5), succeeded=8, failed=2)
