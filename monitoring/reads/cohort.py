"""The healthy cohort of an execution: how many succeeded ones there are of its kind, and these as the analysis sees
them, bounded in rows, steps and bytes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.cohort import AT_MOST, LEVELS
from monitoring.analysis.steps import Run, Step
from monitoring.identity import derive_uuid
from monitoring.reads.analysed import output_of
from monitoring.reads.labels import label_values
from monitoring.reads.places import in_places
from monitoring.reads.replay_records import NAMELESS, ExecutionRecord
from monitoring.reads.visits import times_since
from monitoring.statuses import Status
from monitoring.store.payloads import merge_chunks

# The newest executions of the workflow that are looked through for succeeded ones.
LOOKED_AT = 4_000
# Executions are taken, newest first, until they have so many steps, payloads until they weigh so much (bytes, packed).
MAX_STEPS = 20_000
MAX_PAYLOADS = 50
MAX_PAYLOAD_BYTES = 4_000_000

_SHARED = {"release": "release_id", "trigger": "trigger_id", "input type": "input_type_id"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Only the newest rows are read, whatever the workflow has; what succeeded without meeting its criteria is not healthy.
_HEALTHY = f"""
WITH latest AS MATERIALIZED (
    SELECT id, counted_at, environment_id, status, is_unmet, step_count, duration_ms, release_id, trigger_id,
        input_type_id, retention_class, anchor_day
    FROM execution WHERE team_id = %(team)s AND workflow_id = %(workflow)s
    ORDER BY counted_at DESC, id DESC LIMIT {LOOKED_AT}
), healthy AS (
    SELECT * FROM latest WHERE environment_id = %(environment)s AND status = {Status.SUCCEEDED:d}
        AND is_unmet IS NOT TRUE AND step_count > 0 AND id <> %(own)s
)
"""
_SAME = " AND ".join(f"{column} IS NOT DISTINCT FROM %({column})s" for column in _SHARED.values())
_COUNTS = (
    _HEALTHY
    + "SELECT "
    + ", ".join(
        "count(*) FILTER (WHERE true{})".format(
            "".join(f" AND {_SHARED[n]} IS NOT DISTINCT FROM %({_SHARED[n]})s" for n in level if n in _SHARED)
        )
        for level in LEVELS
    )
    + " FROM healthy"
)
_COHORT = (
    _HEALTHY
    + """, chosen AS (
    SELECT *, sum(step_count) OVER (ORDER BY counted_at DESC, id DESC) AS steps FROM healthy WHERE true {same}
    ORDER BY counted_at DESC, id DESC LIMIT %(most)s
)
SELECT id, counted_at, duration_ms, retention_class, anchor_day FROM chosen WHERE steps - step_count < %(steps)s
ORDER BY counted_at DESC, id DESC"""
)
# Plain rows: parents, times and names are all that a healthy step is known by.
_STEP_COLUMNS = (
    *("execution_id", "id", "parent_id", "position", "attempt", "node_id", "kind_id", "tool_id", "model_id", "status"),
    *("started_at", "ended_at", "duration_ms", "input_tokens", "cache_read_tokens", "cache_write_tokens"),
    "output_tokens",
)
_PLACES = "WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s) AND {places}"
_STEPS = f"SELECT {', '.join(_STEP_COLUMNS)} FROM step {_PLACES} ORDER BY execution_id, position, started_at, id"
_BODIES = f"""SELECT execution_id, body FROM (
    SELECT execution_id, body, sum(octet_length(body)) OVER (ORDER BY execution_id, digest) AS bytes FROM payload
    {_PLACES}) AS told WHERE bytes <= {MAX_PAYLOAD_BYTES}"""


def reference_id(execution: ExecutionRecord, shared: Mapping[str, int | None], level: Sequence[str]) -> UUID:
    """The id of the reference of the executions that share this with the one given."""
    parts = [f"{name}={shared[_SHARED[name]]}" for name in level if name in _SHARED]
    workflow = execution.workflow_id
    return derive_uuid(workflow.bytes if workflow else b"", "reference", str(execution.environment_id), *parts)


def shared_ids(team_id: UUID, execution: ExecutionRecord) -> dict[str, int | None]:
    """The label ids by which executions of its kind are known: release, trigger, input type."""
    rows = run_prepared(
        "SELECT release_id, trigger_id, input_type_id FROM execution WHERE team_id = %s AND id = %s",
        [team_id, execution.id],
    )
    return dict(zip(_SHARED.values(), rows[0] if rows else (None,) * len(_SHARED), strict=True))


def count_healthy(
    team_id: UUID, execution: ExecutionRecord, shared: Mapping[str, int | None]
) -> dict[tuple[str, ...], int]:
    """How many succeeded executions there are at each level of `LEVELS`, among the newest `LOOKED_AT`."""
    (counts,) = run_planned(_COUNTS, _params(team_id, execution, shared))
    return dict(zip(LEVELS, counts, strict=True))


def healthy_runs(
    team_id: UUID, execution: ExecutionRecord, shared: Mapping[str, int | None], level: Sequence[str]
) -> tuple[list[Run], datetime | None]:
    """The latest succeeded executions at a level, and where the newest of them counts. Four queries.

    Outputs are known of the newest `MAX_PAYLOADS` of them only.
    """
    same = "".join(f" AND {_SHARED[n]} IS NOT DISTINCT FROM %({_SHARED[n]})s" for n in level if n in _SHARED)
    params = {**_params(team_id, execution, shared), "most": AT_MOST, "steps": MAX_STEPS}
    rows = run_planned(_COHORT.format(same=same), params)
    if not rows:
        return [], None
    outputs = _outputs(team_id, rows[:MAX_PAYLOADS])
    steps = _steps(team_id, rows, outputs)
    runs = [Run(str(id), steps.get(id, []), "succeeded", duration_ms=took) for id, _at, took, _class, _day in rows]
    return runs, rows[0][1]


def _params(team_id: UUID, execution: ExecutionRecord, shared: Mapping[str, int | None]) -> dict[str, Any]:
    return {
        "team": team_id,
        "workflow": execution.workflow_id,
        "environment": execution.environment_id,
        "own": execution.id,
        **shared,
    }


def _read(statement: str, team_id: UUID, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """What a statement with `_PLACES` says of these executions."""
    places, values = in_places((row[3], row[4]) for row in rows)
    return run_planned(statement.format(places=places), values | {"team": team_id, "ids": [row[0] for row in rows]})


def _outputs(team_id: UUID, rows: Sequence[Sequence[Any]]) -> dict[int, tuple[str | None, int | None, bool | None]]:
    """Shape, size and emptiness of outputs by step id, which is unique over executions."""
    bodies: dict[UUID, list[bytes]] = {}
    for id, body in _read(_BODIES, team_id, rows):
        bodies.setdefault(id, []).append(body)
    return {
        number: output_of(scope)
        for id, chunks in bodies.items()
        for number, scope in merge_chunks(id, chunks).steps.items()
        if "output" in scope
    }


def _steps(
    team_id: UUID, rows: Sequence[Sequence[Any]], outputs: Mapping[int, tuple[str | None, int | None, bool | None]]
) -> dict[UUID, list[Step]]:
    found = [dict(zip(_STEP_COLUMNS, row, strict=True)) for row in _read(_STEPS, team_id, rows)]
    labels = ("node_id", "tool_id", "model_id", "kind_id")
    names = label_values(team_id, {step[name] for step in found for name in labels})
    steps: dict[UUID, list[Step]] = {}
    for step in found:
        told = (names[step[name]] for name in labels if step[name] in names)
        steps.setdefault(step["execution_id"], []).append(_step(step, next(told, NAMELESS), outputs))
    return steps


def _step(row: Mapping[str, Any], name: str, outputs: Mapping[int, tuple[str | None, int | None, bool | None]]) -> Step:
    start, end = times_since(_EPOCH, row["started_at"], row["ended_at"], row["duration_ms"])
    tokens = [count for column in _STEP_COLUMNS[-4:] if (count := row[column]) is not None]
    shape, size, is_empty = outputs.get(row["id"], (None, None, None))
    return Step(
        id=row["id"],
        name=name,
        status=Status(row["status"] or 0).word,
        parent_id=row["parent_id"],
        start_ms=start,
        end_ms=end,
        attempt=row["attempt"],
        position=row["position"],
        duration_ms=row["duration_ms"],
        tokens=sum(tokens) if tokens else None,
        shape=shape,
        output_bytes=size,
        is_empty=is_empty,
    )
