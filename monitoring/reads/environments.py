"""The environments that a team, or one of its workflows, has figures for."""

import uuid

from accounts.statements import run_prepared
from monitoring.identity import PRODUCTION, LabelKind
from monitoring.models import Dimension, Grain

# Plain SQL: on every page, and the ORM takes several times longer to write it than it runs.
_NAMES = f"""SELECT l.value FROM label l WHERE l.team_id = %(team)s AND l.kind = {LabelKind.ENVIRONMENT:d}"""
_HAS_HOURS = f""" AND EXISTS (SELECT FROM rollup r WHERE r.team_id = %(team)s AND r.workflow_id = %(workflow)s
    AND r.environment_id = l.id AND r.dimension = {Dimension.NONE:d} AND r.value_id = 0 AND r.grain = {Grain.HOUR:d})"""


def environments_of(team_id: uuid.UUID, workflow_id: uuid.UUID | None = None) -> list[str]:
    """Names of environments with figures: production first, the others by name. One query."""
    rows = run_prepared(_NAMES + (_HAS_HOURS if workflow_id else ""), {"team": team_id, "workflow": workflow_id})
    return sorted((name for (name,) in rows), key=lambda name: (name != PRODUCTION, name))
