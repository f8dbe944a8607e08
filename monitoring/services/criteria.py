"""Adding, changing and removing the success criteria of a workflow. Each has its executions checked again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import remove_told, update_told
from accounts.models import User
from monitoring.analysis.criteria import MAX_CRITERIA, MAX_NAME, expression_fault
from monitoring.models import SuccessCriterion, Workflow
from monitoring.store.criteria import forget_criteria
from monitoring.store.criteria_check import request_check


class CriterionRefused(Exception):
    """A criterion that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@transaction.atomic
def add_criterion(*, workflow: Workflow, name: str, expression: str, user: User | None, now: datetime) -> UUID:
    """Adds a criterion; its id. Raises `CriterionRefused`."""
    known = _lock(workflow)
    _check(workflow, None, name, expression)
    if known.count() >= MAX_CRITERIA:
        text = _("is one too many: a workflow has at most {most} criteria")
        raise CriterionRefused({"name": text.format(most=MAX_CRITERIA)})
    last = known.aggregate(last=Max("position"))["last"]
    made = SuccessCriterion.objects.create(
        team_id=workflow.team_id,
        workflow=workflow,
        name=name,
        expression=expression,
        position=0 if last is None else last + 1,
        created_at=now,
        created_by=user,
    )
    _changed(workflow, now)
    return made.id


@transaction.atomic
def change_criterion(*, workflow: Workflow, criterion_id: UUID, name: str, expression: str, now: datetime) -> None:
    """Changes name and expression. Raises `CriterionRefused`, and `SuccessCriterion.DoesNotExist`."""
    before = _lock(workflow).get(id=criterion_id)
    _check(workflow, criterion_id, name, expression)
    update_told(SuccessCriterion.objects.filter(id=criterion_id), name=name, expression=expression)
    if before.expression != expression:
        _changed(workflow, now)
    else:
        transaction.on_commit(forget_criteria)


@transaction.atomic
def remove_criterion(*, workflow: Workflow, criterion_id: UUID, now: datetime) -> bool:
    """Removes a criterion; whether it was there."""
    gone = remove_told(_lock(workflow).filter(id=criterion_id))
    if gone:
        _changed(workflow, now)
    return bool(gone)


def faults(name: str, expression: str) -> dict[str, str]:
    """Why a criterion cannot be used, by field, as far as it can be said without the others of its workflow."""
    found = {}
    if not name:
        found["name"] = _("is missing: pages call the criterion by it")
    elif len(name) > MAX_NAME or "\x00" in name:
        found["name"] = _("must have at most {most} characters, and no NUL").format(most=MAX_NAME)
    if fault := expression_fault(expression):
        found["expression"] = fault
    return found


def _lock(workflow: Workflow) -> QuerySet[SuccessCriterion]:
    """The criteria of a workflow, which nobody else changes meanwhile."""
    Workflow.objects.select_for_update().get(id=workflow.id)
    return SuccessCriterion.objects.filter(workflow_id=workflow.id)


def _check(workflow: Workflow, criterion_id: UUID | None, name: str, expression: str) -> None:
    reasons = faults(name, expression)
    others = SuccessCriterion.objects.filter(workflow_id=workflow.id, name=name)
    if criterion_id is not None:
        others = others.exclude(id=criterion_id)
    if "name" not in reasons and others.exists():
        reasons["name"] = _("is taken: another criterion of this workflow has it")
    if reasons:
        raise CriterionRefused(reasons)


def _changed(workflow: Workflow, now: datetime) -> None:
    """Executions are checked again; this process follows at once, the others within seconds."""
    request_check(workflow.team_id, workflow.id, now)
    transaction.on_commit(forget_criteria)
