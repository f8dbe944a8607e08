"""Usual ranges and proposed objectives as they were built last: for the verdict, the list of workflows and the API.

They are of one environment each. `environment=None` (several) has none.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.statements import run_prepared
from monitoring.analysis.baseline import HOURS_OF_WEEK, Baseline, from_document, range_of_week, range_over
from monitoring.analysis.objectives import Proposal
from monitoring.analysis.ranges import Metric, Range
from monitoring.identity import LabelKind, label_id
from monitoring.models import Basis
from monitoring.reads.labels import label_values
from monitoring.windows import Window

OBJECTIVES = "objectives"
WEEK = timedelta(hours=HOURS_OF_WEEK)
# What a verdict compares with.
JUDGED = (Metric.ERROR_RATE, Metric.DURATION_P95)


def _none() -> Proposal:
    return Proposal(None, _("No proposal yet: its history was not looked at so far"))


@dataclass(frozen=True, slots=True)
class Proposals:
    """What history proposes: a share of 1 and milliseconds, each with its arithmetic.

    `success_gap` is the longest usual time between successes; None where too few are known.
    """

    success_rate: Proposal = field(default_factory=_none)
    p95_ms: Proposal = field(default_factory=_none)
    freshness_ms: Proposal = field(default_factory=_none)
    success_gap: timedelta | None = None

    def of(self, name: str) -> Proposal | None:
        """The proposal for an objective by its name; None for another word."""
        return getattr(self, name) if name in ("success_rate", "p95_ms", "freshness_ms") else None


@dataclass(frozen=True, slots=True)
class Usual:
    """The usual ranges of a workflow's figures over a window, and what its history proposes.

    `nodes`: the usual error rate of each node over a week, by its label id; read for a single workflow only.
    """

    ranges: Mapping[Metric, Range] = field(default_factory=dict)
    proposals: Proposals = field(default_factory=Proposals)
    nodes: Mapping[int, Range] = field(default_factory=dict)


# A week and more needs one range of the whole document.
_WEEK = """jsonb_build_object('version', document->'version', 'metric', document->'metric', 'week', document->'week')"""
_DOCUMENTS = f"""
SELECT workflow_id, value_id, metric, (
    CASE WHEN dimension = {Basis.NODE:d} THEN {_WEEK} WHEN metric = '{OBJECTIVES}' THEN document ELSE {{part}} END
)::text FROM baseline WHERE team_id = %(team)s AND environment_id = %(environment)s AND {{which}}
"""
_OF_ALL = f"dimension = {Basis.WORKFLOW:d} AND value_id = 0 AND metric = ANY(%(metrics)s)"
_OF_ONE = f"""workflow_id = %(workflow)s
    AND ({_OF_ALL} OR dimension = {Basis.NODE:d} AND metric = '{Metric.ERROR_RATE.value}')"""


def usual_by_workflow(
    team_id: UUID, window: Window, *, environment: str | None, workflow_id: UUID | None = None
) -> dict[UUID, Usual]:
    """What a verdict compares with, of each workflow that has it. One query; none for several environments."""
    if environment is None:
        return {}
    part = _WEEK if window.length >= WEEK else "document"
    statement = _DOCUMENTS.format(part=part, which=_OF_ONE if workflow_id else _OF_ALL)
    values = {
        "team": team_id,
        "environment": label_id(LabelKind.ENVIRONMENT, environment),
        "metrics": [*(metric.value for metric in JUDGED), OBJECTIVES],
        "workflow": workflow_id,
    }
    found: dict[UUID, list[tuple[int, str, dict[str, Any]]]] = defaultdict(list)
    for whose, value_id, metric, text in run_prepared(statement, values):
        found[whose].append((value_id, metric, _read(text)))
    return {whose: _usual(documents, window) for whose, documents in found.items()}


def _usual(documents: Iterable[tuple[int, str, dict[str, Any]]], window: Window) -> Usual:
    """From (node or 0, metric, document)."""
    ranges: dict[Metric, Range] = {}
    nodes: dict[int, Range] = {}
    proposals = Proposals()
    for node, metric, document in documents:
        if metric == OBJECTIVES:
            proposals = _proposals(document)
        elif node:
            nodes[node] = range_of_week(document)
        else:
            ranges[Metric(metric)] = range_over(document, window.start, window.end)
    return Usual(ranges, proposals, nodes)


_KEPT = """SELECT workflow_id, dimension, value_id, metric, document::text FROM baseline
WHERE team_id = %(team)s AND environment_id = %(environment)s AND dimension = ANY(%(bases)s)
    AND metric = ANY(%(metrics)s) AND (%(workflows)s::uuid[] IS NULL OR workflow_id = ANY(%(workflows)s))"""


def documents(
    team_id: UUID,
    environment: str,
    *,
    bases: Iterable[Basis],
    metrics: Iterable[Metric],
    workflows: Iterable[UUID] | None = None,
) -> dict[tuple[UUID, Basis, int, Metric], dict[str, Any]]:
    """Baselines as they are kept, for `range_over`, of these workflows or all, by workflow, basis, label and figure."""
    values = {
        "team": team_id,
        "environment": label_id(LabelKind.ENVIRONMENT, environment),
        "bases": [basis.value for basis in bases],
        "metrics": [metric.value for metric in metrics],
        "workflows": None if workflows is None else list(workflows),
    }
    rows = run_prepared(_KEPT, values)
    return {(row[0], Basis(row[1]), row[2], Metric(row[3])): _read(row[4]) for row in rows}


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """A baseline of the API: of what (`basis`, `value`: name of the node, release or type), and when it was built."""

    basis: Basis
    value: str
    metric: Metric
    baseline: Baseline
    built_at: datetime


_LISTED = """SELECT dimension, value_id, metric, document::text, built_at FROM baseline
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND environment_id = %(environment)s
    AND dimension = ANY(%(dimensions)s) AND metric = ANY(%(metrics)s) ORDER BY dimension, value_id, metric"""


def listing(
    team_id: UUID, whose: UUID, environment: str, *, bases: Iterable[Basis], metrics: Iterable[Metric], name: str = ""
) -> list[BaselineRow]:
    """The baselines of a workflow, or of a type by its derived id; `name` is the name of the workflow or type."""
    values = {
        "team": team_id,
        "workflow": whose,
        "environment": label_id(LabelKind.ENVIRONMENT, environment),
        "dimensions": [basis.value for basis in bases],
        "metrics": [metric.value for metric in metrics],
    }
    rows = run_prepared(_LISTED, values)
    names = label_values(team_id, (row[1] for row in rows if row[1]))
    found = [
        BaselineRow(
            Basis(row[0]), names.get(row[1], str(row[1])) if row[1] else name, Metric(row[2]), _baseline(row[3]), row[4]
        )
        for row in rows
    ]
    return sorted(found, key=lambda row: (row.basis, row.value, list(Metric).index(row.metric)))


def _baseline(text: str) -> Baseline:
    return from_document(_read(text))


def _read(text: str) -> dict[str, Any]:
    return dict(json.loads(text))


def _proposals(document: Mapping[str, Any]) -> Proposals:
    gap = document.get("success_gap_s")
    told = {name: Proposal(**document[name]) for name in ("success_rate", "p95_ms", "freshness_ms")}
    return Proposals(**told, success_gap=None if gap is None else timedelta(seconds=gap))
