"""Alert rules, by name."""

from dataclasses import fields as fields_of
from typing import Any
from uuid import UUID

from alerts.analysis.wanted import Wanted
from alerts.api.rule_documents import RuleFieldsSerializer
from alerts.models import AlertRule
from alerts.services.rules import RuleRefused, checked, remove_rule, save_rule, wanted_of
from config.as_code.changes import Applying, Document, items
from config.as_code.reading import read_fields, with_workflow

_USUAL = Wanted("", "")


class Rules:
    """A list of rules as `PUT /api/v1/alert-rules/` takes them: what is left out is as in a new rule."""

    name = "alert_rules"

    def export(self, team_id: UUID) -> list[Document]:
        """All rules, each with what differs from a new one."""
        return [_document(one) for one in _kept(team_id)]

    def apply(self, told: Any, at: Applying) -> None:
        """Makes or changes each rule."""
        kept: dict[str, list[AlertRule]] = {}
        for one in _kept(at.team_id):
            kept.setdefault(one.name, []).append(one)
        wanted = items(told, self.name, at)
        for place, item in wanted:
            mine = kept.get(item["name"], [])
            if len(mine) > 1:
                at.refuse(place, {"name": f"{len(mine)} rules of the team are called so: rename all but one"})
            else:
                self._save(item, mine[0] if mine else None, place, at)
        if at.is_pruning:
            names = {item["name"] for _, item in wanted}
            for one in (one for name, many in kept.items() if name not in names for one in many):
                remove_rule(team_id=at.team_id, rule_id=one.id, by=at.by, now=at.now)
                at.note(self.name, one.name, _document(one), None)

    def _save(self, item: Document, kept: AlertRule | None, place: str, at: Applying) -> None:
        before = _document(kept) if kept else None
        fields = read_fields(RuleFieldsSerializer, item, place, at)
        if fields is None:
            return
        try:
            wanted = checked(at.team_id, with_workflow(fields, place, at))
            told = {one.name: getattr(wanted, one.name) for one in fields_of(Wanted)}
            made = save_rule(team_id=at.team_id, fields=told, by=at.by, now=at.now, rule_id=kept.id if kept else None)
        except RuleRefused as refused:
            at.refuse(place, refused.reasons)
            return
        made = AlertRule.objects.select_related("workflow").get(team_id=at.team_id, id=made.id)
        at.note(self.name, made.name, before, _document(made))


def _kept(team_id: UUID) -> list[AlertRule]:
    mine = AlertRule.objects.filter(team_id=team_id, removed_at__isnull=True)
    return list(mine.select_related("workflow").order_by("name", "id"))


def _document(rule: AlertRule) -> Document:
    """A rule without what is as in a new one."""
    wanted = wanted_of(rule)
    told = {one.name: getattr(wanted, one.name) for one in fields_of(Wanted) if one.name != "workflow_id"}
    said = {name: value for name, value in told.items() if value != getattr(_USUAL, name)}
    said |= {"tags": list(wanted.tags)} if wanted.tags else {}
    workflow = {"workflow": rule.workflow.slug} if rule.workflow_id and rule.workflow else {}
    return {"name": rule.name, "metric": rule.metric, **workflow, **said}
