"""The queue of hours whose cost lines are made again: filled by the fold of records and by price changes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

# A running hour changes with each fold; its lines are made again at most this often.
DELAY = timedelta(seconds=30)

_MARK = """
INSERT INTO cost_due AS old (team_id, workflow_id, environment_id, hour, due_at, is_lines_only)
SELECT %s, h.workflow_id, h.environment_id, h.hour, %s, %s
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS h(workflow_id, environment_id, hour)
ORDER BY 2, 3, 4
ON CONFLICT (team_id, workflow_id, environment_id, hour) DO UPDATE
SET is_lines_only = old.is_lines_only AND EXCLUDED.is_lines_only, due_at = LEAST(old.due_at, EXCLUDED.due_at)
WHERE old.due_at > EXCLUDED.due_at OR (old.is_lines_only AND NOT EXCLUDED.is_lines_only)
"""


def mark(
    team_id: UUID, hours: Sequence[tuple[UUID, int, datetime]], now: datetime, *, is_lines_only: bool = False
) -> None:
    """Says that hours (workflow, environment, start) changed: their lines are due after `DELAY`.

    Inside the transaction that changed them. `is_lines_only`: prices changed, not records.
    """
    if not hours:
        return
    workflows, environments, starts = (list(column) for column in zip(*sorted(set(hours)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [team_id, now + DELAY, is_lines_only, workflows, environments, starts])
