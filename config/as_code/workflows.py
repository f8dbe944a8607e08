"""Objectives and success criteria of workflows, by slug."""

from typing import Any
from uuid import UUID

from config.as_code.changes import Applying, Document, items
from monitoring.models import SuccessCriterion, Workflow
from monitoring.services.criteria import CriterionRefused, add_criterion, change_criterion, remove_criterion
from monitoring.services.objectives import LIMITS, set_objective

PARTS = ("objectives", "criteria")


class Workflows:
    """`slug: {objectives: {...}, criteria: [...]}`. A part that is there is told whole, one that is not stays."""

    name = "workflows"

    def export(self, team_id: UUID) -> dict[str, Document]:
        """Workflows that have either."""
        criteria: dict[UUID, list[Document]] = {}
        rows = SuccessCriterion.objects.filter(team_id=team_id).order_by("position", "id")
        for workflow, name, expression in rows.values_list("workflow_id", "name", "expression"):
            criteria.setdefault(workflow, []).append({"name": name, "expression": expression})
        found = {}
        for one in Workflow.objects.filter(team_id=team_id).order_by("slug"):
            objectives = _objectives(one)
            told = {"objectives": objectives, "criteria": criteria.get(one.id, [])}
            if any(told.values()):
                found[one.slug] = {part: value for part, value in told.items() if value}
        return found

    def apply(self, told: Any, at: Applying) -> None:
        """Sets both for each workflow that is named."""
        if not isinstance(told, dict):
            at.refuse(self.name, {"must": "be a mapping of slugs"})
            return
        known = {one.slug: one for one in Workflow.objects.filter(team_id=at.team_id, slug__in=map(str, told))}
        for slug, parts in told.items():
            place, workflow = f"{self.name}, {slug}", known.get(str(slug))
            if workflow is None:
                at.refuse(place, {"workflow": "is not known: it must have reported once"})
            elif not isinstance(parts, dict) or set(parts) - set(PARTS):
                at.refuse(place, {"must": f"be a mapping of {' and '.join(PARTS)}"})
            else:
                self._one(workflow, parts, place, at)
        if at.is_pruning:
            for one in Workflow.objects.filter(team_id=at.team_id).exclude(slug__in=map(str, told)).order_by("slug"):
                self._one(one, {"objectives": {}, "criteria": []}, f"{self.name}, {one.slug}", at)

    def _one(self, workflow: Workflow, parts: Document, place: str, at: Applying) -> None:
        if "objectives" in parts:
            self._set_objectives(workflow, parts["objectives"] or {}, place, at)
        if "criteria" in parts:
            self._set_criteria(workflow, parts["criteria"] or [], f"{place}, criteria", at)

    def _set_objectives(self, workflow: Workflow, told: Any, place: str, at: Applying) -> None:
        if not isinstance(told, dict) or not all(isinstance(one, int | float) for one in told.values()):
            at.refuse(place, {"objectives": "must be a mapping of names to numbers"})
            return
        before = _objectives(workflow)
        try:
            set_objective(workflow=workflow, told={**dict.fromkeys(LIMITS), **told})
        except ValueError as error:
            at.refuse(place, {"objectives": error})
            return
        if before != told:
            at.note("objectives", workflow.slug, before, told)

    def _set_criteria(self, workflow: Workflow, told: Any, place: str, at: Applying) -> None:
        rows = SuccessCriterion.objects.filter(team_id=at.team_id, workflow=workflow).order_by("position")
        kept = {one.name: one for one in rows}
        wanted = items(told, place, at)
        names = {item["name"] for _, item in wanted}
        for name, one in kept.items():
            if name not in names:
                remove_criterion(workflow=workflow, criterion_id=one.id, now=at.now)
                at.note("criteria", f"{workflow.slug}: {name}", {"expression": one.expression}, None)
        for where, item in wanted:
            self._save_criterion(workflow, kept.get(item["name"]), item, where, at)

    def _save_criterion(
        self, workflow: Workflow, kept: SuccessCriterion | None, told: Document, place: str, at: Applying
    ) -> None:
        expression = told.get("expression")
        if not isinstance(expression, str) or set(told) - {"name", "expression"}:
            at.refuse(place, {"must": "have name and expression, as text, and nothing else"})
            return
        fields = {"name": told["name"], "expression": expression}
        try:
            if kept is None:
                add_criterion(workflow=workflow, user=None, now=at.now, **fields)
            elif kept.expression != expression:
                change_criterion(workflow=workflow, criterion_id=kept.id, now=at.now, **fields)
        except CriterionRefused as refused:
            at.refuse(place, refused.reasons)
            return
        before = {"expression": kept.expression} if kept else None
        at.note("criteria", f"{workflow.slug}: {told['name']}", before, {"expression": expression})


def _objectives(workflow: Workflow) -> Document:
    told = {name: getattr(workflow, f"objective_{name}") for name in LIMITS}
    return {name: value for name, value in told.items() if value is not None}
