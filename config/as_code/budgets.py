"""Budgets, by name."""

from typing import Any
from uuid import UUID

from rest_framework import serializers as s

from accounts.models import User
from billing.api.budget_documents import BudgetFieldsSerializer
from billing.models import Budget
from billing.reads.budgets import budgets_of
from billing.reads.cost_document import text
from billing.services.budget_checks import FIELDS, WantedBudget
from billing.services.budgets import remove_budget, save_budget
from billing.services.refusals import Refused
from config.as_code.changes import Applying, Document, items
from config.as_code.reading import emails, groups, read_fields, with_workflow

_USUAL = WantedBudget()
_PLAIN = ("scope", "value", "environment", "currency", "is_active")


class _Fields(BudgetFieldsSerializer):
    """With e-mail and name in the place of ids, which differ from installation to installation."""

    owner = s.CharField(required=False, allow_null=True)
    owner_group = s.CharField(required=False, allow_null=True)
    owner_id = owner_group_id = None  # type: ignore[assignment]


class Budgets:
    """A list of budgets: what is left out is as in a new one."""

    name = "budgets"

    def export(self, team_id: UUID) -> list[Document]:
        """All budgets."""
        return [_document(one) for one in budgets_of(team_id)]

    def apply(self, told: Any, at: Applying) -> None:
        """Makes or changes each budget."""
        kept = {one.name: one for one in budgets_of(at.team_id)}
        wanted = items(told, self.name, at)
        if at.is_pruning:
            names = {item["name"] for _, item in wanted}
            for one in (one for name, one in kept.items() if name not in names):
                remove_budget(team_id=at.team_id, budget_id=one.id, by=None, now=at.now)
                at.note(self.name, one.name, _document(one), None)
        for place, item in wanted:
            self._save(item, kept.get(item["name"]), place, at)

    def _save(self, item: Document, kept: Budget | None, place: str, at: Applying) -> None:
        before = _document(kept) if kept else None
        fields = read_fields(_Fields, item, place, at)
        if fields is None:
            return
        fields = _with_owner(with_workflow(fields, place, at), place, at)
        usual = {name: getattr(_USUAL, name) for name in FIELDS}
        try:
            made = save_budget(
                team_id=at.team_id,
                fields={**usual, **fields},
                by=None,
                now=at.now,
                budget_id=kept.id if kept else None,
            )
        except Refused as refused:
            at.refuse(place, refused.reasons)
            return
        at.note(self.name, made.name, before, _document(budgets_of(at.team_id).get(id=made.id)))


def _with_owner(fields: Document, place: str, at: Applying) -> Document:
    """The same with ids of owner and group; who is not there is noted."""
    for name, known in (("owner", emails), ("owner_group", groups)):
        told = fields.pop(name, None)
        found = known(at.team_id).get(told) if told else None
        if told and found is None:
            at.refuse(place, {name: f"{told} is not known"})
        fields[f"{name}_id"] = found
    return fields


def _document(one: Budget) -> Document:
    told = {name: getattr(one, name) for name in _PLAIN}
    owner = User.objects.filter(id=one.owner_id).first() if one.owner_id else None
    names = {id: name for name, id in groups(one.team_id).items()} if one.owner_group_id else {}
    extras = {
        "workflow": one.workflow.slug if one.workflow_id and one.workflow else None,
        "thresholds": [dict(each) for each in one.thresholds],
        "owner": owner.email if owner else None,
        "owner_group": names.get(one.owner_group_id) if one.owner_group_id else None,
    }
    said = {name: value for name, value in told.items() if value != getattr(_USUAL, name)}
    return {"name": one.name, "amount": text(one.amount), **said, **{name: v for name, v in extras.items() if v}}
