"""The form of a rule: a new one, prefilled from the address, and one that is changed. It rehearses before it saves."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from alerts.analysis.wanted import Wanted
from alerts.models import AlertRule
from alerts.reads import rules as reads
from alerts.reads.schedules import proposed_schedule
from alerts.services.rules import RuleRefused, as_rule, checked, save_rule, wanted_of
from alerts.views import rule_fields as form
from alerts.views.rule_labels import label_of
from monitoring.models import Workflow
from monitoring.reads.workflows import find


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: TeamRequest) -> HttpResponseBase:
    """A new rule: `metric`, `workflow` and any other field of the address prefill it."""
    if request.method == "POST":
        return _post(request, None)
    return _page(request, None, form.begun(form.told_of(request.GET)))


@team_page(Permission.MANAGE_ALERTS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_rule(request: TeamRequest, rule: UUID) -> HttpResponseBase:
    """The form to change one."""
    kept = reads.find(request.team.id, rule)
    if kept is None:
        raise Http404("No such rule.")
    if request.method == "POST":
        return _post(request, kept)
    told = form.told_of(request.GET)
    if told.get("metric", kept.metric) != kept.metric:
        return _page(request, kept, form.begun({**_kept(kept, _ANY), **told}))
    return _page(request, kept, {**_kept(kept, form.FIELDS), **told})


_ANY = ("name", "workflow", "environment", "severity", "tags", "text", "url")


def _kept(rule: AlertRule, names: tuple[str, ...]) -> dict[str, str]:
    word = form.workflow_word(rule.workflow if rule.workflow_id else None, is_per_workflow=rule.is_per_workflow)
    told = form.written(wanted_of(rule), workflow=word)
    if told["name"] == reads.kept_words_of(rule):
        # Nobody named it: changed, it reads otherwise.
        told["name"] = ""
    return {name: told[name] for name in names}


def _post(request: TeamRequest, kept: AlertRule | None) -> HttpResponseBase:
    """Saves, or with `rehearse` leads to the same form with its rehearsal: that has all of it in its address."""
    told = form.begun(form.told_of(request.POST))
    if "refit" in request.POST:
        return HttpResponseRedirect(f"{request.path}{form.address(told)}")
    try:
        fields = named(request.team.id, form.read(request.team.id, told), told)
        if "rehearse" in request.POST:
            checked(request.team.id, fields, kept)
            return HttpResponseRedirect(f"{request.path}{form.address(told, rehearse='1')}#rehearsal")
        made = save_rule(
            team_id=request.team.id,
            fields=fields,
            by=request.user,
            now=timezone.now(),
            rule_id=kept.id if kept else None,
        )
    except RuleRefused as refused:
        return _page(request, kept, told, refused.reasons)
    except AlertRule.DoesNotExist:
        raise Http404("No such rule.") from None
    messages.success(request, _("Saved.") if kept else _("Saved. It is evaluated from now on."))
    return HttpResponseRedirect(reverse("rule", args=[request.team.slug, made.id]))


def named(team_id: UUID, fields: dict[str, Any], told: Mapping[str, str]) -> dict[str, Any]:
    """The fields with a name: a rule that nobody named is named as it reads."""
    if fields.get("name"):
        return fields
    wanted = checked(team_id, {**fields, "name": "-"})
    return {**fields, "name": reads.kept_words_of(_unkept(team_id, wanted))}


def sentence(team_id: UUID, wanted: Wanted) -> str:
    """A rule that is not kept, in one sentence."""
    return reads.words_of(_unkept(team_id, wanted))


def _unkept(team_id: UUID, wanted: Wanted) -> AlertRule:
    rule = as_rule(team_id, wanted)
    if wanted.workflow_id is not None:
        rule.workflow = Workflow.objects.filter(team_id=team_id, id=wanted.workflow_id).first()
    return rule


def _page(
    request: TeamRequest, kept: AlertRule | None, told: dict[str, str], reasons: dict[str, str] | None = None
) -> HttpResponseBase:
    reasons = reasons or {}
    rehearsal_href, words = "", ""
    try:
        fields = named(request.team.id, form.read(request.team.id, told), told)
        words = sentence(request.team.id, checked(request.team.id, fields, kept))
        if "rehearse" in request.GET:
            rehearsal_href = _rehearsal_href(request, kept, told)
    except RuleRefused as refused:
        # A form that was just opened is not blamed; one whose rehearsal is asked for is.
        reasons = reasons or (refused.reasons if "rehearse" in request.GET else {})
    context = {
        "kept": kept,
        "told": told,
        "choices": form.choices(request.team.id, told),
        "reasons": reasons,
        "refusals": [(label_of(name), why) for name, why in reasons.items()],
        "words": words,
        "rehearsal_href": rehearsal_href,
        "cancel_href": _cancel_href(request, kept),
        "proposal": _proposal(request, told),
    }
    return TemplateResponse(request, "alerts/rules/form.html", context, status=422 if reasons else 200)


def _proposal(request: TeamRequest, told: dict[str, str]) -> dict[str, str] | None:
    """The schedule that the history of the chosen workflow shows, with the address of the form that has it."""
    if told["metric"] != "missed_schedule" or told.get("cron") or told.get("period_s"):
        return None
    workflow = find(request.team.id, told["workflow"])
    zones = list(dict.fromkeys((timezone.get_current_timezone_name(), "UTC")))
    environment = told.get("environment") or None
    found = workflow and proposed_schedule(request.team.id, workflow.id, environment, zones, timezone.now())
    if not found:
        return None
    fields = {name: str(value) for name, value in found.as_parameters().items()}
    return {"words": found.words, "href": form.address({**told, **fields})}


def _cancel_href(request: TeamRequest, kept: AlertRule | None) -> str:
    slug = request.team.slug
    return reverse("rule", args=[slug, kept.id]) if kept else reverse("rules", args=[slug])


def _rehearsal_href(request: TeamRequest, kept: AlertRule | None, told: dict[str, str]) -> str:
    more = {"rule": str(kept.id)} if kept else {}
    return reverse("rehearse_rule", args=[request.team.slug]) + form.address(told, **more)
