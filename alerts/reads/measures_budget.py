"""Measures how much of a month's budget is spent (`Family.BUDGET`): cost since the first of the month (UTC), up to the
newest whole minute, over `parameters.budget_usd`. Of a workflow, of each, or of all together; one read for an
environment.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from accounts import formats
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads.measures_sums import NOTHING, Known, Part, Sums, sums_of_windows, unrated_workflows
from monitoring import wording
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension
from monitoring.reads.figures import Totals, together
from monitoring.reads.rollup_rows import month_of, pending
from monitoring.windows import MINUTE, floor_to, minute_floor


class NoBudget(ValueError):
    """The parameters of a rule name no budget."""


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """The readings of each rule. Raises `NoBudget` where one has no usable budget."""
    known = Known(pending(team_id), unrated_workflows(team_id), minute_floor(now))
    end = floor_to(now, MINUTE)
    start = month_of(end)
    found: dict[UUID, list[Reading]] = {}
    for environment in sorted({rule.environment for rule in rules}):
        part = Part(environment or None, Dimension.NONE, ("runs", "cost_usd"), is_timed=False)
        sums = sums_of_windows(team_id, part, end - start, [end], known)[end] if start < end else {}
        for rule in rules:
            if rule.environment == environment:
                budget = budget_of(rule.parameters)
                told = _of_rule(rule, sums)
                found[rule.id] = [_reading(subject, totals, budget, end) for subject, totals in told.items()]
    return found


def budget_of(parameters: object) -> float:
    """The budget of a month in US dollars. Raises `NoBudget`."""
    told = parameters.get("budget_usd") if isinstance(parameters, Mapping) else None
    try:
        budget = float(told) if told is not None else math.nan
    except (TypeError, ValueError):
        budget = math.nan
    if not math.isfinite(budget) or budget <= 0:
        raise NoBudget("no budget in US dollars is set")
    return budget


def _of_rule(rule: AlertRule, sums: Sums) -> dict[Subject, Totals]:
    if rule.workflow_id is not None:
        return {Subject(rule.workflow_id): sums.get((rule.workflow_id, 0), NOTHING)}
    if rule.is_per_workflow:
        return {Subject(key[0]): totals for key, totals in sums.items() if key[0] != NO_WORKFLOW}
    return {Subject(): together(list(sums.values()))}


def _reading(subject: Subject, totals: Totals, budget: float, end: datetime) -> Reading:
    if totals.cost_usd is None and totals.runs:
        return Reading(subject, end, None, totals.runs, words="Nobody told what its runs cost.")
    spent = float(totals.cost_usd or 0)
    words = f"{wording.usd(spent)} of {wording.usd(budget)} since {formats.long_day(month_of(end))}"
    return Reading(subject, end, spent / budget, totals.runs, words=words)
