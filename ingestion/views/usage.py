"""What the team uses of what it may."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.reads.usage import ALERT_SHARE, SourceUsage, Usage, usage
from monitoring.templatetags.display import bytes_size, count, percent
from monitoring.views.csv import csv_response

SOURCE_HEAD = ("source", "key", "requests", "accepted_items", "refused_requests", "bytes_received")
DAY_HEAD = ("day_utc", "executions")


@dataclass(frozen=True, slots=True)
class Line:
    """A limit of a total: what is used, of what, as a share."""

    name: str
    used: str
    limit: str
    share: float | None
    label: str
    tone: str
    is_near: bool


@team_page(Permission.VIEW_FIGURES)
@require_safe
def team_usage(request: TeamRequest) -> HttpResponseBase:
    """The page; with `format=csv` the days, or with `of=sources` the sources."""
    found = usage(request.team.id, timezone.now())
    if request.GET.get("format") == "csv":
        name = f"{request.team.slug}-usage-{found.month:%Y-%m}"
        if request.GET.get("of") == "sources":
            return csv_response(f"{name}-sources.csv", SOURCE_HEAD, [_cells(one) for one in found.sources])
        return csv_response(f"{name}.csv", DAY_HEAD, [(day.isoformat(), runs) for day, runs in found.days])
    lines = _lines(found)
    most = max((runs for _, runs in found.days), default=0)
    days = [
        (day, runs, runs / most if most else 0.0, f"{count(runs)} executions") for day, runs in reversed(found.days)
    ]
    context = {"usage": found, "lines": lines, "near": [one for one in lines if one.is_near], "days": days}
    return TemplateResponse(request, "settings/usage.html", {**context, "rates": _rates(found)})


def _cells(one: SourceUsage) -> tuple[object, ...]:
    counts = one.counts
    return one.name, one.key, counts.requests, counts.accepted, counts.refused, counts.bytes


def _lines(found: Usage) -> Sequence[Line]:
    executions, storage = found.limits["monthly_executions"], found.limits["storage_bytes"]
    return [
        _line("Executions this month", count(found.executions), count(executions), found.share("monthly_executions")),
        _line("Storage of records", bytes_size(found.storage_bytes), bytes_size(storage), found.share("storage_bytes")),
    ]


def _line(name: str, used: str, limit: str, share: float | None) -> Line:
    tone = "" if share is None else "fail" if share >= 1 else "accent"
    label = "" if share is None else f"{percent(share)} of {limit}"
    return Line(
        name, used, limit if share is not None else "", share, label, tone, bool(share and share >= ALERT_SHARE)
    )


def _rates(found: Usage) -> Sequence[tuple[str, str]]:
    names = {
        "requests_per_second": "Requests a second",
        "burst": "Requests at once",
        "steps_per_second": "Steps a second",
    }
    limits = dict(found.limits)
    limits["burst"] = limits["burst"] or 2 * limits["requests_per_second"]
    return [(words, count(limits[name]) if limits[name] else "no limit") for name, words in names.items()]
