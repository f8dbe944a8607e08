"""The figures of the Trends page as CSV and JSON: the same numbers, unrounded, times in ISO 8601."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

from monitoring.reads.figures import Totals
from monitoring.reads.releases import ReleaseMark
from monitoring.reads.trends import Series
from monitoring.reads.trends_page import TrendsPage
from monitoring.reads.verdict_document import verdict_document
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope
from monitoring.views.trends_charts import MAX_MARKERS
from monitoring.views.trends_parts import step_rows
from monitoring.views.trends_tail import tail_csv

STEPS_HEAD = ("step", "kind", "visits", "failed", "failed_share", "p50_ms", "p95_ms")
OUTCOMES_HEAD = ("from", "runs", "succeeded", "failed", "timed_out", "cancelled", "other", "success_rate", "unmet")
LATENCY_HEAD = ("from", "runs", "avg_ms", "p50_ms", "p95_ms", "p99_ms")

STATUS_FIELDS = (
    "runs",
    "succeeded",
    "failed",
    "cancelled",
    "timed_out",
    "waiting",
    "unknown",
    "running",
    "queued",
    "skipped",
)
TOKEN_FIELDS = ("input", "cache_read", "cache_write", "output", "reasoning")


def as_csv(scope: Scope, page: TrendsPage, table: str) -> StreamingHttpResponse:
    """One table of the page: `outcomes`, `latency`, `distribution`, `tail`, else the steps."""
    slug = page.workflow.slug
    if table == "outcomes":
        points = [_outcome_row(point.start, point.totals) for point in page.series.points]
        return csv_response(f"{slug}-outcomes.csv", *with_releases(OUTCOMES_HEAD, points, page.series, page.releases))
    if table == "distribution":
        head = ("from", *(f"up_to_{limit:.0f}_ms" for limit in page.grid.limits_ms[1:]))
        columns = zip(page.grid.starts, *page.grid.cells, strict=True)
        return csv_response(f"{slug}-distribution.csv", head, [(start.isoformat(), *runs) for start, *runs in columns])
    if table == "latency":
        points = [latency_row(point.start, point.totals) for point in page.series.points]
        return csv_response(f"{slug}-latency.csv", *with_releases(LATENCY_HEAD, points, page.series, page.releases))
    if table == "tail":
        return tail_csv(slug, page.totals)
    rows = [
        (row.name, row.kind, row.visits, row.failures, row.failed_share, row.p50_ms, row.p95_ms)
        for row in step_rows(scope, page)
    ]
    return csv_response(f"{slug}-steps.csv", STEPS_HEAD, rows)


def with_releases(
    head: Sequence[str], rows: Sequence[Sequence[Any]], series: Series, releases: Sequence[ReleaseMark]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """The table with a last column, as on the page, where releases went live in the range: which did in a bucket."""
    if not releases:
        return head, rows
    starts = [point.start for point in series.points]
    names: list[list[str]] = [[] for _ in starts]
    for mark in releases[-MAX_MARKERS:]:
        names[max(bisect_right(starts, mark.at) - 1, 0)].append(mark.name)
    return (*head, "releases"), [(*row, ", ".join(told)) for row, told in zip(rows, names, strict=True)]


def as_json(scope: Scope, page: TrendsPage) -> dict[str, Any]:
    """Totals, those of the period before, and the series of the charts."""
    return {
        "workflow": page.workflow.slug,
        "environment": scope.environment_words,
        "from": page.window.start.isoformat(),
        "to": page.window.end.isoformat(),
        "as_of": page.as_of.isoformat(),
        "verdict": verdict_document(page.verdict, page.began),
        "totals": figures(page.totals),
        "previous": figures(page.previous),
        "bucket_seconds": page.series.bucket.total_seconds(),
        "series": [{"from": point.start.isoformat(), **figures(point.totals)} for point in page.series.points],
    }


def figures(totals: Totals) -> dict[str, Any]:
    """The figures of one set of runs. Money as text, durations in ms, shares of 1; null where nobody told any."""
    success, durations, tokens, met = totals.success, totals.duration_ms, totals.tokens, totals.met
    return {
        **{name: getattr(totals, name) for name in STATUS_FIELDS},
        "success_rate": totals.success_rate,
        "unrated": totals.unrated,
        "success_rate_interval": [success.low, success.high] if success else None,
        "checked": totals.checked,
        "unmet": totals.unmet,
        "met_rate": met.rate if met else None,
        "met_interval": [met.low, met.high] if met else None,
        "duration_ms": {"avg": durations.avg, "p50": durations.p50, "p95": durations.p95, "p99": durations.p99},
        "retries": totals.retries,
        "tokens": {name: getattr(tokens, name) for name in TOKEN_FIELDS},
        "cost_usd": None if totals.cost_usd is None else str(totals.cost_usd),
        "unpriced_tokens": totals.unpriced_tokens,
        "api_calls": totals.api_calls,
        "peak_memory_bytes": totals.peak_memory_bytes,
        "storage_bytes": totals.storage_bytes,
        "memory_share": totals.memory_share,
        "storage_share": totals.storage_share,
    }


def _outcome_row(start: datetime, totals: Totals) -> tuple[Any, ...]:
    other = totals.runs - totals.rated - totals.unrated - totals.cancelled
    told = (totals.runs, totals.succeeded, totals.failed, totals.timed_out, totals.cancelled, other)
    return (start.isoformat(), *told, totals.success_rate, totals.unmet if totals.checked else None)


def latency_row(start: datetime, totals: Totals) -> tuple[Any, ...]:
    """The cells of `LATENCY_HEAD` for one bucket."""
    one = totals.duration_ms
    return (start.isoformat(), totals.runs, one.avg, one.p50, one.p95, one.p99)
