"""The releases of a team's workflows: when each was first seen, and which is the latest."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """The first time that a release was seen."""

    at: datetime
    name: str


_RELEASES = """SELECT first_seen_at, name FROM release
    WHERE team_id = %s AND first_seen_at >= %s AND first_seen_at < %s"""
_LATEST_RELEASE = """SELECT name FROM release WHERE team_id = %s AND workflow_id = %s
    ORDER BY first_seen_at DESC, id DESC LIMIT 1"""


def release_marks(team_id: UUID, window: Window, *, workflow_id: UUID | None = None) -> list[ReleaseMark]:
    """Releases first seen inside the window, in order of time."""
    window = window.aligned()
    sql, params = _RELEASES, [team_id, window.start, window.end]
    if workflow_id is not None:
        sql, params = f"{sql} AND workflow_id = %s", [*params, workflow_id]
    return [ReleaseMark(*row) for row in run_prepared(f"{sql} ORDER BY first_seen_at, name", params)]


def latest_release(team_id: UUID, workflow_id: UUID) -> str:
    """The name of the release of a workflow that was first seen last; empty without one."""
    rows = run_prepared(_LATEST_RELEASE, [team_id, workflow_id])
    return str(rows[0][0]) if rows else ""
