"""What a budget may say: limits, and why one is refused, by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import formats
from accounts.models import MemberGroup, Membership
from billing.analysis.amounts import read_currency, read_positive
from billing.analysis.budget_course import ThresholdOn
from billing.models import Budget, BudgetScope
from billing.reads.reporting import USD, exchange_of
from monitoring.identity import LabelKind, label_id
from monitoring.models import Label, Workflow

MAX_NAME, MAX_VALUE, MAX_ENVIRONMENT = 120, 500, 200
MAX_BUDGETS = 100
MAX_THRESHOLDS = 10
LEAST_PERCENT, MOST_PERCENT = 1, 1000
FIELDS = (
    *("name", "scope", "workflow_id", "value", "environment", "amount", "currency", "thresholds"),
    *("owner_id", "owner_group_id", "is_active"),
)
SCOPE_FIELDS = ("scope", "workflow_id", "value", "environment")
_KINDS = {BudgetScope.PROVIDER.value: LabelKind.PROVIDER, BudgetScope.TAG.value: LabelKind.TAG}
Faults = dict[str, str]


@dataclass(frozen=True, slots=True)
class WantedBudget:
    """What somebody asks for; names and meanings are those of `billing.models.Budget`. `amount` may be a text."""

    name: str = ""
    scope: str = BudgetScope.TEAM.value
    workflow_id: UUID | None = None
    value: str = ""
    environment: str = ""
    amount: Any = None
    currency: str = USD
    thresholds: Any = ()
    owner_id: UUID | None = None
    owner_group_id: UUID | None = None
    is_active: bool = True


def read_amount_of(told: Any) -> Decimal:
    """An amount above 0. Raises `ValueError` with the reason."""
    return read_positive(f"{told:f}" if isinstance(told, Decimal) else str(told))


def read_thresholds(told: Any) -> list[dict[str, Any]]:
    """Thresholds in order, each once. Raises `ValueError` with the reason."""
    if not isinstance(told, list | tuple):
        raise ValueError("must be a list of {on, percent}")
    found = set()
    for one in told:
        on, percent = (one.get("on"), one.get("percent")) if isinstance(one, Mapping) else (None, None)
        if on not in list(ThresholdOn):
            raise ValueError(f"must be on one of: {', '.join(ThresholdOn)}")
        if isinstance(percent, bool) or not isinstance(percent, int) or not LEAST_PERCENT <= percent <= MOST_PERCENT:
            words = _("must be whole percents from {least} to {most}")
            raise ValueError(words.format(least=LEAST_PERCENT, most=formats.count(MOST_PERCENT)))
        found.add((str(on), percent))
    if len(found) > MAX_THRESHOLDS:
        raise ValueError(_("must be at most {most}").format(most=MAX_THRESHOLDS))
    return [{"on": on, "percent": percent} for on, percent in sorted(found)]


def faults_of(team_id: UUID, wanted: WantedBudget, before: WantedBudget | None, id: UUID | None, today: date) -> Faults:
    """Why it is refused, by field. What vanished since does not stand in the way of other changes."""
    found = _text_faults(wanted)
    for name, reader in (("amount", read_amount_of), ("thresholds", read_thresholds), ("currency", read_currency)):
        try:
            reader(getattr(wanted, name))
        except ValueError as error:
            found[name] = str(error)
    if wanted.amount in (None, ""):
        found["amount"] = _("must be told")
    if "currency" not in found and (before is None or before.currency != wanted.currency):
        found |= _rate_faults(team_id, wanted.currency, today)
    if not found.keys() & {"name", *SCOPE_FIELDS}:
        is_new = before is None or any(getattr(before, name) != getattr(wanted, name) for name in SCOPE_FIELDS)
        found |= (_scope_faults(team_id, wanted) if is_new else {}) or _twice(team_id, wanted, id)
    return found | _owner_faults(team_id, wanted, before)


def _text_faults(wanted: WantedBudget) -> Faults:
    found: Faults = {}
    for field, most in (("name", MAX_NAME), ("value", MAX_VALUE), ("environment", MAX_ENVIRONMENT)):
        told = getattr(wanted, field)
        if not isinstance(told, str) or len(told) > most or "\x00" in told:
            found[field] = _("must be a text of at most {most} characters, without NUL").format(most=most)
    if "name" not in found and not wanted.name:
        found["name"] = _("must be told")
    if wanted.scope not in BudgetScope.values:
        found["scope"] = _("must be one of: {words}").format(words=", ".join(BudgetScope.values))
    return found


def _rate_faults(team_id: UUID, currency: str, today: date) -> Faults:
    if currency == USD or exchange_of(team_id, [currency])[currency].rate_on(today) is not None:
        return {}
    words = _("has no exchange rate for {day}: add one first")
    return {"currency": words.format(day=today.isoformat())}


def _scope_faults(team_id: UUID, wanted: WantedBudget) -> Faults:
    """What it is for must be there."""
    found: Faults = {}
    if wanted.scope == BudgetScope.WORKFLOW.value:
        if wanted.workflow_id is None:
            found["workflow"] = _("must be told")
        elif not Workflow.objects.filter(team_id=team_id, id=wanted.workflow_id).exists():
            found["workflow"] = _("is not known")
    if kind := _KINDS.get(wanted.scope):
        if not wanted.value:
            found["value"] = _("must be told")
        elif not _has_label(team_id, kind, wanted.value):
            is_tag = kind is LabelKind.TAG
            found["value"] = (
                _("is no tag of executions, as key=value") if is_tag else _("is no provider that executions told")
            )
    if wanted.environment and not _has_label(team_id, LabelKind.ENVIRONMENT, wanted.environment):
        found["environment"] = _("is not one that executions told")
    return found


def _has_label(team_id: UUID, kind: LabelKind, value: str) -> bool:
    return Label.objects.filter(team_id=team_id, id=label_id(kind, value)).exists()


def _twice(team_id: UUID, wanted: WantedBudget, id: UUID | None) -> Faults:
    """Two of one scope, or of one name, are refused; so are more than a team may have."""
    others = Budget.objects.filter(team_id=team_id, removed_at__isnull=True)
    others = others.exclude(id=id) if id else others
    same = others.filter(**{name: getattr(wanted, name) for name in SCOPE_FIELDS}).values_list("name", flat=True)
    if (name := same.first()) is not None:
        return {"scope": _("has a budget already: {name}").format(name=name)}
    if others.filter(name=wanted.name).exists():
        return {"name": _("is that of another budget")}
    if id is None and others.count() >= MAX_BUDGETS:
        return {"name": _("cannot be added: a team has at most {most} budgets").format(most=MAX_BUDGETS)}
    return {}


def _owner_faults(team_id: UUID, wanted: WantedBudget, before: WantedBudget | None) -> Faults:
    user, group = wanted.owner_id, wanted.owner_group_id
    if before is not None and (before.owner_id, before.owner_group_id) == (user, group):
        return {}
    if user is not None and group is not None:
        return {"owner": _("must be a member or a group, not both")}
    if user is not None and not Membership.objects.filter(team_id=team_id, user_id=user).exists():
        return {"owner": _("must be a member of the team")}
    if group is not None and not MemberGroup.objects.filter(team_id=team_id, id=group).exists():
        return {"owner": _("must be a group of the team")}
    return {}
