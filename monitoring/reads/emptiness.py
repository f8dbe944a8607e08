"""Whether anything was ever reported to a team."""

from uuid import UUID

from accounts.statements import run_prepared

_EMPTY = """SELECT NOT EXISTS (SELECT FROM workflow WHERE team_id = %(team)s)
    AND NOT EXISTS (SELECT FROM execution WHERE team_id = %(team)s)"""


def is_empty(team_id: UUID) -> bool:
    """Whether the team has neither workflows nor executions. One query; inside the team's context."""
    ((empty,),) = run_prepared(_EMPTY, {"team": team_id})
    return bool(empty)
