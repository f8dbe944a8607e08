"""One source: its ledger in a range, by hour and by day, and in total."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.reads import ledger
from ingestion.reads.ledger import Counts
from ingestion.views.source_frame import frame, open_source
from ingestion.views.source_sampling import SAMPLING_HEAD, cells, sampling_card
from ingestion.views.source_setup import setup_context, waiting_context
from monitoring import wording
from monitoring.presentation import Chart, Series
from monitoring.views.csv import csv_response
from monitoring.windows import DAY, HOUR, Window, ceil_to, floor_to, parse_window

DAYS_SHOWN = 100
MAX_BUCKETS = 500
# By the hour as long as the bars can be told apart.
MAX_HOURLY = timedelta(days=8)
HEAD = (
    *("day", "requests", "accepted", "stored", "duplicate", "rejected", "ignored", "requests_refused", "bytes"),
    *("lag_average_ms", "lag_max_ms"),
)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def overview(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The ledger; `format=csv` has its days, with `table=hours` its hours, with `table=sampling` what was detected."""
    now = timezone.now()
    facts = open_source(request, source)
    window = _whole_hours(parse_window(request.GET.get("from"), request.GET.get("to"), now))
    if request.GET.get("format") == "csv" and request.GET.get("table") == "sampling":
        card = sampling_card(request.team, facts)
        return csv_response("sampling.csv", SAMPLING_HEAD, [cells(row) for row in card.rows] if card else [])
    if request.GET.get("format") == "csv":
        step: ledger.Step = "hour" if request.GET.get("table") == "hours" else "day"
        rows = ledger.by_time(request.team.id, facts.id, window, step)
        return csv_response("ledger.csv", (step, *HEAD[1:]), [_cells(at, rows[at]) for at in sorted(rows)])
    days = ledger.by_time(request.team.id, facts.id, window, "day")
    context = {
        **frame(request, facts, "source", now),
        **_figures(days),
        "window": window,
        "charts": [chart(request, source, window, days)],
        "legend": [("bar", _("Stored")), ("c3", _("Known already")), ("fail", _("Rejected"))],
        "sampling": sampling_card(request.team, facts),
        "in_total": ledger.all_time(request.team.id, facts.id),
    }
    if facts.first_report_at is None:
        context |= {**setup_context(request, facts), **waiting_context(request, facts)}
    return TemplateResponse(request, "sources/source.html", context)


def _figures(days: Mapping[datetime, Counts]) -> dict[str, Any]:
    """The day by day table, the latest first, and the sum of the range."""
    latest = sorted(days, reverse=True)
    shown = _("days in UTC")
    if len(latest) > DAYS_SHOWN:
        shown = _("latest {count} of {total} days; the CSV has all").format(
            count=DAYS_SHOWN, total=wording.count(len(latest))
        )
    return {
        "days": [(day, days[day]) for day in latest[:DAYS_SHOWN]],
        "sum": ledger.total(days.values()),
        "shown": shown,
    }


def _whole_hours(window: Window) -> Window:
    start, end = floor_to(window.start, HOUR), ceil_to(window.end, HOUR)
    return Window(start, end, window.from_text, window.to_text, window.minutes_from)


def chart(request: TeamRequest, source_id: UUID, window: Window, days: Mapping[datetime, Counts]) -> Chart:
    """What came, by hour; by day or more in a long range."""
    if window.length <= MAX_HOURLY:
        bucket, rows = HOUR, ledger.by_time(request.team.id, source_id, window, "hour")
    else:
        bucket, rows = DAY * max(1, -(-(window.length // DAY) // MAX_BUCKETS)), dict(days)
    buckets = _bucketed(rows, floor_to(window.start, bucket), window.end, bucket)
    whole = ledger.total(rows.values())
    return Chart(
        id="chart-items",
        kind="bars",
        unit="count",
        label=_("{accepted} items accepted, {rejected} rejected.").format(
            accepted=wording.count(whole.accepted), rejected=wording.count(whole.rejected)
        ),
        starts=list(buckets),
        bucket_ms=bucket // timedelta(milliseconds=1),
        series=[
            Series(_("Stored"), [one.stored for one in buckets.values()], "bar"),
            Series(_("Known already"), [one.duplicate for one in buckets.values()], "c3"),
            Series(_("Rejected"), [one.rejected for one in buckets.values()], "fail"),
        ],
        window=(window.start, window.end),
        zone=timezone.get_current_timezone_name(),
        height="medium",
    )


def _bucketed(
    rows: Mapping[datetime, Counts], start: datetime, end: datetime, bucket: timedelta
) -> dict[datetime, Counts]:
    """Every bucket from start to end, empty ones too."""
    found = {start + number * bucket: Counts() for number in range(-(-(end - start) // bucket))}
    for at, counts in rows.items():
        place = floor_to(at, bucket)
        if place in found:
            found[place] += counts
    return found


def _cells(at: datetime, one: Counts) -> tuple[Any, ...]:
    counts = (one.requests, one.accepted, one.stored, one.duplicate, one.rejected, one.ignored, one.refused, one.bytes)
    return (at.isoformat(), *counts, one.lag_average_ms, one.lag_max_ms)
