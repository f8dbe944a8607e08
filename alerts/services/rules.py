"""Alert rules: saved, switched on and off, removed. Everything is checked here, for pages, API and default rules alike.

`by` is a member, the name of an API key, or None for Steadyrun. Call inside the team's context.
"""

from collections.abc import Mapping
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import formats
from accounts.models import User
from alerts.analysis.catalogue import Scope
from alerts.analysis.rule_checks import faults
from alerts.analysis.wanted import Wanted
from alerts.models import AlertRule, AlertState, Incident, RuleDue
from alerts.reads.measures_values import DIMENSIONS
from alerts.services.incidents import resolve
from billing.reads.budgets import budgets_of
from monitoring.identity import PRODUCTION, LabelKind, label_id
from monitoring.models import Label, Workflow

By = User | str | None
MAX_RULES = 2_000
FIELDS = tuple(one.name for one in fields_of(Wanted))
# A change of these makes other subjects of a rule: what is known of the old ones means nothing any more.
_TARGET = ("metric", "workflow_id", "is_per_workflow", "scope", "value", "environment")
_CONDITION = (
    *("comparison", "threshold", "clear_threshold", "window_s", "delay_s", "min_samples", "for_s", "keep_firing_s"),
    *("no_data", "parameters"),
)


class RuleRefused(Exception):
    """What cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


def checked(team_id: UUID, fields: Mapping[str, Any], kept: AlertRule | None = None) -> Wanted:
    """The rule that these fields ask for, on top of a kept one. Raises `RuleRefused`."""
    told = {name: fields[name] for name in FIELDS if name in fields}
    if "tags" in told:
        told["tags"] = tuple(told["tags"])
    before = wanted_of(kept) if kept is not None else None
    wanted = replace(before, **told) if before else Wanted(**{"name": "", "metric": "", **told})
    wanted = replace(wanted.fitted(), name=_stripped(wanted.name), text=_stripped(wanted.text))
    reasons = faults(wanted)
    if not reasons.keys() & {"value", "environment", "scope"}:
        reasons = _unknown(team_id, wanted, before) | reasons
    if reasons:
        raise RuleRefused(reasons)
    return wanted


def wanted_of(rule: AlertRule) -> Wanted:
    """A kept rule as plain values."""
    told = {name: getattr(rule, name) for name in FIELDS}
    return Wanted(**{**told, "tags": tuple(rule.tags)})


def as_rule(team_id: UUID, wanted: Wanted) -> AlertRule:
    """A rule that is not kept, as readers take it."""
    return AlertRule(team_id=team_id, **_columns(wanted))


@transaction.atomic
def save_rule(
    *, team_id: UUID, fields: Mapping[str, Any], by: By, now: datetime, rule_id: UUID | None = None
) -> AlertRule:
    """Keeps a new rule, or changes these fields of one. Raises `RuleRefused`, `AlertRule.DoesNotExist`."""
    if rule_id is not None:
        return _change(_locked(team_id, rule_id), fields, by, now)
    wanted = checked(team_id, fields)
    if AlertRule.objects.filter(team_id=team_id, removed_at__isnull=True).count() >= MAX_RULES:
        raise RuleRefused({"name": f"cannot be added: a team has at most {formats.count(MAX_RULES)} rules"})
    told = {"created_at": now, "updated_at": now, "updated_by": by if isinstance(by, User) else None}
    rule = AlertRule.objects.create(team_id=team_id, **_columns(wanted), **told)
    _follow(rule, now)
    return rule


def _change(rule: AlertRule, fields: Mapping[str, Any], by: By, now: datetime) -> AlertRule:
    wanted = checked(rule.team_id, fields, rule)
    told = _columns(wanted)
    changed = {name for name, value in told.items() if getattr(rule, name) != value}
    if not changed:
        return rule
    for name in changed:
        setattr(rule, name, told[name])
    rule.updated_at, rule.updated_by = now, by if isinstance(by, User) else None
    rule.revision += bool(changed & {*_TARGET, *_CONDITION})
    rule.save()
    if not rule.is_active:
        _forget(rule, "The rule was switched off.", by, now)
    elif changed & set(_TARGET):
        _forget(rule, "The rule looks at something else now.", by, now)
    elif changed & set(_CONDITION):
        # What fires goes on, and ends as the changed condition says; what waits to fire begins anew.
        AlertState.objects.filter(team_id=rule.team_id, rule=rule, incident_id__isnull=True).delete()
    _follow(rule, now, is_new="is_active" in changed)
    return rule


@transaction.atomic
def set_active(*, team_id: UUID, rule_id: UUID, is_active: bool, by: By, now: datetime) -> AlertRule:
    """Switches a rule on or off; what it fired is resolved. Raises `AlertRule.DoesNotExist`."""
    return _switch(_locked(team_id, rule_id), is_active, by, now)


def _switch(rule: AlertRule, is_active: bool, by: By, now: datetime) -> AlertRule:
    if rule.is_active == is_active:
        return rule
    rule.is_active, rule.updated_at, rule.updated_by = is_active, now, by if isinstance(by, User) else None
    rule.save(update_fields=["is_active", "updated_at", "updated_by"])
    if not is_active:
        _forget(rule, "The rule was switched off.", by, now)
    _follow(rule, now, is_new=True)
    return rule


@transaction.atomic
def remove_rule(*, team_id: UUID, rule_id: UUID, by: By, now: datetime) -> AlertRule:
    """Removes a rule: it is kept for its incidents, those that are open are resolved. Raises `DoesNotExist`."""
    rule = _locked(team_id, rule_id)
    rule.is_active, rule.removed_at, rule.updated_at = False, now, now
    rule.updated_by = by if isinstance(by, User) else None
    rule.save(update_fields=["is_active", "removed_at", "updated_at", "updated_by"])
    _forget(rule, "The rule was removed.", by, now)
    _follow(rule, now)
    return rule


def _locked(team_id: UUID, rule_id: UUID) -> AlertRule:
    return AlertRule.objects.select_for_update().get(team_id=team_id, id=rule_id, removed_at__isnull=True)


def _follow(rule: AlertRule, now: datetime, *, is_new: bool = False) -> None:
    """Puts a rule into the queue of evaluations, or takes it out. What was missed while it was off is not made up."""
    if not rule.is_active:
        RuleDue.objects.filter(rule_id=rule.id).delete()
        return
    told: dict[str, Any] = {"team_id": rule.team_id, "due_at": now}
    if is_new:
        told["evaluated_until"] = None
    RuleDue.objects.update_or_create(rule_id=rule.id, defaults=told)


def _forget(rule: AlertRule, reason: str, by: By, now: datetime) -> None:
    """Where it stood means nothing any more: its open incidents are resolved, with the reason."""
    mine = Incident.objects.filter(team_id=rule.team_id, rule=rule, resolved_at__isnull=True)
    ids = list(mine.order_by("id").values_list("id", flat=True))
    resolve(rule.team_id, ids, now, by=by if isinstance(by, User) else None, text=reason)
    AlertState.objects.filter(team_id=rule.team_id, rule=rule).delete()


def _columns(wanted: Wanted) -> dict[str, Any]:
    told = {name: getattr(wanted, name) for name in FIELDS}
    return {**told, "tags": list(wanted.tags)}


def _stripped(text: Any) -> Any:
    return text.strip() if isinstance(text, str) else text


def _unknown(team_id: UUID, wanted: Wanted, before: Wanted | None) -> dict[str, str]:
    """What it is about must exist when that is said; what vanished since does not stand in the way of other changes."""
    reasons: dict[str, str] = {}
    own, workflow_id = Workflow.objects.filter(team_id=team_id), wanted.workflow_id
    is_told = workflow_id is not None and _is_new(before, wanted, "workflow_id")
    if workflow_id and is_told and not own.filter(id=workflow_id).exists():
        reasons["workflow"] = "is not known"
    environment, is_told = wanted.environment, _is_new(before, wanted, "environment")
    is_told = is_told and environment not in ("", PRODUCTION)
    if is_told and not _has_label(team_id, LabelKind.ENVIRONMENT, environment):
        reasons["environment"] = "is not one that executions told"
    is_told = _is_new(before, wanted, "scope") or _is_new(before, wanted, "value")
    known = DIMENSIONS.get(wanted.scope) if wanted.value and is_told else None
    if known is not None and not _has_label(team_id, known[1], wanted.value):
        reasons["value"] = f"is no {wanted.scope} that executions told"
    if wanted.scope == Scope.BUDGET and wanted.value and is_told and not _is_budget(team_id, wanted.value):
        reasons["value"] = "is no budget"
    return reasons


def _is_budget(team_id: UUID, value: str) -> bool:
    return any(value in (one.name, str(one.id)) for one in budgets_of(team_id))


def _is_new(before: Wanted | None, wanted: Wanted, field: str) -> bool:
    return before is None or getattr(before, field) != getattr(wanted, field)


def _has_label(team_id: UUID, kind: LabelKind, value: str) -> bool:
    return Label.objects.filter(team_id=team_id, id=label_id(kind, value)).exists()
