"""What else a source brought: refusals with reasons and samples, unknown attributes, loose lines, metrics."""

from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.audit import record
from accounts.permissions import Permission
from ingestion.reads import source_details as reads
from ingestion.reads.source_details import MAX_EXPORTED, MAX_SHOWN
from ingestion.views.source_frame import frame, open_source
from monitoring import wording
from monitoring.filters import Filters, parse_filters
from monitoring.presentation import FilterChip, FilterChoice
from monitoring.views.csv import csv_response

MAX_LEVEL = 40


def _is_csv(request: TeamRequest) -> bool:
    return request.GET.get("format") == "csv"


def _limit(request: TeamRequest) -> int:
    return MAX_EXPORTED + 1 if _is_csv(request) else MAX_SHOWN


def _shown(count: int) -> str:
    """Says that a table is cut where it is full."""
    if count < MAX_SHOWN:
        return wording.count(count)
    return _("first {count} shown; the CSV has more").format(count=MAX_SHOWN)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def refused(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Reasons for which items were refused, with samples for those who may read payloads."""
    facts = open_source(request, source)
    may_read = request.membership.allows(Permission.VIEW_PAYLOADS)
    rows = reads.refused(request.team.id, facts.id, _limit(request))
    if _is_csv(request):
        head = ("field", "reason", "items", "first_day", "last_at", *(("sample",) if may_read else ()))
        cells = (
            (one.field, one.reason, one.count, one.first_day.date(), one.last_at.isoformat(), one.sample)[: len(head)]
            for one in rows
        )
        return csv_response("rejected.csv", head, list(cells))
    if may_read and rows:
        record("payload.viewed", ("rejected items", facts.id, facts.name))
    context = {**frame(request, facts, "source_refused", timezone.now()), "rows": rows, "shown": _shown(len(rows))}
    return TemplateResponse(request, "sources/refused.html", context)


@team_page(Permission.VIEW_FIGURES)
@require_safe
def attributes(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Attributes that nothing understood."""
    facts = open_source(request, source)
    rows = reads.unknown_attributes(request.team.id, facts.id)
    if _is_csv(request):
        cells = [(one.name, one.example_type, one.first_seen_at.isoformat()) for one in rows]
        return csv_response("unknown-attributes.csv", ("attribute", "example_type", "first_seen_at"), cells)
    cut = _("first {count} of {total}").format(count=MAX_SHOWN, total=wording.count(len(rows)))
    context = {
        **frame(request, facts, "source_attributes", timezone.now()),
        "rows": rows[:MAX_SHOWN],
        "shown": cut if len(rows) > MAX_SHOWN else str(len(rows)),
    }
    return TemplateResponse(request, "sources/attributes.html", context)


@team_page(Permission.VIEW_PAYLOADS)
@require_safe
def lines(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Log lines that belong to no execution: by text, level and time."""
    facts, now = open_source(request, source), timezone.now()
    filters = parse_filters(request.GET, now)
    level = request.GET.get("level", "").replace("\0", "")[:MAX_LEVEL]
    rows = reads.lines(request.team.id, facts.id, filters.window, text=filters.q, level=level, limit=_limit(request))
    if _is_csv(request):
        cells = [(one.logged_at.isoformat(), one.level, one.message, _labels(one.labels)) for one in rows]
        return csv_response("loose-lines.csv", ("logged_at", "level", "message", "labels"), cells)
    record("payload.viewed", ("log lines", facts.id, facts.name))
    known = reads.levels(request.team.id, facts.id, filters.window)
    context = {
        **frame(request, facts, "source_lines", now),
        "window": filters.window,
        "rows": [(one, _labels(one.labels)) for one in rows],
        "shown": _("latest {count}").format(count=MAX_SHOWN) if len(rows) == MAX_SHOWN else wording.count(len(rows)),
        "chips": _chips(filters, level),
        "choices": [FilterChoice("level", _("Level"), [(one, one) for one in known])] if known else [],
        "clear_href": filters.query(q=None, after=None),
    }
    return TemplateResponse(request, "sources/lines.html", context)


def _chips(filters: Filters, level: str) -> list[FilterChip]:
    chips = [FilterChip(_("Level"), level, filters.query())] if level else []
    if filters.q:
        chips.append(FilterChip(_("Search"), filters.q, filters.query(q=None, level=level or None)))
    return chips


def _labels(labels: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))


@team_page(Permission.VIEW_FIGURES)
@require_safe
def metrics(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The latest value of each number that the source measured itself."""
    facts = open_source(request, source)
    rows = reads.metrics(request.team.id, facts.id, _limit(request))
    if _is_csv(request):
        head = ("metric", "kind", "unit", "measured_at", "value", "values_in_it", "series")
        cells = [
            (one.name, one.kind, one.unit, one.measured_at.isoformat(), one.value, one.count, one.series)
            for one in rows
        ]
        return csv_response("metrics.csv", head, cells)
    context = {**frame(request, facts, "source_metrics", timezone.now()), "rows": rows, "shown": _shown(len(rows))}
    return TemplateResponse(request, "sources/metrics.html", context)
