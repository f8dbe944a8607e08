"""Failures like one execution's: counts by group, error and step, and the failures with the nearest path.

A fixed number of queries, whatever is found.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from accounts.statements import Row, run_planned, run_prepared
from monitoring.analysis.pair import path_likeness
from monitoring.reads.executions import ExecutionRow, rows_by_id
from monitoring.reads.labels import label_values
from monitoring.reads.places import in_places
from monitoring.statuses import IN_FAILING
from monitoring.windows import MINUTE, Window

RANGE = timedelta(days=30)
# Combinations of workflow, step and error that are counted, and rows of each list that are shown.
MAX_COMBINATIONS = 500
SHOWN = 5
# Failures of the workflow whose paths are compared: the newest, with so many steps in all.
MAX_NEAR = 50
MAX_STEPS = 5_000

_OWN = f"""SELECT e.counted_at, e.workflow_id, e.error_id, e.failed_node_id, e.failure_group_id, e.retention_class,
    e.anchor_day, e.environment_id FROM execution e WHERE e.team_id = %s AND e.id = %s AND e.status {IN_FAILING}"""
_COUNTS = f"""SELECT workflow_id, failed_node_id, error_id, count(*) FROM execution
    WHERE team_id = %(team)s AND status {IN_FAILING} AND counted_at >= %(start)s AND counted_at < %(end)s
        AND id <> %(id)s AND environment_id = %(environment)s
        AND (error_id = %(error)s OR (workflow_id = %(workflow)s AND failed_node_id = %(node)s))
    GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT {MAX_COMBINATIONS}"""
_GROUP = """SELECT count(*) FROM execution WHERE team_id = %(team)s AND failure_group_id = %(group)s
    AND counted_at >= %(start)s AND counted_at < %(end)s AND id <> %(id)s AND environment_id = %(environment)s"""
_NEAR = f"""SELECT id, retention_class, anchor_day FROM execution
    WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND status {IN_FAILING} AND id <> %(id)s
        AND counted_at >= %(start)s AND counted_at < %(end)s AND environment_id = %(environment)s AND step_count > 0
    ORDER BY counted_at DESC, id DESC LIMIT {MAX_NEAR}"""
_PATHS = f"""SELECT execution_id, node_id FROM step WHERE team_id = %(team)s AND execution_id = ANY(%(ids)s)
    AND {{places}}
    ORDER BY array_position(%(ids)s::uuid[], execution_id), started_at, position, id LIMIT {MAX_STEPS}"""
_WORKFLOWS = "SELECT id, name, slug FROM workflow WHERE team_id = %s AND id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Alike:
    """Failures that share something. `name` is a workflow or an error; `slug` that of the workflow."""

    name: str
    count: int
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A failure with a path much like this one's; `likeness` from 0 to 1."""

    row: ExecutionRow
    likeness: float


@dataclass(frozen=True, slots=True)
class Similar:
    """What is like a failure, in `window`. `error` and `node` are its own, None where not told."""

    window: Window
    group_id: uuid.UUID | None
    in_group: int
    error: str | None
    node: str | None
    workflow_slug: str | None
    elsewhere: Sequence[Alike]
    at_step: Sequence[Alike]
    nearest: Sequence[Near]
    compared: int


def similar(team_id: uuid.UUID, execution_id: uuid.UUID, now: datetime) -> Similar | None:
    """Failures like this one, in its environment; None where it did not fail or the team has none such."""
    rows = run_prepared(_OWN, [team_id, execution_id])
    if not rows:
        return None
    counted_at, workflow_id, error_id, node_id, group_id, class_, day, environment_id = rows[0]
    # Half of the range before it and half behind, and never what is still to come.
    end = min(counted_at + RANGE / 2, max(now, counted_at + MINUTE))
    window = _window(end - RANGE, end)
    about = {
        "team": team_id,
        "id": execution_id,
        "workflow": workflow_id,
        "error": error_id,
        "node": node_id,
        "group": group_id,
        "environment": environment_id,
        "start": window.start,
        "end": window.end,
    }
    counts = run_planned(_COUNTS, about)
    ((in_group,),) = run_planned(_GROUP, about)
    names = label_values(team_id, [error_id, node_id, *(row[2] for row in counts)])
    told = run_prepared(_WORKFLOWS, [team_id, [workflow_id, *(row[0] for row in counts)]])
    workflows = {id: (name, slug) for id, name, slug in told}
    near, compared = _nearest(about, (execution_id, class_, day))
    return Similar(
        window=window,
        group_id=group_id,
        in_group=in_group,
        error=names.get(error_id),
        node=names.get(node_id),
        workflow_slug=workflows.get(workflow_id, ("", None))[1],
        elsewhere=_elsewhere(counts, error_id, workflow_id, workflows),
        at_step=_at_step(counts, error_id, workflow_id, node_id, names),
        nearest=near,
        compared=compared,
    )


def _window(start: datetime, end: datetime) -> Window:
    return Window(start, end, f"{start:%Y-%m-%dT%H:%MZ}", f"{end:%Y-%m-%dT%H:%MZ}").aligned()


def _elsewhere(
    counts: Sequence[Row],
    error_id: int | None,
    workflow_id: uuid.UUID | None,
    workflows: dict[uuid.UUID, tuple[str, str]],
) -> list[Alike]:
    """The same error in other workflows."""
    sums: dict[uuid.UUID, int] = {}
    for workflow, _node, error, count in counts:
        if error == error_id and error_id is not None and workflow != workflow_id:
            sums[workflow] = sums.get(workflow, 0) + count
    found = [Alike(workflows[id][0], count, workflows[id][1]) for id, count in sums.items() if id in workflows]
    return sorted(found, key=lambda one: (-one.count, one.name))[:SHOWN]


def _at_step(
    counts: Sequence[Row],
    error_id: int | None,
    workflow_id: uuid.UUID | None,
    node_id: int | None,
    names: dict[int, str],
) -> list[Alike]:
    """Other errors at the same step."""
    found = [
        Alike(names[error], count)
        for workflow, node, error, count in counts
        if node_id is not None and (workflow, node) == (workflow_id, node_id) and error != error_id and error in names
    ]
    return found[:SHOWN]


def _nearest(about: dict[str, Any], own: tuple[uuid.UUID, int, date]) -> tuple[list[Near], int]:
    """The failures of the workflow with the paths most like this one's, and how many paths were compared."""
    team_id: uuid.UUID = about["team"]
    near = [own, *((id, class_, day) for id, class_, day in run_planned(_NEAR, about))]
    places, told = in_places((class_, day) for _id, class_, day in near)
    told |= {"team": team_id, "ids": [one[0] for one in near]}
    paths: dict[uuid.UUID, list[int | None]] = {}
    for id, node in run_planned(_PATHS.format(places=places), told):
        paths.setdefault(id, []).append(node)
    mine = paths.pop(own[0], [])
    order = {one[0]: number for number, one in enumerate(near)}
    likeness_of = {id: path_likeness(mine, path) for id, path in paths.items()}
    alike = sorted(likeness_of, key=lambda one: (-likeness_of[one], order[one]))
    nearest = [id for id in alike[:SHOWN] if mine and likeness_of[id] > 0]
    return [Near(row, likeness_of[row.id]) for row in rows_by_id(team_id, nearest)], len(paths)
