"""What happened last: recent runs, the last success, and how the error budget burned in the hours up to an instant.

From records, one look into the index a workflow; burn from rollups. `workflow_id=None`: of every workflow at once.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.objectives import ALARMS, Recent
from monitoring.analysis.rhythm import Run
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension, Grain
from monitoring.statuses import FAILING, Status
from monitoring.windows import HOUR, MINUTE, floor_to, minute_floor

# Runs that a rhythm and a streak are read from.
RUNS = 200
# A success that is older than this is as good as none.
REMEMBERED = timedelta(weeks=8)
_SHORT_HOURS = sorted({hours for alarm in ALARMS for hours in (alarm.long_hours, alarm.short_hours) if hours <= 6})
_LONG_HOURS = max(alarm.long_hours for alarm in ALARMS)


@dataclass(frozen=True, slots=True)
class RecentRuns:
    """The latest runs, newest first: when they started, and how the finished ones ended."""

    starts: Sequence[datetime]
    ended: Sequence[Run]

    def last_success(self, since: datetime) -> datetime | None:
        """When the last success counted; None where none of these runs succeeded since then."""
        return next((run.at for run in self.ended if not run.is_failure and run.at >= since), None)


_RECENT = f"""SELECT started_at, counted_at, status FROM execution
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND counted_at < %(at)s {{environment}}
ORDER BY counted_at DESC, id DESC LIMIT {RUNS}"""


def recent_runs(team_id: UUID, workflow_id: UUID, environment: str | None, at: datetime) -> RecentRuns:
    """The latest runs that count before an instant."""
    values: dict[str, Any] = {"team": team_id, "workflow": workflow_id, "at": at}
    rows = run_prepared(_RECENT.format(environment=_environment(environment, values)), values)
    ended = [
        Run(counted_at, status in FAILING)
        for _, counted_at, status in rows
        if status in FAILING or status == Status.SUCCEEDED
    ]
    return RecentRuns([started or counted for started, counted, _ in rows], ended)


_SUCCESSES = f"""SELECT counted_at FROM execution
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND status = {Status.SUCCEEDED:d} AND counted_at >= %(from)s AND counted_at < %(at)s
ORDER BY counted_at DESC, id DESC LIMIT {RUNS}"""


def successes_of(team_id: UUID, workflow_id: UUID, environment_id: int, at: datetime) -> list[datetime]:
    """When the latest successes counted, newest first."""
    values = {"team": team_id, "workflow": workflow_id, "environment": environment_id, "at": at}
    return [moment for (moment,) in run_planned(_SUCCESSES, {**values, "from": at - REMEMBERED})]


# The rollups say in which hour it was; only that hour of the records is looked into.
_LAST_SUCCESS = f"""
SELECT w.id, e.counted_at FROM workflow w
CROSS JOIN LATERAL (
    SELECT r.bucket FROM rollup r WHERE r.team_id = %(team)s AND r.workflow_id = w.id {{environment}}
        AND r.dimension = {Dimension.NONE:d} AND r.grain = {Grain.HOUR:d} AND r.succeeded > 0
        AND r.bucket >= %(from)s AND r.bucket < %(at)s
    ORDER BY r.bucket DESC LIMIT 1
) hour
CROSS JOIN LATERAL (
    SELECT max(x.counted_at) AS counted_at FROM execution x
    WHERE x.team_id = %(team)s AND x.workflow_id = w.id {{environment}} AND x.status = {Status.SUCCEEDED:d}
        AND x.counted_at >= hour.bucket AND x.counted_at < hour.bucket + interval '1 hour' AND x.counted_at < %(at)s
) e WHERE w.team_id = %(team)s {{workflow}}
"""


def last_successes(
    team_id: UUID, at: datetime, *, workflow_id: UUID | None = None, environment: str | None = None
) -> Mapping[UUID, datetime]:
    """When the last success of each workflow counted, of the eight weeks before an instant."""
    values: dict[str, Any] = {"team": team_id, "at": at, "from": at - REMEMBERED, "workflow": workflow_id}
    text = _LAST_SUCCESS.format(
        environment=_environment(environment, values), workflow="AND w.id = %(workflow)s" if workflow_id else ""
    )
    return {number: moment for number, moment in run_planned(text, values) if moment is not None}


_SUMS = """sum(succeeded + failed + timed_out) FILTER (WHERE bucket >= %(from{0})s)::bigint,
    sum(failed + timed_out) FILTER (WHERE bucket >= %(from{0})s)::bigint"""
_BURN = """SELECT {grain}, workflow_id, {sums} FROM rollup WHERE team_id = %(team)s AND dimension = 0
    AND grain = {grain} AND bucket >= %(first{grain})s AND bucket < %(at)s {workflow} {environment} GROUP BY 2"""


def recents(
    team_id: UUID, at: datetime, now: datetime, *, workflow_id: UUID | None = None, environment: str | None = None
) -> Mapping[UUID, list[Recent]]:
    """Rated runs and failures of the hours up to an instant, for `monitoring.analysis.objectives.burn`.

    Up to six hours by whole minutes, three days by whole hours. Nothing where minutes are kept no longer.
    """
    at = min(at, now)
    first = floor_to(at, MINUTE) - timedelta(hours=_SHORT_HOURS[-1])
    if first < minute_floor(now):
        return {}
    values: dict[str, Any] = {"team": team_id, "workflow": workflow_id, "at": at, "first1": first}
    values["first2"] = values[f"from{len(_SHORT_HOURS)}"] = floor_to(at, HOUR) - timedelta(hours=_LONG_HOURS)
    for place, hours in enumerate(_SHORT_HOURS):
        values[f"from{place}"] = floor_to(at, MINUTE) - timedelta(hours=hours)
    told = {
        # The value, always 0 here, leads PostgreSQL to the rows of the workflow instead of all rows of these times.
        "workflow": "AND workflow_id = %(workflow)s AND value_id = 0" if workflow_id else "",
        "environment": _environment(environment, values),
    }
    short = ", ".join(_SUMS.format(place) for place in range(len(_SHORT_HOURS)))
    long = _SUMS.format(len(_SHORT_HOURS)) + ", NULL::bigint" * (2 * len(_SHORT_HOURS) - 2)
    text = _BURN.format(grain=1, sums=short, **told) + " UNION ALL " + _BURN.format(grain=2, sums=long, **told)
    found: dict[UUID, list[Recent]] = defaultdict(list)
    for grain, whose, *sums in run_prepared(text, values):
        lengths = _SHORT_HOURS if grain == Grain.MINUTE else [_LONG_HOURS]
        for place, hours in enumerate(lengths):
            found[whose].append(Recent(hours, sums[2 * place] or 0, sums[2 * place + 1] or 0))
    return found


def _environment(name: str | None, values: dict[str, Any]) -> str:
    if name is None:
        return ""
    values["environment"] = label_id(LabelKind.ENVIRONMENT, name)
    return "AND environment_id = %(environment)s"
