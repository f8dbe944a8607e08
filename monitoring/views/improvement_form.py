"""The form of an improvement: planned from a finding, a failure group or a workflow, and edited."""

from dataclasses import dataclass
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
from accounts.formats import typed
from accounts.permissions import Permission
from monitoring.analysis.advice.answer import AdviceKind, Answer
from monitoring.identity import LabelKind, label_id
from monitoring.models import ChangeKind, FailureGroup, Finding, FindingKind, Improvement, Metric, Workflow
from monitoring.reads import improvements as reads
from monitoring.reads.environments import environments_of
from monitoring.reads.workflows import names
from monitoring.services.improvements import (
    CHANGEABLE,
    MAX_TEXT,
    ImprovementRefused,
    Wanted,
    change_improvement,
    plan_improvement,
)
from monitoring.views.shell import open_scope, step_rail

FIELDS = (
    *("kind", "title", "text", "owner", "metric", "reduction", "expected_effect", "links", "environment"),
    *("tracker_url", "workflow"),
)
# What a finding of each kind usually leads to, and the figure that tells whether it helped.
USUAL = {
    FindingKind.TAIL: (ChangeKind.TIMEOUT_RETRY, Metric.P95_MS),
    FindingKind.COST: (ChangeKind.NODE_DESIGN, Metric.COST_USD),
    FindingKind.RETRIES: (ChangeKind.TIMEOUT_RETRY, Metric.RETRY_RATE),
    FindingKind.SCHEDULE: (ChangeKind.TRIGGER, Metric.FAILURE_RATE),
}
# What kind of change each kind of advice asks for.
ADVISED = {
    AdviceKind.TIMEOUT: ChangeKind.TIMEOUT_RETRY,
    AdviceKind.SECOND_TRY: ChangeKind.TIMEOUT_RETRY,
    AdviceKind.RETRY: ChangeKind.TIMEOUT_RETRY,
    AdviceKind.NODE_DESIGN: ChangeKind.NODE_DESIGN,
    AdviceKind.TOOL: ChangeKind.TOOL_INVOCATION,
    AdviceKind.MODEL: ChangeKind.NODE_DESIGN,
    AdviceKind.TRIGGER: ChangeKind.TRIGGER,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the form is about; no workflow: it is still to be chosen."""

    workflow: Workflow | None
    finding: Finding | None = None
    group: FailureGroup | None = None

    @property
    def group_id(self) -> UUID | None:
        """The failure group, told or of the finding."""
        return self.group.id if self.group else self.finding.failure_group_id if self.finding else None


@team_page(Permission.MANAGE_WORKFLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def plan_improvement_page(request: TeamRequest) -> HttpResponseBase:
    """A new improvement, prefilled from `finding`, `group` or `workflow` of the address."""
    subject, now = _subject(request), timezone.now()
    if request.method != "POST":
        return _page(request, subject, _prefilled(request, subject))
    told = _told(request)
    try:
        wanted = _wanted(request, subject, told)
        made = plan_improvement(team_id=request.team.id, wanted=wanted, by=request.user, now=now)
    except ImprovementRefused as refused:
        return _page(request, subject, told, refused.reasons)
    messages.success(request, _("Planned. Say which release carries it once it is live: from then on it is measured."))
    return HttpResponseRedirect(reverse("improvement", args=[request.team.slug, made.id]))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_improvement(request: TeamRequest, improvement: UUID) -> HttpResponseBase:
    """The form to change one."""
    one = reads.find(request.team.id, improvement)
    if one is None:
        raise Http404("No such improvement.")
    group_id = one.failure_group_id
    group = FailureGroup.objects.filter(team_id=request.team.id, id=group_id).first() if group_id else None
    subject = Subject(one.workflow, one.finding, group)
    if request.method != "POST":
        return _page(request, subject, _kept(request, one), editing=one)
    told = _told(request)
    try:
        wanted = _wanted(request, subject, told)
        changes = {name: getattr(wanted, name) for name in CHANGEABLE}
        change_improvement(
            team_id=request.team.id, improvement_id=one.id, changes=changes, by=request.user, now=timezone.now()
        )
    except ImprovementRefused as refused:
        return _page(request, subject, told, refused.reasons, editing=one)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("improvement", args=[request.team.slug, one.id]))


def _subject(request: TeamRequest) -> Subject:
    """What the address names. Raises `Http404` for what is not of this team."""
    team_id = request.team.id
    finding_id, group_id = (_uuid(request.GET.get(name)) for name in ("finding", "group"))
    finding = Finding.objects.filter(team_id=team_id, id=finding_id).first() if finding_id else None
    group = FailureGroup.objects.filter(team_id=team_id, id=group_id).first() if group_id else None
    slug = (request.GET.get("workflow") or "").replace("\x00", "")
    if (finding_id and finding is None) or (group_id and group is None):
        raise Http404("No such finding or group.")
    if group is None and finding is not None and finding.failure_group_id:
        group = FailureGroup.objects.filter(team_id=team_id, id=finding.failure_group_id).first()
    workflow_id = finding.workflow_id if finding else group.workflow_id if group else None
    wanted = Workflow.objects.filter(team_id=team_id)
    workflow = wanted.filter(id=workflow_id).first() if workflow_id else wanted.filter(slug=slug).first()
    if workflow is None and (finding or group or slug):
        raise Http404("No such workflow.")
    return Subject(workflow, finding, group)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Http404("Not an id.") from None


def _prefilled(request: TeamRequest, subject: Subject) -> dict[str, str]:
    """What the finding or group suggests."""
    finding, group = subject.finding, subject.group
    by_group = Metric.GROUP_RATE if group else Metric.FAILURE_RATE
    kind, metric = (ChangeKind.NODE_DESIGN, by_group)
    if finding is not None:
        kind, metric = USUAL.get(FindingKind(finding.kind), (ChangeKind.NODE_DESIGN, by_group))
        kind = next((ADVISED[AdviceKind(one["kind"])] for one in _to_change(finding)), kind)
    environments = {label_id(LabelKind.ENVIRONMENT, name): name for name in environments_of(request.team.id)}
    # In English as the title of what it is about: it is kept for the whole team.
    title = f"Fix: {finding.title}" if finding else f"Fix: {group.title}" if group else ""
    told = dict.fromkeys(FIELDS, "")
    return told | {
        "kind": kind.value,
        "metric": metric.value,
        "title": title[:300],
        "text": advice_text(finding),
        "owner": str(request.user.id),
        "reduction": "50",
        "environment": environments.get(finding.environment_id, "") if finding else "",
        "workflow": subject.workflow.slug if subject.workflow else "",
    }


def advice_text(finding: Finding | None) -> str:
    """What was computed to be changed for a finding, a sentence a line."""
    return "\n".join(one["sentence"] for one in _to_change(finding))[:MAX_TEXT]


def _to_change(finding: Finding | None) -> list[dict[str, Any]]:
    return [one for one in finding.advice if one["answer"] == Answer.CHANGE] if finding else []


def _kept(request: TeamRequest, one: Improvement) -> dict[str, str]:
    environments = {label_id(LabelKind.ENVIRONMENT, name): name for name in environments_of(request.team.id)}
    return {
        "kind": one.kind,
        "title": one.title,
        "text": one.text,
        "owner": str(one.owner_id or ""),
        "metric": one.metric,
        "reduction": f"{-one.expected_change * 100:g}" if one.expected_change is not None else "",
        "expected_effect": one.expected_effect,
        "links": "\n".join(one.links),
        "environment": environments.get(one.environment_id or 0, ""),
        "tracker_url": one.tracker_url,
        "workflow": one.workflow.slug,
    }


def _told(request: TeamRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").replace("\r\n", "\n").strip() for name in FIELDS}


def _wanted(request: TeamRequest, subject: Subject, told: dict[str, str]) -> Wanted:
    """What the form asks for. Raises `ImprovementRefused` for what cannot be read."""
    reasons: dict[str, str] = {}
    workflow = subject.workflow
    if workflow is None:
        slug = told["workflow"].replace("\x00", "")
        workflow = Workflow.objects.filter(team_id=request.team.id, slug=slug).first()
        reasons |= {} if workflow else {"workflow": _("must be chosen")}
    try:
        reduction = float(typed(told["reduction"]).rstrip("% ").replace(",", ".")) if told["reduction"] else None
    except ValueError:
        reduction, reasons["expected change"] = None, _("must be a reduction in percent, from 5 to 100")
    try:
        owner = UUID(told["owner"]) if told["owner"] else None
    except ValueError:
        owner, reasons["owner"] = None, _("must be a member of the team")
    known = environments_of(request.team.id)
    if told["environment"] and told["environment"] not in known:
        reasons["environment"] = _("must be one of: {names}").format(names=", ".join(known))
    if reasons:
        raise ImprovementRefused(reasons)
    return Wanted(
        workflow_id=workflow.id if workflow else None,
        kind=told["kind"],
        title=told["title"],
        metric=told["metric"],
        environment_id=label_id(LabelKind.ENVIRONMENT, told["environment"]) if told["environment"] else None,
        finding_id=subject.finding.id if subject.finding else None,
        failure_group_id=subject.group_id,
        text=told["text"],
        owner_id=owner,
        expected_change=-reduction / 100 if reduction is not None else None,
        expected_effect=told["expected_effect"],
        links=told["links"].split(),
        tracker_url=told["tracker_url"],
    )


def _page(
    request: TeamRequest,
    subject: Subject,
    told: dict[str, str],
    reasons: dict[str, str] | None = None,
    *,
    editing: Improvement | None = None,
) -> HttpResponseBase:
    scope = open_scope(request, subject.workflow.slug if subject.workflow else None)
    metrics = [pair for pair in Metric.choices if pair[0] != Metric.GROUP_RATE or subject.group_id]
    context: dict[str, Any] = {
        "scope": scope,
        "workflow": subject.workflow,
        "about": reads.about(request.team.id, subject.finding, subject.group_id, scope.now),
        "told": told,
        "reasons": reasons or {},
        "editing": editing,
        "kinds": ChangeKind.choices,
        "metrics": metrics,
        "people": reads.members(request.team.id),
        "all_environments": environments_of(request.team.id),
        "workflows": [] if subject.workflow else names(request.team.id),
        "rail": step_rail(scope, None, current=5),
    }
    return TemplateResponse(request, "improvements/form.html", context, status=422 if reasons else 200)
