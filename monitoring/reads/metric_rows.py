"""The figures that metrics are made of: since the first day of the month, by workflow, model and provider.

Values come from rollups; what is at work now is asked of the records. The number of queries does not depend on how
much there is. What was counted before the last full hour is read once a minute in a process: it hardly changes, and
reading a month takes three to four times as long as reading two hours. Each set of labels is bounded: what is past a
bound is put together as `(other)`, and counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.identity import NO_WORKFLOW, LabelKind, label_id
from monitoring.reads.labels import label_values
from monitoring.reads.metric_sums import MonthSums, Sums, month_sums
from monitoring.reads.rollup_rows import month_of, pending
from monitoring.statuses import Status

MAX_WORKFLOWS = 500
MAX_MODELS = 200
MAX_PROVIDERS = 50
OTHER, NOT_TOLD = "(other)", "(not told)"
REASONING = "reasoning"

# In the order in which they appeared, so that the ones with a label of their own keep it.
_NAMES = "SELECT id, name FROM workflow WHERE team_id = %s ORDER BY created_at, id"
_LIVE = f"""SELECT COALESCE(workflow_id, '{NO_WORKFLOW}'), status, count(*) FROM execution
    WHERE team_id = %s AND status IN ({Status.QUEUED:d}, {Status.RUNNING:d}, {Status.WAITING:d})"""


@dataclass(slots=True)
class MetricRows:
    """Figures since `since`, complete up to `as_of`. `cut` counts the values that share the label `(other)`.

    `live` counts executions by workflow and status; `tokens` are by model and type (`reasoning` is part of `output`).
    """

    since: datetime
    as_of: datetime
    workflows: dict[str, Sums] = field(default_factory=dict)
    live: dict[tuple[str, str], int] = field(default_factory=dict)
    tokens: dict[tuple[str, str], int] = field(default_factory=dict)
    cost_usd: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Names:
    """The values of the label `workflow`."""

    known: Mapping[UUID, str]

    def of(self, workflow_id: UUID) -> str:
        """The name, or what stands for it."""
        return NOT_TOLD if workflow_id == NO_WORKFLOW else self.known.get(workflow_id, OTHER)


def read_rows(team_id: UUID, now: datetime, *, environment: str | None = None) -> MetricRows:
    """The figures of a team, of one environment or (None) all. Call it inside the team's context."""
    marked = pending(team_id)
    found = MetricRows(month_of(now), min(marked.waiting_since, now))
    known = run_prepared(_NAMES, [team_id])
    names = _Names(dict(known[:MAX_WORKFLOWS]))
    found.cut["workflow"] = max(len(known) - MAX_WORKFLOWS, 0)
    sums = month_sums(team_id, now, environment, marked)
    for workflow_id, one in sums.workflows.items():
        name = names.of(workflow_id)
        found.workflows[name] = found.workflows[name] + one if name in found.workflows else one
    _add_tokens(found, team_id, sums)
    _add_cost(found, team_id, sums, names)
    _add_live(found, team_id, names, environment)
    return found


def _add_tokens(found: MetricRows, team_id: UUID, sums: MonthSums) -> None:
    """Tokens by model; what executions or steps told without a model is `(not told)`."""
    used = {
        value: sum(count for type, count in one.tokens.items() if type != REASONING)
        for value, one in sums.models.items()
    }
    words = _kept(found, team_id, "model", MAX_MODELS, used)
    tokens: dict[tuple[str, str], int] = defaultdict(int)
    for value, one in sums.models.items():
        for type, count in one.tokens.items():
            tokens[words.get(value, OTHER), type] += count
    whole, named = _all_tokens(sums.workflows.values()), _all_tokens(sums.models.values())
    for type, count in whole.items():
        if count > named.get(type, 0):
            tokens[NOT_TOLD, type] += count - named.get(type, 0)
    found.tokens = dict(tokens)


def _all_tokens(sums: Iterable[Sums]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for one in sums:
        for type, count in one.tokens.items():
            found[type] += count
    return found


def _kept(
    found: MetricRows, team_id: UUID, label: str, most: int, weights: Mapping[int, int | Decimal]
) -> dict[int, str]:
    """The names of the values with a label of their own: the greatest ones."""
    ranked = sorted(weights, key=lambda value: (-weights[value], value))
    found.cut[label] = max(len(ranked) - most, 0)
    return label_values(team_id, ranked[:most])


def _add_cost(found: MetricRows, team_id: UUID, sums: MonthSums, names: _Names) -> None:
    """Cost by provider and workflow; what was told of a workflow without a provider is `(not told)`."""
    spent: dict[int, Decimal] = defaultdict(Decimal)
    told = {key: one.cost_usd for key, one in sums.providers.items() if one.cost_usd is not None}
    for (_, value), usd in told.items():
        spent[value] += usd
    words = _kept(found, team_id, "provider", MAX_PROVIDERS, spent)
    cost: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rest = {key: one.cost_usd for key, one in sums.workflows.items() if one.cost_usd is not None}
    for (workflow_id, value), usd in told.items():
        cost[words.get(value, OTHER), names.of(workflow_id)] += usd
        rest[workflow_id] = rest.get(workflow_id, Decimal(0)) - usd
    for workflow_id, usd in rest.items():
        if usd > 0:
            cost[NOT_TOLD, names.of(workflow_id)] += usd
    found.cost_usd = dict(cost)


def _add_live(found: MetricRows, team_id: UUID, names: _Names, environment: str | None) -> None:
    """What is queued, running and waiting now, as `monitoring.reads.trends.live` counts it."""
    sql, params = _LIVE, list[Any]([team_id])
    if environment is not None:
        sql, params = f"{sql} AND environment_id = %s", [*params, label_id(LabelKind.ENVIRONMENT, environment)]
    live: dict[tuple[str, str], int] = defaultdict(int)
    for workflow_id, status, count in run_prepared(f"{sql} GROUP BY 1, 2", params):
        live[names.of(workflow_id), Status(status).word] += count
    found.live = dict(live)
