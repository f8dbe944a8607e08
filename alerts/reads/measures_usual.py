"""Usual ranges for rules that ask whether something is outside of them: of a workflow, or of a node or release of it.

They are kept for one environment each; what is not of one workflow, or of another dimension, has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alerts.analysis.catalogue import Scope
from alerts.analysis.conditions import Comparison
from alerts.analysis.readings import Subject
from alerts.analysis.usual import NEEDED, Exposure, limits_of
from alerts.models import AlertRule
from monitoring.analysis.baseline import range_over
from monitoring.analysis.ranges import Metric
from monitoring.identity import LabelKind, label_id
from monitoring.models import Basis
from monitoring.reads.baselines import documents
from monitoring.reads.figures import Totals
from monitoring.windows import Window

UNUSUAL = (Comparison.UNUSUAL, Comparison.UNUSUAL_EITHER)
_BASES: dict[str, tuple[Basis, LabelKind | None]] = {
    "": (Basis.WORKFLOW, None),
    Scope.NODE: (Basis.NODE, LabelKind.NODE),
    Scope.RELEASE: (Basis.RELEASE, LabelKind.RELEASE),
}

# Environment, basis, workflow, label of the value.
Whose = tuple[str, Basis, UUID, int]
Limits = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Ranges:
    """The documents of usual ranges by whose they are and of which figure."""

    kept: Mapping[Whose, Mapping[Metric, Mapping[str, Any]]]

    def limits(self, rule: AlertRule, subject: Subject, totals: Totals, window: Window) -> Limits:
        """Between which values the rule's metric is as usual in a window; nothing where that is not asked or known."""
        if rule.comparison not in UNUSUAL or subject.workflow_id is None or rule.scope not in _BASES:
            return None, None
        basis, kind = _BASES[rule.scope]
        value_id = label_id(kind, subject.value) if kind else 0
        kept = self.kept.get((rule.environment, basis, subject.workflow_id, value_id), {})
        wanted = (metric for metric in NEEDED.get(rule.metric, ()) if metric in kept)
        ranges = {metric: range_over(kept[metric], window.start, window.end) for metric in wanted}
        behind = Exposure(totals.rated, totals.runs, totals.timed_runs, window.length.total_seconds() / 3600)
        return limits_of(rule.metric, ranges, behind) or (None, None)


def read_ranges(team_id: UUID, rules: Sequence[AlertRule]) -> Ranges:
    """What the rules among these need that ask for what is unusual: one query for each environment that they name."""
    asking = [rule for rule in rules if rule.comparison in UNUSUAL and rule.environment and rule.scope in _BASES]
    kept: dict[Whose, dict[Metric, Mapping[str, Any]]] = {}
    for environment in sorted({rule.environment for rule in asking}):
        mine = [rule for rule in asking if rule.environment == environment]
        found = documents(
            team_id,
            environment,
            bases={_BASES[rule.scope][0] for rule in mine},
            metrics={metric for rule in mine for metric in NEEDED.get(rule.metric, ())},
            workflows=_workflows(mine),
        )
        for (workflow_id, basis, value_id, metric), document in found.items():
            kept.setdefault((environment, basis, workflow_id, value_id), {})[metric] = document
    return Ranges(kept)


def _workflows(rules: Sequence[AlertRule]) -> set[UUID] | None:
    """The workflows that they name; None where one looks at each."""
    named = {rule.workflow_id for rule in rules}
    return None if None in named else {id for id in named if id is not None}
