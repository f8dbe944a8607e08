"""The hours that an improvement is judged by: runs and the sum of its metric, before its release went live and since.

From hour rollups, with the definitions of `monitoring.reads.figures`; failures of one group are counted from records.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.alike import Hours, hours
from monitoring.analysis.histogram import Histogram, bin_of, merge
from monitoring.models import Dimension, Grain, Metric
from monitoring.reads.labels import label_values
from monitoring.reads.merged import is_member
from monitoring.reads.rollup_rows import Segment, Slice, sum_rows
from monitoring.reads.sent_histograms import read_histogram
from monitoring.statuses import FAILING
from monitoring.windows import HOUR

_COLUMNS = (
    *("succeeded", "failed", "timed_out", "retries", "checked", "unmet", "duration_count", "duration_sum_ms"),
    *("cost_usd", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"),
)
_TOKENS = _COLUMNS[-4:]
_GROUP = f"""SELECT release_id, date_trunc('hour', counted_at, 'UTC'), min(counted_at), count(*) FROM execution
    WHERE team_id = %(team)s AND {is_member("failure_group_id")} AND status = ANY(%(failing)s)
        AND counted_at >= %(start)s AND counted_at < %(end)s
        AND (%(environment)s::bigint IS NULL OR environment_id = %(environment)s)
    GROUP BY 1, 2"""
_SEALED = "SELECT max(day) FROM sealed_day WHERE team_id = %s"
SHARES = frozenset({Metric.FAILURE_RATE, Metric.GROUP_RATE, Metric.UNMET_RATE, Metric.P95_MS})


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: a metric of a workflow, in one environment or all (None)."""

    team_id: UUID
    workflow_id: UUID
    environment_id: int | None
    metric: str
    group_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The sums of one hour and release (None: of all runs)."""

    at: datetime
    release_id: int | None
    told: dict[str, Any]
    histogram: Histogram
    group_failures: int = 0

    @property
    def rated(self) -> int:
        """Succeeded, failed and timed-out runs."""
        return int(self.told["succeeded"] + self.told["failed"] + self.told["timed_out"])


def rows_of(subject: Subject, start: datetime, end: datetime, *, by_release: bool = False) -> list[Row]:
    """The hours of [start, end): of all runs, or of each release that was told."""
    environment = subject.environment_id
    name = label_values(subject.team_id, [environment]).get(environment or 0) if environment is not None else None
    dimension = Dimension.RELEASE if by_release else Dimension.NONE
    which = Slice(subject.workflow_id, name, dimension, None if by_release else 0)
    keys = ("bucket", "value_id")
    found = sum_rows(subject.team_id, which, [Segment(Grain.HOUR, start, end)], keys, _COLUMNS, is_timed=True)
    failures = _group_failures(subject, start, end) if subject.metric == Metric.GROUP_RATE else {}
    rows = []
    for at, value, *sums, bins, counts in found:
        release = value if by_release else None
        failed = failures.get((release, at), 0) if by_release else sum(failures.get((None, at), {}).values())
        rows.append(Row(at, release, dict(zip(_COLUMNS, sums, strict=True)), read_histogram(bins, counts), failed))
    return rows


def failures_by_hour(
    subject: Subject, start: datetime, end: datetime
) -> list[tuple[int | None, datetime, datetime, int]]:
    """Failures of the group by the release that they told and by hour: release, hour, the first of them, how many."""
    values = {
        "team": subject.team_id,
        "group": subject.group_id,
        "failing": [status.value for status in FAILING],
        "start": start,
        "end": end,
        "environment": subject.environment_id,
    }
    return run_planned(_GROUP, values)


def _group_failures(subject: Subject, start: datetime, end: datetime) -> dict[Any, Any]:
    """Failures of the group: by (release, hour) a number, by (None, hour) those of each release."""
    found: dict[Any, Any] = {}
    for release, at, _, count in failures_by_hour(subject, start, end):
        found[(release or 0, at)] = count
        found.setdefault((None, at), Counter())[release] += count
    return found


def records_from(team_id: UUID) -> datetime | None:
    """Since when no records are missing; None where nothing was removed yet."""
    ((day,),) = run_planned(_SEALED, [team_id])
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) if day else None


def side(metric: str, rows: Iterable[Row], threshold_ms: float = 0.0) -> Hours:
    """Runs and sums of the metric by hour; hours in which it was not told are left out."""
    found: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in rows:
        runs, total = _sums(metric, row, threshold_ms)
        if runs and total is not None:
            place = found[int(row.at.timestamp()) // 3600]
            place[0], place[1] = place[0] + runs, place[1] + float(total)
    return hours({at: (runs, total) for at, (runs, total) in found.items()})


def _sums(metric: str, row: Row, threshold_ms: float) -> tuple[int, Any]:
    told = row.told
    if metric == Metric.UNMET_RATE:
        return told["checked"], told["unmet"]
    if metric == Metric.MEAN_MS:
        return told["duration_count"], told["duration_sum_ms"]
    if metric == Metric.P95_MS:
        timed = sum(row.histogram.values())
        return timed, sum(count for index, count in row.histogram.items() if index >= bin_of(threshold_ms))
    if metric == Metric.TOKENS:
        tokens = [told[name] for name in _TOKENS if told[name] is not None]
        return row.rated, sum(tokens) if tokens else None
    values = {
        Metric.FAILURE_RATE: told["failed"] + told["timed_out"],
        Metric.GROUP_RATE: row.group_failures,
        Metric.RETRY_RATE: told["retries"],
        Metric.COST_USD: told["cost_usd"],
    }
    return row.rated, values[Metric(metric)]


def durations(rows: Iterable[Row]) -> Histogram:
    """The durations of all hours together."""
    return merge((list(row.histogram), list(row.histogram.values())) for row in rows)


def rated_of(rows: Iterable[Row]) -> int:
    """Rated runs of all hours together."""
    return sum(row.rated for row in rows)


def rest(every: Iterable[Row], some: Iterable[Row]) -> list[Row]:
    """All runs without those of some releases, hour by hour."""
    taken: defaultdict[datetime, list[Row]] = defaultdict(list)
    for row in some:
        taken[row.at].append(row)
    return [_minus(row, taken[row.at]) for row in every]


def _minus(row: Row, parts: list[Row]) -> Row:
    told = {name: _less(row.told[name], [part.told[name] for part in parts]) for name in _COLUMNS}
    histogram = Counter(row.histogram)
    for part in parts:
        histogram.subtract(part.histogram)
    left = {index: count for index, count in histogram.items() if count > 0}
    return Row(row.at, None, told, left, row.group_failures - sum(part.group_failures for part in parts))


def _less(value: Any, parts: list[Any]) -> Any:
    return None if value is None else value - sum(part for part in parts if part is not None)


def hour_of(moment: datetime) -> datetime:
    """The start of the hour that a moment is in."""
    return moment - (moment - datetime(1970, 1, 5, tzinfo=UTC)) % HOUR
