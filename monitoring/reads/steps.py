"""The order in which the nodes of a workflow run, learnt from its latest executions."""

import uuid
from dataclasses import dataclass

from django.db import connection

from monitoring.identity import LabelKind, label_id
from monitoring.windows import Window

# Executions looked at: enough to see the usual branches, few enough to read in a few milliseconds.
SAMPLE_SIZE = 20

# For each of the latest executions the place at which each node came first; then the mean place over all of them.
_ORDER_SQL = """
WITH latest AS MATERIALIZED (
    SELECT id, retention_class, anchor_day FROM execution
    WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND step_count > 0
      AND counted_at >= %(start)s AND counted_at < %(end)s
      AND (%(environment)s::bigint IS NULL OR environment_id = %(environment)s)
    ORDER BY counted_at DESC, id DESC
    LIMIT %(size)s
), first_visit AS (
    SELECT node_id, max(kind_id) AS kind_id, min(place) AS place
    FROM latest CROSS JOIN LATERAL (
        SELECT s.node_id, s.kind_id, row_number() OVER (ORDER BY s.position, s.started_at, s.id) AS place
        FROM step s
        WHERE s.team_id = %(team)s AND s.execution_id = latest.id
          AND s.retention_class = latest.retention_class AND s.anchor_day = latest.anchor_day
    ) visits
    WHERE node_id IS NOT NULL
    GROUP BY latest.id, node_id
)
SELECT v.node_id, kind.value, avg(v.place)
FROM first_visit v
LEFT JOIN label kind ON kind.team_id = %(team)s AND kind.id = v.kind_id
GROUP BY v.node_id, kind.value
ORDER BY avg(v.place), v.node_id
"""


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where a node usually comes in an execution (from 1, a mean) and its kind; `kind` is None where not told."""

    place: float
    kind: str | None


def node_places(
    team_id: uuid.UUID, window: Window, *, workflow_id: uuid.UUID, environment: str | None = None
) -> dict[int, NodePlace]:
    """The place and kind of each node that the latest `SAMPLE_SIZE` executions of the window visited, by label id."""
    params = {
        "team": team_id,
        "workflow": workflow_id,
        "start": window.start,
        "end": window.end,
        "environment": label_id(LabelKind.ENVIRONMENT, environment) if environment else None,
        "size": SAMPLE_SIZE,
    }
    places: dict[int, NodePlace] = {}
    with connection.cursor() as cursor:
        cursor.execute(_ORDER_SQL, params)
        for node_id, kind, place in cursor.fetchall():
            places.setdefault(node_id, NodePlace(float(place), kind))
    return places
