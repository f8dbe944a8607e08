"""Settings: how long what is kept, shown before it is saved, and what was deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.models import RetentionPolicy
from accounts.permissions import Permission
from accounts.services.retention import BOUNDS, PolicyRefused, faults, policy_of, save_policy
from monitoring.models import Workflow
from monitoring.reads import retention as reads
from monitoring.store.classes import forget_classes
from monitoring.views.archive import archive_words
from monitoring.views.csv import csv_response

MAX_WORKFLOWS = 500
_HEADER = (
    *("What", "Limit (days)", "First day", "Last day", "Executions", "Rows", "Freed bytes", "Reusable bytes"),
    *("Archived to", "Began", "Ended", "Failure"),
)
_NOTES = {
    "production_days": gettext_noop("Executions with steps, payloads, facets"),
    "debug_days": gettext_noop("Executions of the environments and workflows below, and log lines of level DEBUG"),
    "payload_days": gettext_noop("Inputs, outputs and log lines; empty: as long as their execution"),
    "metrics_days": gettext_noop("Hours, days and months; minutes are kept 48 hours"),
    "delivery_days": gettext_noop("Notices, issue trackers and webhooks (these at most 7 days)"),
    "audit_days": gettext_noop("Who did what"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One limit as the form shows it."""

    name: str
    title: str
    note: str
    least: int
    recommended: int
    # What was typed, where it cannot be taken.
    value: int | str | None
    reason: str


@team_page(Permission.VIEW_FIGURES)
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: TeamRequest) -> HttpResponseBase:
    """The policy with what was deleted (`format=csv`: that as CSV). A POST shows what a policy would delete, and with
    `action=save` saves it.
    """
    if request.GET.get("format") == "csv":
        return _csv(request)
    saved = policy_of(request.team.id)
    if request.method != "POST":
        return _page(request, saved, {})
    if not request.membership.allows(Permission.MANAGE_RETENTION):
        return HttpResponse(status=403)
    told, reasons = _read(request.POST)
    for name, value in told.items():
        setattr(saved, name, value)
    reasons = reasons or faults(saved)
    if reasons or request.POST.get("action") != "save":
        return _page(request, saved, reasons, is_preview=not reasons)
    try:
        save_policy(team_id=request.team.id, values=told, now=timezone.now())
    except PolicyRefused as refused:
        return _page(request, saved, refused.reasons)
    forget_classes()
    messages.success(request, _("Saved. What is past its limit goes within the hour."))
    return HttpResponseRedirect(reverse("retention", args=[request.team.slug]))


def _page(
    request: TeamRequest, policy: RetentionPolicy, reasons: Mapping[str, str], *, is_preview: bool = False
) -> HttpResponse:
    team_id, now = request.team.id, timezone.now()
    marked = set(policy.debug_workflows)
    workflows = Workflow.objects.filter(team_id=team_id).order_by("name", "id")[:MAX_WORKFLOWS]
    context = {
        "policy": policy,
        "fields": [
            Field(name, _(b.title), _(_NOTES[name]), b.least, b.recommended, value, reasons.get(name, ""))
            for name, b in BOUNDS.items()
            for value in [request.POST.get(name, "")[:40] if name in reasons else getattr(policy, name)]
        ],
        "environments": ", ".join(policy.debug_environments),
        "workflows": [(one, one.id in marked) for one in workflows],
        "marked": list(policy.debug_workflows),
        "reasons": reasons,
        "preview": reads.preview(team_id, policy, now) if is_preview else None,
        "runs": reads.runs(team_id),
        "archive": archive_words(policy),
        "held": reads.held_count(team_id, now),
        "may_manage": request.membership.allows(Permission.MANAGE_RETENTION),
    }
    return TemplateResponse(request, "settings/retention.html", context, status=422 if reasons else 200)


def _read(told: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The policy of the form, and what cannot be read, by field."""
    values: dict[str, Any] = {"deletes_imported": told.get("deletes_imported") == "on"}
    reasons: dict[str, str] = {}
    for name in BOUNDS:
        text = told.get(name, "").strip()
        if not text and name == "payload_days":
            values[name] = None
        elif text.isascii() and text.isdigit() and len(text) < 6:
            values[name] = int(text)
        else:
            reasons[name] = _("must be a whole number of days")
    names = told.get("debug_environments", "").replace("\x00", "").split(",")
    values["debug_environments"] = list(dict.fromkeys(name.strip().lower() for name in names if name.strip()))
    if len(values["debug_environments"]) > 100 or any(len(name) > 200 for name in values["debug_environments"]):
        reasons["debug_environments"] = _("must be at most 100 names with at most 200 characters")
    try:
        values["debug_workflows"] = sorted({UUID(text) for text in told.getlist("debug_workflow")[:MAX_WORKFLOWS]})
    except ValueError:
        reasons["debug_workflows"] = _("must be workflows of the team")
    values["reason"] = " ".join(told.get("reason", "").replace("\x00", "").split())[:500]
    return values, reasons


def _csv(request: TeamRequest) -> HttpResponseBase:
    rows = [
        (
            *(one.get_kind_display(), one.limit_days, one.first_day, one.last_day, one.execution_count),
            *(one.row_count, one.freed_bytes, one.reusable_bytes, one.archive),
            *(one.began_at.isoformat(), one.ended_at.isoformat(), one.failure),
        )
        for one in reads.runs(request.team.id, 10_000)
    ]
    return csv_response("retention.csv", _HEADER, rows)
