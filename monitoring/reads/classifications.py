"""Decisions of members about causes: the history of an execution or a group, and how often they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.analysis.agreement import Agreement, agreement
from monitoring.analysis.signals import Cause
from monitoring.reads.merged import is_member, merger_of, root_sql
from monitoring.reads.people import SOMEBODY_REMOVED, shown_name

MAX_HISTORY = 50
MAX_DECISIONS = 5_000

_COLUMNS = f"""c.cause, c.suggested, c.note, c.decided_at,
    COALESCE(u.email, NULLIF(c.key_name, ''), '{SOMEBODY_REMOVED}'), c.execution_id"""
_FROM = "FROM classification c LEFT JOIN accounts_user u ON u.id = c.decided_by_id WHERE c.team_id = %(team)s"
_OF_EXECUTION = f"""SELECT {_COLUMNS} {_FROM} AND (c.execution_id = %(execution)s
    OR (c.execution_id IS NULL AND {is_member("c.failure_group_id")}))
    ORDER BY c.decided_at DESC, c.id LIMIT {MAX_HISTORY}"""
_OF_GROUP = f"""SELECT {_COLUMNS} {_FROM} AND {is_member("c.failure_group_id")}
    ORDER BY c.decided_at DESC, c.id LIMIT {MAX_HISTORY}"""
# Of each thing that was decided about, the newest decision; merged groups are one thing.
_NEWEST = f"""SELECT suggested, cause FROM (
    SELECT DISTINCT ON (execution_id, root) suggested, cause FROM (
        SELECT c.execution_id, {root_sql("c.failure_group_id")} AS root, c.suggested, c.cause, c.decided_at, c.id
        FROM classification c {merger_of("c.failure_group_id")}
        WHERE c.team_id = %(team)s {{of}} ORDER BY c.decided_at DESC, c.id LIMIT {MAX_DECISIONS}) AS latest
    ORDER BY execution_id, root, decided_at DESC, id) AS newest"""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `by` is a person's address or a key's name; `execution_id` is None for one about the group."""

    cause: Cause
    suggested: Cause
    note: str
    decided_at: datetime
    by: str
    execution_id: UUID | None


def decisions_about(team_id: UUID, execution_id: UUID, group_id: UUID | None) -> list[Decision]:
    """What was decided about an execution and about its group, newest first."""
    return _read(_OF_EXECUTION, {"team": team_id, "execution": execution_id, "group": group_id})


def decisions_in_group(team_id: UUID, group_id: UUID) -> list[Decision]:
    """What was decided about a group and about executions of it, newest first."""
    return _read(_OF_GROUP, {"team": team_id, "group": group_id})


def in_force(decisions: Sequence[Decision], execution_id: UUID | None) -> Decision | None:
    """The decision that counts: the newest about the execution itself, else the newest about its group."""
    own = next((one for one in decisions if one.execution_id == execution_id), None)
    return own or next((one for one in decisions if one.execution_id is None), None)


def agreement_of(
    team_id: UUID, *, workflow_id: UUID | None = None, group_id: UUID | None = None
) -> Sequence[Agreement]:
    """How often decisions agree with suggestions in a workflow, a group, or the whole team."""
    of = "AND c.workflow_id = %(workflow)s" if workflow_id else ""
    of = f"AND {is_member('c.failure_group_id')}" if group_id else of
    params = {"team": team_id, "workflow": workflow_id, "group": group_id}
    rows = run_prepared(_NEWEST.format(of=of), params)
    return agreement((Cause(suggested), Cause(decided)) for suggested, decided in rows)


def _read(sql: str, params: dict[str, Any]) -> list[Decision]:
    return [
        Decision(Cause(cause), Cause(suggested), note, at, shown_name(by), execution_id)
        for cause, suggested, note, at, by, execution_id in run_prepared(sql, params)
    ]
