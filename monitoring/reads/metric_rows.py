"""The figures that metrics are made of: since the first day of the month, by workflow, model and provider.

Values come from rollups; what is at work now is asked of the records. The number of queries does not depend on how
much there is. Each set of labels is bounded: what is past a bound is put together as `(other)`, and counted.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.identity import NO_WORKFLOW, LabelKind, label_id
from monitoring.models import Dimension
from monitoring.reads.figures import Tokens, Totals, together
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Segment, Slice, figures, month_of, pending, segments
from monitoring.statuses import Status
from monitoring.windows import HOUR, Window, floor_to

MAX_WORKFLOWS = 500
MAX_MODELS = 200
MAX_PROVIDERS = 50
OTHER, NOT_TOLD = "(other)", "(not told)"
TOKEN_TYPES = ("input", "cache_read", "cache_write", "output")

# In the order in which they appeared, so that the ones with a label of their own keep it.
_NAMES = "SELECT id, name FROM workflow WHERE team_id = %s ORDER BY created_at, id"
_LIVE = f"""SELECT COALESCE(workflow_id, '{NO_WORKFLOW}'), status, count(*) FROM execution
    WHERE team_id = %s AND status IN ({Status.QUEUED:d}, {Status.RUNNING:d}, {Status.WAITING:d})"""


@dataclass(slots=True)
class MetricRows:
    """Figures since `since`, complete up to `as_of`. `cut` counts the values that share the label `(other)`.

    `live` counts executions by workflow and status; `tokens` and `reasoning` are by model (and type).
    """

    since: datetime
    as_of: datetime
    workflows: dict[str, Totals] = field(default_factory=dict)
    live: dict[tuple[str, str], int] = field(default_factory=dict)
    tokens: dict[tuple[str, str], int] = field(default_factory=dict)
    reasoning: dict[str, int] = field(default_factory=dict)
    cost_usd: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    team_id: UUID
    environment: str | None
    parts: list[Segment]
    names: dict[UUID, str]

    def rows(self, dimension: Dimension, key: str, *, is_timed: bool = False) -> dict[Any, Totals]:
        """Figures by an SQL expression over rollup columns."""
        which = Slice(None, self.environment, dimension)
        return figures(self.team_id, which, self.parts, key, is_timed=is_timed)

    def workflow(self, workflow_id: UUID) -> str:
        """The value of the label `workflow`."""
        return NOT_TOLD if workflow_id == NO_WORKFLOW else self.names.get(workflow_id, OTHER)


def read_rows(team_id: UUID, now: datetime, *, environment: str | None = None) -> MetricRows:
    """The figures of a team, of one environment or (None) all. Call it inside the team's context."""
    since, marked = month_of(now), pending(team_id)
    # Hours are folded together with their minutes, so the hour that is under way is as fresh as they are.
    parts = segments(Window(since, floor_to(now, HOUR) + HOUR), marked)
    known = run_prepared(_NAMES, [team_id])
    asked = _Asked(team_id, environment, parts, dict(known[:MAX_WORKFLOWS]))
    found = MetricRows(since, min(marked.waiting_since, now))
    found.cut["workflow"] = max(len(known) - MAX_WORKFLOWS, 0)
    by_id = asked.rows(Dimension.NONE, "workflow_id", is_timed=True)
    _add_workflows(found, asked, by_id)
    _add_tokens(found, asked)
    _add_cost(found, asked, by_id)
    _add_live(found, asked)
    return found


def _add_workflows(found: MetricRows, asked: _Asked, by_id: dict[UUID, Totals]) -> None:
    grouped: dict[str, list[Totals]] = defaultdict(list)
    for workflow_id, total in by_id.items():
        grouped[asked.workflow(workflow_id)].append(total)
    found.workflows = {name: parts[0] if len(parts) == 1 else together(parts) for name, parts in grouped.items()}


def _add_tokens(found: MetricRows, asked: _Asked) -> None:
    """Tokens by model; what executions or steps told without a model is `(not told)`."""
    rows = asked.rows(Dimension.MODEL, "value_id")
    ranked = sorted(rows, key=lambda value: (-(rows[value].tokens.total or 0), value))
    words = label_values(asked.team_id, ranked[:MAX_MODELS])
    found.cut["model"] = max(len(ranked) - MAX_MODELS, 0)
    tokens: dict[tuple[str, str], int] = defaultdict(int)
    reasoning: dict[str, int] = defaultdict(int)
    for value, total in rows.items():
        _count_tokens(tokens, reasoning, words.get(value, OTHER), total.tokens)
    whole, named = _sum_tokens(found.workflows.values()), _sum_tokens(rows.values())
    rest = Tokens(**{name: max(told - named.get(name, 0), 0) or None for name, told in whole.items()})
    _count_tokens(tokens, reasoning, NOT_TOLD, rest)
    found.tokens, found.reasoning = dict(tokens), dict(reasoning)


def _count_tokens(tokens: dict[tuple[str, str], int], reasoning: dict[str, int], model: str, told: Tokens) -> None:
    for name in TOKEN_TYPES:
        if (count := getattr(told, name)) is not None:
            tokens[model, name] += count
    if told.reasoning is not None:
        reasoning[model] += told.reasoning


def _sum_tokens(totals: Iterable[Totals]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for total in totals:
        for name in Tokens.__slots__:
            found[name] += getattr(total.tokens, name) or 0
    return found


def _add_cost(found: MetricRows, asked: _Asked, by_id: dict[UUID, Totals]) -> None:
    """Cost by provider and workflow; what was told of a workflow without a provider is `(not told)`."""
    rows = asked.rows(Dimension.PROVIDER, "workflow_id::text || ' ' || value_id")
    told: dict[tuple[UUID, int], Decimal] = {}
    for key, total in rows.items():
        workflow_id, _, value = key.partition(" ")
        if total.cost_usd is not None:
            told[UUID(workflow_id), int(value)] = total.cost_usd
    words = _providers(found, asked, told)
    cost: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    rest = {workflow_id: total.cost_usd for workflow_id, total in by_id.items() if total.cost_usd is not None}
    for (workflow_id, value), usd in told.items():
        cost[words.get(value, OTHER), asked.workflow(workflow_id)] += usd
        rest[workflow_id] = rest.get(workflow_id, Decimal(0)) - usd
    for workflow_id, usd in rest.items():
        if usd > 0:
            cost[NOT_TOLD, asked.workflow(workflow_id)] += usd
    found.cost_usd = dict(cost)


def _providers(found: MetricRows, asked: _Asked, told: dict[tuple[UUID, int], Decimal]) -> dict[int, str]:
    """The names of the providers with a label of their own: those that cost most."""
    spent: dict[int, Decimal] = defaultdict(Decimal)
    for (_, value), usd in told.items():
        spent[value] += usd
    ranked = sorted(spent, key=lambda value: (-spent[value], value))
    found.cut["provider"] = max(len(ranked) - MAX_PROVIDERS, 0)
    return label_values(asked.team_id, ranked[:MAX_PROVIDERS])


def _add_live(found: MetricRows, asked: _Asked) -> None:
    """What is queued, running and waiting now, as `monitoring.reads.trends.live` counts it."""
    sql, params = _LIVE, list[Any]([asked.team_id])
    if asked.environment is not None:
        sql, params = f"{sql} AND environment_id = %s", [*params, label_id(LabelKind.ENVIRONMENT, asked.environment)]
    live: dict[tuple[str, str], int] = defaultdict(int)
    for workflow_id, status, count in run_prepared(f"{sql} GROUP BY 1, 2", params):
        live[asked.workflow(workflow_id), Status(status).word] += count
    found.live = dict(live)
