"""Budgets: made, changed, removed, each with a row of history. Everything is checked here, for pages and API alike.

Call inside the team's context.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import ApiKey, MemberGroup, User
from billing.models import Budget, BudgetEvent, BudgetScope
from billing.services.budget_checks import FIELDS, WantedBudget, faults_of, read_amount_of, read_thresholds
from billing.services.history import By, Subject, record
from billing.services.refusals import Refused
from monitoring.models import Workflow

_TEXTS = ("name", "value", "environment", "currency")


def checked(*, team_id: UUID, fields: Mapping[str, Any], now: datetime, kept: Budget | None = None) -> dict[str, Any]:
    """The columns of the budget that these fields ask for, on top of a kept one. Raises `Refused`."""
    told = {name: fields[name] for name in FIELDS if name in fields}
    told |= {name: told[name].strip() for name in _TEXTS if isinstance(told.get(name), str)}
    before = wanted_of(kept) if kept is not None else None
    wanted = _fitted(replace(before or WantedBudget(), **told))
    if reasons := faults_of(team_id, wanted, before, kept.id if kept else None, now.date()):
        raise Refused(reasons)
    columns = {name: getattr(wanted, name) for name in FIELDS}
    return {
        **columns,
        "amount": read_amount_of(wanted.amount),
        "currency": wanted.currency.upper(),
        "thresholds": read_thresholds(wanted.thresholds),
    }


def _fitted(wanted: WantedBudget) -> WantedBudget:
    """The same without what does not belong to its scope."""
    if wanted.scope != BudgetScope.WORKFLOW.value:
        wanted = replace(wanted, workflow_id=None)
    if wanted.scope not in (BudgetScope.PROVIDER.value, BudgetScope.TAG.value):
        wanted = replace(wanted, value="")
    return replace(wanted, currency=wanted.currency.upper())


def wanted_of(budget: Budget) -> WantedBudget:
    """A kept budget as plain values."""
    return WantedBudget(**{name: getattr(budget, name) for name in FIELDS})


def save_budget(
    *, team_id: UUID, fields: Mapping[str, Any], by: By, now: datetime, budget_id: UUID | None = None
) -> Budget:
    """Keeps a new budget, or changes these fields of one. Raises `Refused`, `Budget.DoesNotExist`."""
    try:
        with transaction.atomic():
            return _change(team_id, budget_id, fields, by, now) if budget_id else _make(team_id, fields, by, now)
    except IntegrityError:
        # Somebody else was faster.
        raise Refused({"scope": _("has a budget already, or its name is taken")}) from None


def _make(team_id: UUID, fields: Mapping[str, Any], by: By, now: datetime) -> Budget:
    columns = checked(team_id=team_id, fields=fields, now=now)
    made = Budget.objects.create(team_id=team_id, created_at=now, updated_at=now, **columns)
    _note(made, "made", _changes(team_id, None, columns), by, now)
    return made


def _change(team_id: UUID, budget_id: UUID, fields: Mapping[str, Any], by: By, now: datetime) -> Budget:
    budget = _locked(team_id, budget_id)
    columns = checked(team_id=team_id, fields=fields, now=now, kept=budget)
    changed = {name: value for name, value in columns.items() if getattr(budget, name) != value}
    if not changed:
        return budget
    _note(budget, "changed", _changes(budget.team_id, budget, changed), by, now)
    if changed.keys() & {"amount", "currency"}:
        _keep_earlier(budget, now)
    for name, value in changed.items():
        setattr(budget, name, value)
    budget.updated_at = now
    budget.save()
    return budget


def _keep_earlier(budget: Budget, now: datetime) -> None:
    """Months that are over keep the amount that they had; the month of the change has the last one told in it."""
    month = now.date().replace(day=1)
    if budget.created_at.date().replace(day=1) == month:
        return
    if not budget.earlier or budget.earlier[-1]["before"] != month.isoformat():
        told = {"before": month.isoformat(), "amount": f"{budget.amount:f}", "currency": budget.currency}
        budget.earlier = [*budget.earlier, told]


@transaction.atomic
def remove_budget(*, team_id: UUID, budget_id: UUID, by: By, now: datetime) -> Budget:
    """Removes a budget; its history stays. Raises `Budget.DoesNotExist`."""
    budget = _locked(team_id, budget_id)
    budget.removed_at = budget.updated_at = now
    budget.save(update_fields=["removed_at", "updated_at"])
    _note(budget, "removed", {}, by, now)
    return budget


def _locked(team_id: UUID, budget_id: UUID) -> Budget:
    return Budget.objects.select_for_update().get(team_id=team_id, id=budget_id, removed_at__isnull=True)


def _note(budget: Budget, what: str, changes: dict[str, Any], by: By, now: datetime) -> None:
    who = {"key_name": by.name[:200]} if isinstance(by, ApiKey) else {"by": by}
    record(budget.team_id, Subject.BUDGET, budget.id, what, by=by, now=now, name=budget.name, changes=changes)
    BudgetEvent.objects.create(team_id=budget.team_id, budget=budget, at=now, what=what, changes=changes, **who)


def _changes(team_id: UUID, budget: Budget | None, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Each field as pages write it, before and after; of a new budget only what was told."""
    found = {}
    for name, value in columns.items():
        before = _words(team_id, name, getattr(budget, name)) if budget else ""
        if before != (after := _words(team_id, name, value)):
            found[_LABELS.get(name, name)] = [before, after]
    return found


_LABELS = {
    "workflow_id": "workflow",
    "owner_id": "owner",
    "owner_group_id": "owner group",
    "is_active": "active",
}


def _words(team_id: UUID, name: str, value: Any) -> str:
    if value in (None, ""):
        return ""
    match name:
        case "workflow_id":
            found = Workflow.objects.filter(team_id=team_id, id=value)
            return found.values_list("name", flat=True).first() or str(value)
        case "owner_id":
            return User.objects.filter(id=value).values_list("email", flat=True).first() or str(value)
        case "owner_group_id":
            groups = MemberGroup.objects.filter(team_id=team_id, id=value)
            return groups.values_list("name", flat=True).first() or str(value)
        case "thresholds":
            return ", ".join(f"{one['percent']}% {one['on']}" for one in value)
        case "is_active":
            return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
