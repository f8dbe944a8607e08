"""How often runs have a value anyway: the base that failures are compared with."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db import connection

from monitoring.filters import ANY, Filters
from monitoring.identity import PRODUCTION, LabelKind, label_id
from monitoring.models import Dimension, Grain, Workflow
from monitoring.reads.failures import RUN_FILTERS, failing, run_filters
from monitoring.reads.matching import conditions
from monitoring.reads.rollup_rows import pending, segments
from monitoring.windows import MINUTE

# Where rollups have no answer, the newest so many runs stand for all of them.
MAX_RUNS = 2_500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value that failures may share.

    `param` is the query parameter that filters by it ("" when there is none), `base` what its usual share is of;
    `is_called` when it is an attribute of the failing step, not of the run.
    """

    name: str
    title: str
    base: str
    param: str = ""
    dimension: Dimension | None = None
    column: str = ""
    is_called: bool = False


RUNS, STEP_RUNS, FAILURES_BEFORE = "all runs", "all step runs", "the failures of the period before"
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("step", "Step", STEP_RUNS, "step", Dimension.NODE, "failed_node_id"),
        Kind("input", "Input type", RUNS, "input", Dimension.INPUT_TYPE, "input_type_id"),
        Kind("system", "External system", STEP_RUNS, "system", Dimension.SYSTEM, "system_id", True),
        Kind("model", "Model", STEP_RUNS, "model", Dimension.MODEL, "model_id", True),
        Kind("provider", "Provider", STEP_RUNS, "", Dimension.PROVIDER, "provider_id", True),
        Kind("tool", "Tool", STEP_RUNS, "tool", Dimension.TOOL, "tool_id", True),
        Kind("release", "Release", RUNS, "release", Dimension.RELEASE, "release_id"),
        Kind("trigger", "Trigger", RUNS, "trigger", Dimension.TRIGGER, "trigger_id"),
        Kind("error", "Error", FAILURES_BEFORE, "error", Dimension.ERROR, "error_id"),
        Kind("hour", "Hour", RUNS),
        Kind("field", "Input field or tag", RUNS),
    )
}


# A value of one of these says where failures come from; the others say when, or name the failure itself.
LOCAL_KINDS = frozenset({"step", "input", "system", "model", "provider", "tool"})
_OF_STEPS: dict[int, str] = {int(kind.dimension or 0): name for name, kind in KINDS.items() if kind.base == STEP_RUNS}
_OF_RUNS: dict[int, str] = {
    int(kind.dimension or 0): name for name, kind in KINDS.items() if kind.base == RUNS and kind.dimension
}


class Key(NamedTuple):
    """A value: its kind, its label id (of a facet that of its name; of an hour the hour), and the text of a facet."""

    kind: str
    value_id: int
    text: str = ""


@dataclass(slots=True)
class Usual:
    """Counts per value and per kind. `sampled`: how many of the newest runs were counted, None when all were."""

    counts: dict[Key, int] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    apart: set[str] = field(default_factory=lambda: {"error"})
    sampled: int | None = None

    def of(self, key: Key) -> tuple[int, int, bool]:
        """(how often, of how many, whether the failures themselves are not among them)."""
        return self.counts.get(key, 0), self.totals.get(key.kind, 0), key.kind in self.apart


def usual_counts(team_id: uuid.UUID, workflow: Workflow, filters: Filters, keys: Sequence[Key], *, zone: str) -> Usual:
    """How often runs (step runs, failures before) have these values. Hours are those of `zone`."""
    usual = Usual()
    _count_errors_before(team_id, workflow, filters, usual)
    is_rolled_up = not any(filters[name] for name in RUN_FILTERS if name != "env")
    if is_rolled_up:
        _count_rollups(team_id, workflow, filters, keys, usual, zone)
    _count_records(team_id, workflow, filters, keys, usual, () if is_rolled_up else (zone,))
    return usual


def _count_errors_before(team_id: uuid.UUID, workflow: Workflow, filters: Filters, usual: Usual) -> None:
    before = replace(run_filters(filters, workflow), window=filters.window.previous())
    population, params = failing(team_id, workflow, before)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT error_id, count(*) FROM ({population}) f WHERE error_id IS NOT NULL GROUP BY 1", params)
        for error_id, count in cursor.fetchall():
            usual.counts[Key("error", error_id)] = count
            usual.totals["error"] = usual.totals.get("error", 0) + count


_ROLLED_UP = """
WITH part AS (
    SELECT dimension, value_id, bucket, grain, runs FROM rollup
    WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND dimension = ANY(%(dimensions)s)
        AND (dimension IN (0, 20) OR value_id = ANY(%(values)s)) AND {environment}
        AND ({spans})
)
SELECT dimension, value_id, sum(runs) FROM part GROUP BY 1, 2
UNION ALL
SELECT -1, extract(hour FROM bucket AT TIME ZONE %(zone)s)::bigint, sum(runs) FROM rollup
WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND dimension = 0 AND {environment}
    AND grain = %(fine)s AND bucket >= %(start)s AND bucket < %(end)s
GROUP BY 2
"""


def _count_rollups(
    team_id: uuid.UUID, workflow: Workflow, filters: Filters, keys: Sequence[Key], usual: Usual, zone: str
) -> None:
    window = filters.window.aligned()
    environment, environment_params = _environments(filters)
    spans = segments(window, pending(team_id))
    params: dict[str, Any] = {
        **environment_params,
        "team": team_id,
        "workflow": workflow.id,
        "dimensions": [0, *(int(kind.dimension) for kind in KINDS.values() if kind.dimension)],
        "values": [key.value_id for key in keys if key.kind not in ("hour", "field", "error")],
        "zone": zone,
        "fine": int(Grain.MINUTE if window.precision == MINUTE else Grain.HOUR),
        "start": window.start,
        "end": window.end,
    }
    parts = []
    for number, span in enumerate(spans):
        parts.append(f"(grain = {int(span.grain)} AND bucket >= %(start{number})s AND bucket < %(end{number})s)")
        params |= {f"start{number}": span.start, f"end{number}": span.end}
    with connection.cursor() as cursor:
        cursor.execute(_ROLLED_UP.format(environment=environment, spans=" OR ".join(parts)), params)
        for dimension, value_id, runs in cursor.fetchall():
            _add_rolled(usual, dimension, value_id, int(runs))


def _add_rolled(usual: Usual, dimension: int, value_id: int, runs: int) -> None:
    if dimension == Dimension.NONE:
        usual.totals |= dict.fromkeys((*_OF_RUNS.values(), "hour"), runs)
        return
    if dimension == Dimension.NODE:
        for of_steps in _OF_STEPS.values():
            usual.totals[of_steps] = usual.totals.get(of_steps, 0) + runs
    name = "hour" if dimension == -1 else _OF_STEPS.get(dimension) or _OF_RUNS.get(dimension)
    if name:
        usual.counts[Key(name, value_id)] = runs


def _environments(filters: Filters) -> tuple[str, dict[str, Any]]:
    """The environments as a condition on rollups, with its named parameters."""
    choice = filters["env"]
    wanted = [PRODUCTION] if not choice else [name for name in choice.wanted if name != ANY]
    if ANY in choice.wanted:
        wanted = []
    parts, params = ["true"], {}
    for name, values, test in (("wanted", wanted, "= ANY"), ("excluded", choice.excluded, "<> ALL")):
        if values:
            parts.append(f"environment_id {test}(%({name})s)")
            params[name] = [label_id(LabelKind.ENVIRONMENT, value) for value in values]
    return " AND ".join(parts), params


_RECORDS = """
WITH run AS MATERIALIZED (
    SELECT id, retention_class, anchor_day, counted_at, input_type_id, release_id, trigger_id FROM execution
    WHERE {where} ORDER BY counted_at DESC, id DESC LIMIT {most}
), wanted (key_id, value) AS (SELECT * FROM unnest(%s::bigint[], %s::text[]))
SELECT 'all', NULL::bigint, NULL::text, count(*) FROM run
UNION ALL
SELECT 'field', x.key_id, x.value, count(*)
FROM run r CROSS JOIN LATERAL (
    SELECT key_id, value FROM facet WHERE team_id = %s AND execution_id = r.id
        AND retention_class = r.retention_class AND anchor_day = r.anchor_day OFFSET 0) x
JOIN wanted w ON w.key_id = x.key_id AND w.value = x.value GROUP BY 2, 3
{others}
"""
_OTHERS = """
UNION ALL SELECT * FROM (
    SELECT CASE WHEN GROUPING(input_type_id) = 0 THEN 'input' WHEN GROUPING(release_id) = 0 THEN 'release'
            WHEN GROUPING(trigger_id) = 0 THEN 'trigger' ELSE 'hour' END AS kind,
        CASE WHEN GROUPING(input_type_id) = 0 THEN input_type_id WHEN GROUPING(release_id) = 0 THEN release_id
            WHEN GROUPING(trigger_id) = 0 THEN trigger_id ELSE hour END AS value_id, NULL, count(*)
    FROM (SELECT *, extract(hour FROM date_trunc('hour', counted_at) AT TIME ZONE %s)::bigint AS hour FROM run) r
    GROUP BY GROUPING SETS ((input_type_id), (release_id), (trigger_id), (hour))
) runs WHERE value_id IS NOT NULL
UNION ALL SELECT * FROM (
    SELECT CASE WHEN GROUPING(node_id) = 0 THEN 'step' WHEN GROUPING(system_id) = 0 THEN 'system'
            WHEN GROUPING(model_id) = 0 THEN 'model' WHEN GROUPING(provider_id) = 0 THEN 'provider' ELSE 'tool' END,
        COALESCE(node_id, system_id, model_id, provider_id, tool_id) AS value_id, NULL, count(*)
    FROM run r JOIN step s ON s.team_id = %s AND s.execution_id = r.id
        AND s.retention_class = r.retention_class AND s.anchor_day = r.anchor_day
    GROUP BY GROUPING SETS ((node_id), (system_id), (model_id), (provider_id), (tool_id))
) steps WHERE value_id IS NOT NULL
"""


def _count_records(
    team_id: uuid.UUID,
    workflow: Workflow,
    filters: Filters,
    keys: Sequence[Key],
    usual: Usual,
    others: tuple[str, ...],
) -> None:
    """Counts facets of the newest runs, and with `others` (the zone of the hours) everything else as well."""
    where, params = conditions(team_id, run_filters(filters, workflow))
    fields = [key for key in keys if key.kind == "field"]
    params = [*params, [key.value_id for key in fields], [key.text for key in fields], team_id]
    sql = _RECORDS.format(where=where, most=MAX_RUNS, others=_OTHERS if others else "")
    with connection.cursor() as cursor:
        cursor.execute(sql, [*params, *others, *([team_id] if others else [])])
        rows = cursor.fetchall()
    names = set(KINDS) - {"error"} if others else {"field"}
    for kind, value_id, text, count in rows:
        if kind == "all":
            counted = ("field", "hour", *_OF_RUNS.values()) if others else ("field",)
            usual.totals |= dict.fromkeys(counted, count)
            if count == MAX_RUNS:
                usual.sampled, usual.apart = MAX_RUNS, usual.apart | names
        else:
            usual.counts[Key(kind, value_id, text or "")] = count
            if kind == "step":
                for name in _OF_STEPS.values():
                    usual.totals[name] = usual.totals.get(name, 0) + count
