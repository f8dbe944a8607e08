"""How whole a workflow's reports are: told by the source that reports it, kept with the workflow.

A workflow of which one source reports failures only, or samples, is marked so until that source is declared complete
or removed. Failures only is the stricter word: it stays when another source samples.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import connection

from monitoring.identity import workflow_id
from monitoring.models import Workflow

_MARK = """
UPDATE workflow SET completeness = %(how)s, sample_rate = %(rate)s, completeness_from = %(source)s
WHERE team_id = %(team)s AND id = ANY(ARRAY(
    SELECT id FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s)
        AND (completeness = '' OR completeness_from = %(source)s
            OR (completeness = 'sampled' AND %(how)s = 'failures-only'))
        AND (completeness, sample_rate, completeness_from) IS DISTINCT FROM (%(how)s, %(rate)s, %(source)s)
    ORDER BY id FOR UPDATE))
"""


def mark_workflows(
    team_id: UUID, source_id: UUID, names: Iterable[str], completeness: str, sample_rate: int | None
) -> None:
    """Notes that a source that is not complete reports these workflows. Call it inside the team's context."""
    ids = sorted(workflow_id(team_id, name) for name in names)
    values: dict[str, Any] = {
        "team": team_id,
        "source": source_id,
        "how": completeness,
        "rate": sample_rate,
        "ids": ids,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)


def clear_marks(source_id: UUID) -> None:
    """Takes back what a source said of its workflows. Call it inside the team's context."""
    Workflow.objects.filter(completeness_from=source_id).update(
        completeness="", sample_rate=None, completeness_from=None
    )
