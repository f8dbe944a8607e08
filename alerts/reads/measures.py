"""Measures the metrics that come from rollups (`Family.ROLLUP`), for many rules and windows at once.

Rules that look at the same rows share one read: it is grouped by length and ends of windows, environment, dimension,
and whether histograms are needed. What a rule says about one workflow or value is picked from that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from alerts.analysis.pace import length_of, newest_end
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads.measures_sums import NOTHING, Known, Part, Sums, sums_of_windows, unrated_workflows
from alerts.reads.measures_usual import Ranges, read_ranges
from alerts.reads.measures_values import DIMENSIONS, MEASURES, Measure
from monitoring.identity import NO_WORKFLOW, label_id
from monitoring.models import Dimension
from monitoring.reads.figures import Totals, together
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import pending
from monitoring.windows import Window, minute_floor


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule and the ends of the windows that it is measured over, in order of time. `standing` are subjects that are
    measured although nothing may be told of them any more."""

    rule: AlertRule
    ends: tuple[datetime, ...]
    standing: tuple[Subject, ...] = ()

    @property
    def length(self) -> timedelta:
        """How long the windows are."""
        return length_of(self.rule.condition)

    @property
    def dimension(self) -> Dimension:
        """What the figures are split by."""
        return DIMENSIONS[self.rule.scope][0] if self.rule.scope in DIMENSIONS else Dimension.NONE

    @property
    def value_id(self) -> int | None:
        """The label of the one value that the rule looks at; None: each, or none."""
        known = DIMENSIONS.get(self.rule.scope)
        return label_id(known[1], self.rule.value) if known and self.rule.value else None

    @property
    def is_together(self) -> bool:
        """Whether the rule looks at all workflows together."""
        return self.rule.workflow_id is None and not self.rule.is_per_workflow


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """The readings of the newest window of each rule."""
    return read_windows(team_id, [Asked(rule, (newest_end(rule.condition, now),)) for rule in rules], now)


def read_windows(team_id: UUID, asked: Sequence[Asked], now: datetime) -> dict[UUID, list[Reading]]:
    """The readings of each rule, of one subject after the other, each in order of time.

    A rule about a metric that is no figure of rollups has none.
    """
    known = Known(pending(team_id), unrated_workflows(team_id), minute_floor(now))
    usual = read_ranges(team_id, [one.rule for one in asked])
    found: dict[UUID, list[Reading]] = {}
    told = [one for one in asked if one.rule.metric in MEASURES]
    for _, group in groupby(sorted(told, key=_sort_key), key=_group_key):
        found |= _read_group(team_id, list(group), known, usual)
    return found


def _group_key(one: Asked) -> tuple[Any, ...]:
    is_timed = MEASURES[one.rule.metric].is_timed
    return one.length, one.ends, one.rule.environment, one.dimension.value, is_timed


def _sort_key(one: Asked) -> tuple[Any, ...]:
    return *_group_key(one), one.rule.id


def _read_group(team_id: UUID, group: Sequence[Asked], known: Known, usual: Ranges) -> dict[UUID, list[Reading]]:
    part = _part(group)
    windows = sums_of_windows(team_id, part, group[0].length, group[0].ends, known)
    is_each = any(one.dimension and not one.rule.value for one in group)
    names = label_values(team_id, {key[1] for sums in windows.values() for key in sums} if is_each else ())
    return {one.rule.id: _readings(one, windows, names, usual) for one in group}


def _part(group: Sequence[Asked]) -> Part:
    """What all of the group need; one workflow or value only where they all look at that one."""
    measures = [MEASURES[one.rule.metric] for one in group]
    workflows, values = ({one.rule.workflow_id for one in group}, {one.value_id for one in group})
    return Part(
        environment=group[0].rule.environment or None,
        dimension=group[0].dimension,
        columns=tuple(dict.fromkeys(column for measure in measures for column in measure.columns)),
        is_timed=measures[0].is_timed,
        workflow_id=workflows.pop() if len(workflows) == 1 else None,
        value_id=values.pop() if len(values) == 1 else None,
    )


def _readings(one: Asked, windows: Mapping[datetime, Sums], names: Mapping[int, str], usual: Ranges) -> list[Reading]:
    figures = {end: _of_rule(one, sums, names) for end, sums in windows.items()}
    subjects = {*_given(one.rule), *one.standing, *(subject for told in figures.values() for subject in told)}
    measure = MEASURES[one.rule.metric]
    return [
        _reading(one, measure, subject, end, figures[end].get(subject, NOTHING), usual)
        for subject in sorted(subjects, key=lambda each: (str(each.workflow_id), each.value))
        for end in one.ends
    ]


def _reading(one: Asked, measure: Measure, subject: Subject, end: datetime, totals: Totals, usual: Ranges) -> Reading:
    value, samples = measure.of(totals)
    low, high = usual.limits(one.rule, subject, totals, Window(end - one.length, end))
    return Reading(subject, end, value, samples, low, high)


def _given(rule: AlertRule) -> Iterable[Subject]:
    """The subject that a rule names, of which it is told also when there is nothing."""
    is_each_workflow = rule.workflow_id is None and rule.is_per_workflow
    if not is_each_workflow and (rule.value or not rule.scope):
        yield Subject(rule.workflow_id, rule.value)


def _of_rule(one: Asked, sums: Sums, names: Mapping[int, str]) -> dict[Subject, Totals]:
    """The figures of the subjects of a rule. Runs whose workflow nobody told count to all together, and are of no
    workflow of their own."""
    rule, value_id = one.rule, one.value_id or 0
    is_one_value = bool(value_id) or not one.dimension
    if rule.workflow_id is not None and is_one_value:
        totals = sums.get((rule.workflow_id, value_id))
        return {Subject(rule.workflow_id, rule.value): totals} if totals is not None else {}
    told = [
        (key, totals)
        for key, totals in sums.items()
        if (not is_one_value or key[1] == value_id) and (rule.workflow_id is None or key[0] == rule.workflow_id)
    ]
    if not one.is_together:
        return {
            Subject(key[0], rule.value or names.get(key[1], "")): totals
            for key, totals in told
            if key[0] != NO_WORKFLOW
        }
    parts: dict[int, list[Totals]] = {}
    for key, totals in told:
        parts.setdefault(key[1], []).append(totals)
    return {Subject(None, rule.value or names.get(id, "")): together(some) for id, some in parts.items()}
