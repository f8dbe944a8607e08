"""The audit log: who did or saw what, with before and after, and from where."""

import json
from datetime import UTC
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_safe

from accounts.access import TeamRequest, team_page
from accounts.csv_file import MAX_ROWS, csv_response
from accounts.models import AuditEvent
from accounts.permissions import Permission
from accounts.reads.audit import FIELDS, filters_of, newest

HEAD = (
    *("at", "who", "kind", "impersonated_by", "action", "target_kind", "target_id", "target", "before", "after"),
    *("note", "via", "address", "request_id", "id"),
)


@team_page(Permission.VIEW_AUDIT)
@require_safe
def audit(request: TeamRequest) -> HttpResponseBase:
    """A page of events, newest first, or with `format=csv` those that match."""
    filters, wrong = filters_of(request.GET)
    if request.GET.get("format") == "csv":
        found = newest(request.team.id, filters, limit=MAX_ROWS)
        return csv_response("audit-log.csv", HEAD, [_cells(one) for one in found.events])
    page = newest(request.team.id, filters, after=request.GET.get("after", "")[:200])
    told = {name: value for name in FIELDS if (value := request.GET.get(name, ""))}
    context = {
        "events": page.events,
        "told": told,
        "fields": [(name, _(label), told.get(name, "")) for name, label in _LABELS],
        "wrong": wrong,
        "next_href": f"?{urlencode({**told, 'after': page.next})}" if page.next else "",
        "first_href": f"?{urlencode(told)}" if request.GET.get("after") else "",
    }
    return TemplateResponse(request, "settings/audit.html", context)


@team_page(Permission.VIEW_AUDIT)
@require_safe
def audit_event(request: TeamRequest, event: UUID) -> HttpResponseBase:
    """One event, with what changed side by side."""
    found = AuditEvent.objects.filter(team_id=request.team.id, id=event).first()
    if found is None:
        raise Http404("No such event.")
    before, after = found.before or {}, found.after or {}
    names = list(dict.fromkeys([*before, *after]))
    rows = [(name, _shown(before, name), _shown(after, name)) for name in names]
    return TemplateResponse(request, "settings/audit_event.html", {"event": found, "rows": rows})


_LABELS = (
    ("who", gettext_noop("Who (address or key)")),
    ("what", gettext_noop("What (start of the action)")),
    ("target", gettext_noop("Target (name, kind or id)")),
    ("q", gettext_noop("Text")),
    ("from", gettext_noop("From (day, UTC)")),
    ("to", gettext_noop("Until before (day, UTC)")),
)


def _shown(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return ""
    value = values[name]
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def _cells(one: AuditEvent) -> tuple[Any, ...]:
    values = [json.dumps(value, ensure_ascii=False) if value is not None else "" for value in (one.before, one.after)]
    return (
        *(one.at.astimezone(UTC).isoformat(), one.actor_name, one.actor_kind, one.impersonated_by, one.action),
        *(one.target_kind, one.target_id, one.target_name, *values, one.note, one.via, one.address, one.request_id),
        one.id,
    )
