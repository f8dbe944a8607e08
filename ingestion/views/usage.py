"""What the team uses of what it may."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from django.conf import settings
from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.reads.usage import ALERT_SHARE, KeyUsage, SourceUsage, Usage, usage
from monitoring.templatetags.display import bytes_size, count, percent
from monitoring.views.csv import csv_response

SOURCE_HEAD = ("source", "key", "requests", "accepted_items", "refused_requests", "bytes_received")
KEY_HEAD = ("key", "reports", "accepted_items", "reading_requests", "refused_requests", "last_used_at", "id")
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
    is_full: bool
    # What the team can do itself.
    instead: str


@team_page(Permission.VIEW_FIGURES)
@require_safe
def team_usage(request: TeamRequest) -> HttpResponseBase:
    """The page; with `format=csv` the days, or with `of=sources` or `of=keys` those."""
    found = usage(request.team.id, timezone.now())
    if request.GET.get("format") == "csv":
        name = f"{request.team.slug}-usage-{found.month:%Y-%m}"
        if request.GET.get("of") == "sources":
            return csv_response(f"{name}-sources.csv", SOURCE_HEAD, [_cells(one) for one in found.sources])
        if request.GET.get("of") == "keys":
            return csv_response(f"{name}-keys.csv", KEY_HEAD, [_key_cells(one) for one in found.keys])
        return csv_response(f"{name}.csv", DAY_HEAD, [(day.isoformat(), runs) for day, runs in found.days])
    lines = _lines(found)
    most = max((runs for _day, runs in found.days), default=0)
    days = [
        (day, runs, runs / most if most else 0.0, _("{count} executions").format(count=count(runs)))
        for day, runs in reversed(found.days)
    ]
    context = {
        "usage": found,
        "lines": lines,
        "near": [one for one in lines if one.is_near],
        "days": days,
        "may_keys": request.membership.allows(Permission.MANAGE_KEYS),
    }
    return TemplateResponse(request, "settings/usage.html", {**context, "rates": _rates(found)})


def _cells(one: SourceUsage) -> tuple[object, ...]:
    counts = one.counts
    return one.name, one.key, counts.requests, counts.accepted, counts.refused, counts.bytes


def _key_cells(one: KeyUsage) -> tuple[object, ...]:
    used = one.last_used_at.astimezone(UTC).isoformat() if one.last_used_at else None
    return one.name, one.reports, one.accepted, one.reads, one.refused, used, one.id


def _lines(found: Usage) -> Sequence[Line]:
    executions, storage = found.limits["monthly_executions"], found.limits["storage_bytes"]
    return [
        _line(
            _("Executions this month"), count(found.executions), count(executions), found.share("monthly_executions")
        ),
        replace(
            _line(
                _("Storage of records"),
                bytes_size(found.storage_bytes),
                bytes_size(storage),
                found.share("storage_bytes"),
            ),
            instead=_("shorten retention"),
        ),
    ]


def _line(name: str, used: str, limit: str, share: float | None) -> Line:
    if share is None:
        return Line(name, used, "", None, "", "", is_near=False, is_full=False, instead=_("report less"))
    is_full, is_near = share >= 1, share >= ALERT_SHARE
    tone = "fail" if is_full else "warn" if is_near else "accent"
    label = _("{share} of {limit}").format(share=percent(share), limit=limit)
    return Line(name, used, limit, share, label, tone, is_near, is_full, instead=_("report less"))


def _rates(found: Usage) -> Sequence[tuple[str, str]]:
    names = {
        "requests_per_second": _("Requests a second"),
        "burst": _("Requests at once"),
        "steps_per_second": _("Steps a second"),
    }
    limits = dict(found.limits)
    limits["burst"] = limits["burst"] or 2 * limits["requests_per_second"]
    told = [(words, limits[name]) for name, words in names.items()]
    told += [
        (_("Reading API: requests a second of a key"), settings.API_LIMITS["key"]),
        (_("Reading API: requests a second of a team"), settings.API_LIMITS["team"]),
    ]
    return [(words, count(limit) if limit else _("no limit")) for words, limit in told]
