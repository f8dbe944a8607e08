"""Removing the sample: its executions with their records, its figures, and its workflows with all that is about them.

What is the sample's is told by its workflow, and by how an execution came in: imported, with times that were moved or
placed. `ids` are the workflows that the sample has. So a run that somebody really reported to a workflow of the sample
stays, and the workflow with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import run_planned
from accounts.tenancy import team_context
from monitoring.models import Grain
from monitoring.models.execution import Clock, RetentionClass
from monitoring.store import erasure
from monitoring.store.baselines import type_id
from monitoring.store.fold_lock import lock_folding
from monitoring.store.labels import forget_names

_OF_SAMPLE = f"""e.team_id = %(team)s AND e.is_imported AND e.clock <> {Clock.TOLD.value} AND e.workflow_id IN (
    SELECT id FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s::uuid[]) AND is_sample)"""
_PLACES = f"""SELECT e.id, e.retention_class, e.anchor_day FROM execution e
    WHERE {_OF_SAMPLE} AND e.retention_class <> {RetentionClass.HELD.value} ORDER BY e.id LIMIT {erasure.BATCH}"""
_HELD = f"SELECT count(*) FROM execution e WHERE {_OF_SAMPLE} AND e.retention_class = {RetentionClass.HELD.value}"
_SAMPLES = "SELECT id, EXISTS (SELECT FROM execution e WHERE e.team_id = %(team)s AND e.workflow_id = w.id) " + (
    "FROM workflow w WHERE team_id = %(team)s AND id = ANY(%(ids)s::uuid[]) AND is_sample ORDER BY id"
)
# What is computed from runs; of a workflow that stays it is computed anew.
FIGURES = ("rollup", "dirty_bucket", "baseline", "baseline_due", "healthy_reference", "finding_due")
# What is about a workflow that goes, beside what goes by a key of the database with its row.
RECORDS = ("failure_group", "group_triage", "classification", "diagnosis", "criteria_check")
_DELETE = "DELETE FROM {table} WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])"
_MARK = f"""
INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, grain, marked_at)
SELECT DISTINCT team_id, workflow_id, environment_id, date_trunc('minute', counted_at), {Grain.MINUTE.value}, %(now)s
FROM execution WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])
"""
_TYPES = "SELECT DISTINCT type FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s::uuid[]) AND type <> ''"
# What is usual for workflows of a type is made of all of them.
_BUILD_TYPES = (
    """UPDATE baseline_due SET due_at = %(now)s WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])"""
)
_EMPTY_GROUPS = """DELETE FROM failure_group g WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])
    AND NOT EXISTS (SELECT FROM execution e WHERE e.team_id = %(team)s AND e.failure_group_id = g.id)"""
_LOST_DECISIONS = """DELETE FROM classification c WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])
    AND execution_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM execution e WHERE e.team_id = %(team)s AND e.id = c.execution_id)"""


@dataclass(frozen=True, slots=True)
class SampleWorkflows:
    """The workflows of the sample: those that go, and those that stay because real runs were reported to them."""

    gone: Sequence[UUID]
    kept: Sequence[UUID]

    @property
    def all(self) -> list[UUID]:
        """Both."""
        return [*self.gone, *self.kept]


def held_sample_executions(team_id: UUID, ids: Sequence[UUID]) -> int:
    """How many executions of the sample are under a legal hold. Inside the team's context."""
    ((count,),) = run_planned(_HELD, {"team": team_id, "ids": list(ids)})
    return int(count)


def erase_sample_executions(team_id: UUID, ids: Sequence[UUID]) -> int:
    """Removes the executions of the sample with their records, in short transactions; how many. Held ones stay."""
    total = 0
    while True:
        with team_context(team_id):
            found = run_planned(_PLACES, {"team": team_id, "ids": list(ids)})
        if not found:
            return total
        total += erasure.erase(team_id, [(id, class_, day) for id, class_, day in found])


def sample_workflows(team_id: UUID, ids: Sequence[UUID]) -> SampleWorkflows:
    """Those of these workflows that are the sample's, once its executions are gone. Inside the team's context."""
    rows = run_planned(_SAMPLES, {"team": team_id, "ids": list(ids)})
    return SampleWorkflows([id for id, has_runs in rows if not has_runs], [id for id, has_runs in rows if has_runs])


def remove_workflows(team_id: UUID, about: SampleWorkflows, now: datetime) -> None:
    """Removes the figures of these workflows, and the ones without runs with all that is about them.

    Inside the team's transaction. Figures of those that stay are marked to be computed from what is left.
    """
    lock_folding(team_id, wait=True)
    types = run_planned(_TYPES, {"team": team_id, "ids": about.all})
    values: dict[str, Any] = {"team": team_id, "now": now, "ids": about.all}
    gone, kept = {**values, "ids": about.gone}, {**values, "ids": about.kept}
    with connection.cursor() as cursor:
        for table in FIGURES:
            cursor.execute(
                f"DELETE FROM {table} WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])", values
            )
        for table in RECORDS:
            cursor.execute(f"DELETE FROM {table} WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])", gone)
        cursor.execute("DELETE FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s::uuid[])", gone)
        cursor.execute(_EMPTY_GROUPS, kept)
        cursor.execute(_LOST_DECISIONS, kept)
        cursor.execute(
            "UPDATE workflow SET is_sample = FALSE WHERE team_id = %(team)s AND id = ANY(%(ids)s::uuid[])", kept
        )
        cursor.execute(_MARK, kept)
        cursor.execute(_BUILD_TYPES, {**values, "ids": [type_id(team_id, name) for (name,) in types]})
    forget_names()
