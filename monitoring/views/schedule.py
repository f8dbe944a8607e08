"""The schedule of a workflow, on the page of its success criteria: when it is expected to start."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.models import Workflow
from monitoring.services.schedules import ScheduleRefused, set_schedule
from monitoring.views.criteria import criteria_page
from monitoring.views.criteria_words import criteria_href
from monitoring.views.number_field import NumberField
from monitoring.views.schedule_card import MINUTE_MS, schedule_card
from monitoring.views.shell import open_scope

_FAULTS = {
    "schedule": gettext_noop("The schedule {reason}."),
    "schedule_zone": gettext_noop("The time zone {reason}."),
    "schedule_grace_ms": gettext_noop("The minutes late {reason}."),
}


class ScheduleForm(forms.Form):
    """Cron text, zone, and how many minutes late a start may be; an empty field says nothing."""

    schedule = forms.CharField(required=False)
    zone = forms.CharField(required=False)
    grace_minutes = NumberField(required=False)


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def save_schedule(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """Sets or takes away the schedule and leads back; what cannot be kept is said beside the form."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    form, found = ScheduleForm(request.POST), scope.workflow
    reasons = [_("The minutes are a number, such as 30.")] if not form.is_valid() else _save(found, form)
    if not reasons:
        messages.success(request, _("Schedule saved. Findings expect starts by it from the next look on."))
        return HttpResponseRedirect(criteria_href(scope))
    sent: dict[str, Any] = {name: request.POST.get(name, "")[:200] for name in ("schedule", "zone", "grace_minutes")}
    return criteria_page(request, scope, found, card=replace(schedule_card(found), **sent, reasons=reasons))


def _save(workflow: Workflow, form: ScheduleForm) -> list[str]:
    """Keeps what the form says; why it cannot, as sentences."""
    told, minutes = form.cleaned_data, form.cleaned_data["grace_minutes"]
    grace = None if minutes is None else minutes * MINUTE_MS
    values = {"schedule": told["schedule"], "schedule_zone": told["zone"], "schedule_grace_ms": grace}
    try:
        set_schedule(workflow=workflow, told=values)
    except ScheduleRefused as refused:
        return [_(_FAULTS[name]).format(reason=reason) for name, reason in refused.reasons.items()]
    return []
