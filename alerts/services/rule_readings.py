"""Reads what rules are about: each family by its reader, and a rule that cannot be read never in the way of others."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads import cost_budgets, groups, live, measures_budget, measures_burn, recent, schedules, sources
from alerts.reads.measures import Asked, read_windows
from alerts.reads.measures_values import MEASURES

logger = logging.getLogger(__name__)

Reader = Callable[[UUID, Sequence[AlertRule], datetime], Mapping[UUID, list[Reading]]]
# Readers of one look at the state of things, by family. Windows of rollups have their own.
LOOKS: dict[Family, Reader] = {
    Family.LIVE: live.read,
    Family.RECENT: recent.read,
    Family.SCHEDULE: schedules.read,
    Family.SOURCE: sources.read,
    Family.GROUP: groups.read,
    Family.BURN: measures_burn.read,
    Family.BUDGET: measures_budget.read,
    Family.COST_BUDGET: cost_budgets.read,
}

_NO_METRIC = "This metric cannot be measured."
_FAILED = "This rule could not be evaluated."


def has_windows(rule: AlertRule) -> bool:
    """Whether a rule is about windows that end one after the other, and not about how things are now."""
    return rule.metric in MEASURES


def family_of(rule: AlertRule) -> Family | None:
    """The family of a rule's metric; None where nobody measures it."""
    metric = METRICS.get(rule.metric)
    if metric is None or (metric.family not in LOOKS and rule.metric not in MEASURES):
        return None
    return metric.family


def read_all(team_id: UUID, asked: Sequence[Asked], now: datetime) -> dict[UUID, list[Reading]]:
    """The readings of each rule; of one that cannot be read that nothing can be said, and why."""
    found: dict[UUID, list[Reading]] = {}
    families: dict[Family | None, list[Asked]] = {}
    for one in asked:
        families.setdefault(family_of(one.rule), []).append(one)
    for family, mine in families.items():
        found |= _unreadable(mine, now, _NO_METRIC) if family is None else _read_safely(team_id, family, mine, now)
    return found


def _read_safely(team_id: UUID, family: Family, asked: Sequence[Asked], now: datetime) -> dict[UUID, list[Reading]]:
    """Halves what fails until the rule that is at fault is alone: the others cost a few reads more."""
    try:
        with transaction.atomic():
            return dict(_read(team_id, family, asked, now))
    except Exception as error:
        if len(asked) == 1:
            logger.exception("alert rule %s could not be read", asked[0].rule.id)
            said = f"{_FAILED[:-1]}: {error}." if isinstance(error, ValueError) else _FAILED
            return _unreadable(asked, now, said)
    half = len(asked) // 2
    return _read_safely(team_id, family, asked[:half], now) | _read_safely(team_id, family, asked[half:], now)


def _read(team_id: UUID, family: Family, asked: Sequence[Asked], now: datetime) -> Mapping[UUID, list[Reading]]:
    if family is Family.ROLLUP:
        return read_windows(team_id, asked, now)
    return LOOKS[family](team_id, [one.rule for one in asked], now)


def _unreadable(asked: Sequence[Asked], now: datetime, said: str) -> dict[UUID, list[Reading]]:
    return {
        one.rule.id: [
            Reading(subject, one.ends[-1] if one.ends else now, None, words=said)
            for subject in {Subject(one.rule.workflow_id, one.rule.value), *one.standing}
        ]
        for one in asked
    }
