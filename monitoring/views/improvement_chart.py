"""The course of the figure that an improvement is for, with its release: what the comparison adds up, over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring.analysis.histogram import percentile
from monitoring.models import Improvement, Metric
from monitoring.presentation import Chart, ChartUnit, Marker, Series
from monitoring.reads.proof_hours import Row, Subject, durations, rows_of, side
from monitoring.reads.returns import group_of
from monitoring.views.improvement_words import value_words
from monitoring.windows import DAY, HOUR, ceil_to, floor_to

LONGEST = timedelta(weeks=8)
BEFORE = timedelta(weeks=4)
MAX_BUCKETS = 90
UNITS: dict[str, ChartUnit] = {
    Metric.P95_MS: "ms",
    Metric.MEAN_MS: "ms",
    Metric.COST_USD: "usd",
    Metric.TOKENS: "count",
    Metric.RETRY_RATE: "count",
}


def metric_chart(one: Improvement, now: datetime) -> Chart | None:
    """The figure by hours or days, from four weeks before the release (or now) on; None without a run."""
    live_at = one.release.live_at if one.release is not None else None
    start = max(floor_to((live_at or now) - BEFORE, DAY), floor_to(now - LONGEST, DAY))
    group_id = one.failure_group_id or group_of(one)
    rows = rows_of(Subject(one.team_id, one.workflow_id, one.environment_id, one.metric, group_id), start, now)
    if not rows:
        return None
    start = floor_to(min(row.at for row in rows), HOUR)
    bucket = _bucket(now - start)
    start, end = floor_to(start, bucket), ceil_to(now, bucket)
    starts = [start + number * bucket for number in range((end - start) // bucket)]
    values = [_value(one.metric, part) for part in _parts(rows, starts, bucket)]
    label = one.get_metric_display()
    latest = next((value for value in reversed(values) if value is not None), None)
    markers = [(live_at, one.release.name if one.release else "")]
    if one.reopened_by is not None:
        markers.append((one.reopened_by.live_at, one.reopened_by.name))
    return Chart(
        id="figure-over-time",
        kind="line",
        unit=UNITS.get(one.metric, "percent"),
        label=_said(label, value_words(one.metric, latest)) if latest is not None else label,
        starts=starts,
        bucket_ms=int(bucket.total_seconds() * 1000),
        series=[Series(label, values)],
        window=(start, end),
        zone=timezone.get_current_timezone_name(),
        markers=[Marker(at, name) for at, name in markers if at is not None],
    )


def _said(metric: str, value: str) -> str:
    return _("{metric} over time, {value} at the end").format(metric=metric, value=value)


def _bucket(length: timedelta) -> timedelta:
    for hours in (1, 2, 3, 6, 12):
        if length <= MAX_BUCKETS * hours * HOUR:
            return hours * HOUR
    return DAY


def _parts(rows: Sequence[Row], starts: Sequence[datetime], bucket: timedelta) -> list[list[Row]]:
    parts: list[list[Row]] = [[] for _start in starts]
    for row in rows:
        parts[min((row.at - starts[0]) // bucket, len(parts) - 1)].append(row)
    return parts


def _value(metric: str, rows: Sequence[Row]) -> float | None:
    if metric == Metric.P95_MS:
        return percentile(durations(rows), 0.95)
    found = side(metric, rows)
    return found.mean if found.count else None
