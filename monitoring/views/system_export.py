"""The tables of one external system, model or tool as CSV: the same numbers, unrounded, times in ISO 8601."""

from typing import Any

from django.http import StreamingHttpResponse
from django.utils.text import slugify

from monitoring.reads.system_page import SystemPage
from monitoring.views import system_parts
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope
from monitoring.views.trends_export import LATENCY_HEAD, latency_row, with_releases

DEPENDENTS_HEAD = ("workflow", "step", "calls", "failures", "failure_rate", "p95_ms", "share", "note")
ERRORS_HEAD = ("error", "failures", "workflows", "latest_at")
MOMENTS_HEAD = ("from", "to", "workflows", "failures", "names")
OUTCOMES_HEAD = ("from", "calls", "succeeded", "failed", "timed_out", "cancelled", "failure_rate")


def as_csv(scope: Scope, page: SystemPage, table: str) -> StreamingHttpResponse:
    """One table of the page: `errors`, `moments`, `outcomes`, `latency`, else who depends on it."""
    # A file's name keeps to letters that every system takes; the name itself may be anything.
    name = slugify(page.name) or page.kind.param
    if table == "errors":
        errors = [
            (one.title, one.failures, one.workflows, one.latest_at.isoformat() if one.latest_at else None)
            for one in system_parts.errors(scope, page)
        ]
        return csv_response(f"{name}-errors.csv", ERRORS_HEAD, errors)
    if table == "moments":
        told = system_parts.moments(page)
        moments = [(m.start.isoformat(), m.end.isoformat(), m.count, m.failures, m.workflows) for m in told]
        return csv_response(f"{name}-at-once.csv", MOMENTS_HEAD, moments)
    if table == "outcomes":
        head, rows = with_releases(OUTCOMES_HEAD, _outcome_rows(page), page.series, page.releases)
        return csv_response(f"{name}-outcomes.csv", head, rows)
    if table == "latency":
        points = [latency_row(point.start, point.totals) for point in page.series.points]
        return csv_response(f"{name}-latency.csv", *with_releases(LATENCY_HEAD, points, page.series, page.releases))
    dependents = [
        (d.workflow, d.node, d.calls, d.failures, d.rate, d.p95_ms, d.share, d.note)
        for d in system_parts.dependents(scope, page)
    ]
    return csv_response(f"{name}-dependents.csv", DEPENDENTS_HEAD, dependents)


def _outcome_rows(page: SystemPage) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for point in page.series.points:
        one, rate = point.totals, point.totals.failure
        told = (one.runs, one.succeeded, one.failed, one.timed_out, one.cancelled, rate.rate if rate else None)
        rows.append((point.start.isoformat(), *told))
    return rows
