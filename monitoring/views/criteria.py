"""The success criteria of a workflow: added, changed, removed, and tried on the latest executions before."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring import wording
from monitoring.analysis.criteria import MAX_CRITERIA, Outcome, check, evidence, expression_fault
from monitoring.models import SuccessCriterion, Workflow
from monitoring.reads import criteria as reads
from monitoring.services.criteria import CriterionRefused, add_criterion, change_criterion, remove_criterion
from monitoring.views.criteria_words import criteria_href, progress_words
from monitoring.views.schedule_card import ScheduleCard, schedule_card
from monitoring.views.shell import Scope, frame, open_scope

MAX_LATEST = 20_000
FIELDS = ("name", "expression")
WORDS = {
    Outcome.MET: gettext_noop("{count} met"),
    Outcome.NOT_MET: gettext_noop("{count} not met"),
    Outcome.CANNOT_TELL: gettext_noop("{count} cannot be told"),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What an expression says of a sample; `outcome` is a word with a sign."""

    id: UUID
    external_id: str
    counted_at: datetime
    outcome: str
    reason: str
    evidence: Sequence[tuple[str, str]]


@team_page(Permission.MANAGE_WORKFLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def criteria(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """The criteria with the form to add one."""
    scope, found = _open(request, workflow)
    if request.method != "POST":
        return _page(request, scope, found)
    told = _told(request)
    try:
        add_criterion(workflow=found, **told, user=request.user, now=scope.now)
    except CriterionRefused as refused:
        return _page(request, scope, found, told=told, reasons=refused.reasons)
    words = _("“{name}” added. Executions are checked against it from now on.")
    messages.success(request, words.format(name=told["name"]))
    return HttpResponseRedirect(criteria_href(scope))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_http_methods(["GET", "HEAD", "POST"])
def criterion(request: TeamRequest, workflow: str, criterion: UUID) -> HttpResponseBase:
    """The form to change one."""
    scope, found = _open(request, workflow)
    own = SuccessCriterion.objects.filter(workflow_id=found.id, id=criterion).first()
    if own is None:
        raise Http404("No such criterion.")
    if request.method != "POST":
        return _page(request, scope, found, editing=own, told={name: getattr(own, name) for name in FIELDS})
    told = _told(request)
    try:
        change_criterion(workflow=found, criterion_id=criterion, **told, now=scope.now)
    except SuccessCriterion.DoesNotExist:
        raise Http404("No such criterion.") from None
    except CriterionRefused as refused:
        return _page(request, scope, found, editing=own, told=told, reasons=refused.reasons)
    messages.success(request, _("“{name}” saved.").format(name=told["name"]))
    return HttpResponseRedirect(criteria_href(scope))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def remove(request: TeamRequest, workflow: str, criterion: UUID) -> HttpResponseBase:
    """Removes one; executions that only it made unmet are met again."""
    scope, found = _open(request, workflow)
    if not remove_criterion(workflow=found, criterion_id=criterion, now=scope.now):
        raise Http404("No such criterion.")
    messages.success(request, _("Criterion removed. Executions of the last 30 days are checked without it."))
    return HttpResponseRedirect(criteria_href(scope))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def try_it(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """What the expression in the form says of the latest succeeded executions; nothing is stored."""
    _scope, found = _open(request, workflow)
    return TemplateResponse(request, "criteria/_tried.html", _tried(request, found, _told(request)["expression"]))


@team_page(Permission.MANAGE_WORKFLOWS)
@require_safe
def progress(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """How far executions are checked again, for the page to ask for."""
    _scope, found = _open(request, workflow)
    return TemplateResponse(request, "criteria/_progress.html", {"workflow": found, **_progress(request, found)})


def _open(request: TeamRequest, workflow: str) -> tuple[Scope, Workflow]:
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    return scope, scope.workflow


def _told(request: TeamRequest) -> dict[str, str]:
    """What was sent; line ends of a longer expression are blanks to it."""
    return {name: " ".join(request.POST.get(name, "").split()) for name in FIELDS}


def criteria_page(request: TeamRequest, scope: Scope, workflow: Workflow, *, card: ScheduleCard) -> HttpResponseBase:
    """The page with a form for the schedule that was sent and cannot be kept."""
    return _page(request, scope, workflow, card=card)


def _page(
    request: TeamRequest,
    scope: Scope,
    workflow: Workflow,
    *,
    card: ScheduleCard | None = None,
    editing: SuccessCriterion | None = None,
    told: dict[str, str] | None = None,
    reasons: dict[str, str] | None = None,
) -> HttpResponseBase:
    rows = reads.rows_of_workflow(scope.team.id, workflow.id)
    context = {
        **frame(scope),
        # Criteria hold for all times and environments: the pickers would promise a choice.
        "window": None,
        "environments": (),
        "rows": rows,
        "editing": editing,
        "told": told or {},
        "reasons": reasons or {},
        "is_full": len(rows) >= MAX_CRITERIA and editing is None and not reasons,
        "most": MAX_CRITERIA,
        "schedule": card or schedule_card(workflow),
        **_progress(request, workflow),
        **_tried(request, workflow, (told or {}).get("expression", "")),
    }
    return TemplateResponse(request, "criteria/criteria.html", context, status=422 if reasons or card else 200)


def _progress(request: TeamRequest, workflow: Workflow) -> dict[str, Any]:
    found = reads.progress(request.team.id, workflow.id)
    return {"progress_words": progress_words(found), "is_checking": found is not None and found.finished_at is None}


def _tried(request: TeamRequest, workflow: Workflow, expression: str) -> dict[str, Any]:
    """The trial on the latest executions, and the newest of them to read while writing."""
    samples = reads.samples(request.team.id, workflow.id)
    shows = request.membership.allows(Permission.VIEW_PAYLOADS)
    latest = next((one for one in samples if one.facts is not None), None) if shows else None
    context: dict[str, Any] = {
        "samples": len(samples),
        "latest": latest,
        "latest_text": _pretty(latest.facts) if latest else "",
        "fault": expression_fault(expression) if expression else "",
    }
    if not expression or context["fault"]:
        return context
    # What was not met comes first, then what cannot be told; each newest first.
    order = (Outcome.NOT_MET, Outcome.CANNOT_TELL, Outcome.MET)
    trials = [_trial(expression, one, shows=shows) for one in samples]
    trials.sort(key=lambda one: order.index(Outcome(one.outcome)))
    counts = Counter(Outcome(one.outcome) for one in trials)
    parts = [_(words).format(count=counts[outcome]) for outcome, words in WORDS.items() if counts[outcome]]
    return {**context, "trials": trials, "tried_words": ", ".join(parts)}


def _trial(expression: str, sample: reads.Sample, *, shows: bool) -> Trial:
    name, at = sample.external_id, sample.counted_at
    if sample.facts is None:
        reason = _("its payload is larger than {limit}, too large to try it here").format(
            limit=wording.bytes_size(reads.MAX_SAMPLE_BYTES)
        )
        return Trial(sample.id, name, at, Outcome.CANNOT_TELL, reason, ())
    found = check(expression, sample.facts)
    seen = evidence(expression, sample.facts, found) if shows else ()
    return Trial(sample.id, name, at, found.outcome, found.reason, seen)


def _pretty(value: Any) -> str:
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    return text if len(text) <= MAX_LATEST else f"{text[:MAX_LATEST]}\N{HORIZONTAL ELLIPSIS}"
