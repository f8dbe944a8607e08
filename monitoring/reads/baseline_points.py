"""The hours that baselines are learned from: figures of eight weeks, by value and hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.baseline import HISTORY, Baseline, Point, build, percentile_points, with_silent_hours
from monitoring.analysis.histogram import Histogram
from monitoring.analysis.objectives import Week
from monitoring.analysis.ranges import Metric
from monitoring.models import Basis, Dimension, Grain
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import HOUR, Window, floor_to

# Which values get baselines of their own: the nodes with most visits, the releases that ran last.
MAX_NODES, MAX_RELEASES = 50, 5


@dataclass(frozen=True, slots=True)
class Hour:
    """The figures of one hour. `tokens` and `cost_usd` are None where nobody told any."""

    at: datetime
    runs: int
    rated: int
    failures: int
    retries: int
    tokens: int | None
    cost_usd: Decimal | None
    histogram: Histogram


_WHOSE = """team_id = %(team)s AND workflow_id = ANY(%(workflows)s::uuid[]) AND environment_id = %(environment)s
    AND dimension = %(dimension)s AND bucket >= %(start)s AND bucket < %(end)s"""
_HOURS = f"""
SELECT value_id, bucket, sum(runs)::bigint, sum(succeeded + failed + timed_out)::bigint,
    sum(failed + timed_out)::bigint, sum(retries)::bigint, sum(CASE WHEN num_nonnulls(input_tokens, cache_read_tokens,
        cache_write_tokens, output_tokens) > 0 THEN COALESCE(input_tokens, 0) + COALESCE(cache_read_tokens, 0)
        + COALESCE(cache_write_tokens, 0) + COALESCE(output_tokens, 0) END)::bigint,
    sum(cost_usd), string_agg(substr(array_send(histogram_bins), 21), ''),
    string_agg(substr(array_send(histogram_counts), 21), '')
FROM rollup WHERE {_WHOSE} AND grain = {Grain.HOUR:d} AND value_id = ANY(%(values)s) GROUP BY 1, 2
"""
_VALUES = f"""SELECT value_id, sum(runs), max(bucket) FROM rollup WHERE {_WHOSE} AND grain = {Grain.DAY:d} GROUP BY 1"""


def history_until(now: datetime) -> Window:
    """The eight weeks of whole hours up to now."""
    end = floor_to(now, HOUR)
    return Window(end - HISTORY, end)


def hours_of(
    team_id: UUID, workflows: Sequence[UUID], environment_id: int, basis: Basis, values: Sequence[int], now: datetime
) -> Mapping[int, list[Hour]]:
    """The hours of each of these values that has any; several workflows are added up. For basis WORKFLOW: value 0."""
    params = {**_params(team_id, workflows, environment_id, basis, now), "values": list(values)}
    found: dict[int, list[Hour]] = {}
    for value_id, at, runs, rated, failures, retries, tokens, cost, bins, times in run_planned(_HOURS, params):
        hour = Hour(at, runs, rated, failures, retries, tokens, cost, read_histogram(bins, times))
        found.setdefault(value_id, []).append(hour)
    return found


def values_of(team_id: UUID, workflow_id: UUID, environment_id: int, basis: Basis, now: datetime) -> list[int]:
    """The nodes with most visits, or the releases that ran last, of the last eight weeks."""
    rows = run_planned(_VALUES, _params(team_id, [workflow_id], environment_id, basis, now))
    if basis == Basis.NODE:
        return [row[0] for row in sorted(rows, key=lambda row: (-row[1], row[0]))[:MAX_NODES]]
    return [row[0] for row in sorted(rows, key=lambda row: (row[2], row[0]), reverse=True)[:MAX_RELEASES]]


def _params(
    team_id: UUID, workflows: Sequence[UUID], environment_id: int, basis: Basis, now: datetime
) -> dict[str, Any]:
    history = history_until(now)
    dimension = Dimension.NONE if basis == Basis.WORKFLOW_TYPE else Dimension(basis.value)
    return {
        "team": team_id,
        "workflows": list(workflows),
        "environment": environment_id,
        "dimension": dimension.value,
        "start": history.start,
        "end": history.end,
    }


def baseline_of(metric: Metric, hours: Sequence[Hour], until: datetime, *, is_rated: bool = True) -> Baseline | None:
    """The baseline of one figure; hours of silence up to `until` count for volume. None where nothing is known.

    Tokens and cost are means a run (a visit). Without `is_rated` there is no error rate: only failures are reported.
    """
    if not hours or (metric is Metric.ERROR_RATE and not is_rated):
        return None
    if metric is Metric.VOLUME:
        points = [Point(hour.at, float(hour.runs)) for hour in hours]
        return build(metric, with_silent_hours(points, min(hour.at for hour in hours), until))
    if metric in (Metric.DURATION_P50, Metric.DURATION_P95):
        share = 0.5 if metric is Metric.DURATION_P50 else 0.95
        return build(metric, percentile_points(((hour.at, hour.histogram) for hour in hours), share))
    return build(metric, [point for hour in hours if (point := _point(metric, hour))])


def _point(metric: Metric, hour: Hour) -> Point | None:
    if metric is Metric.ERROR_RATE:
        return Point(hour.at, float(hour.failures), hour.rated)
    if metric is Metric.RETRIES:
        return Point(hour.at, float(hour.retries), hour.runs)
    told = hour.tokens if metric is Metric.TOKENS else hour.cost_usd
    return Point(hour.at, float(told) / hour.runs, hour.runs) if told is not None and hour.runs else None


def weeks_of(hours: Sequence[Hour], until: datetime) -> list[Week]:
    """The hours put together to weeks that end with `until`, oldest first; weeks without runs are left out."""
    weeks: dict[int, list[Hour]] = {}
    for hour in hours:
        weeks.setdefault((until - hour.at - HOUR).days // 7, []).append(hour)
    return [_week(part) for _ago, part in sorted(weeks.items(), reverse=True)]


def _week(hours: Sequence[Hour]) -> Week:
    histogram: Histogram = {}
    for hour in hours:
        for index, count in hour.histogram.items():
            histogram[index] = histogram.get(index, 0) + count
    rated, failures = sum(hour.rated for hour in hours), sum(hour.failures for hour in hours)
    return Week(rated, rated - failures, histogram)
