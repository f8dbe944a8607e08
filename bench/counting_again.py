"""Whether rollups say what records say: sampled hours are computed again from records by the product's own fold."""

import math
import random
from datetime import datetime
from typing import Any
from uuid import UUID

_HOURS = """SELECT workflow_id, environment_id, bucket FROM rollup
    WHERE team_id = %s AND grain = 2 AND dimension = 0 ORDER BY bucket, workflow_id, environment_id"""
_MARK = """INSERT INTO dirty_bucket (team_id, workflow_id, environment_id, minute, marked_at)
    SELECT %s, h.workflow_id, h.environment_id, h.hour, %s
    FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS h(workflow_id, environment_id, hour)"""


def differing(team_id: UUID, now: datetime, hours: int) -> list[str]:
    """What is different after so many hours (all, where there are fewer) were counted again, with the days above them.

    `now` is the instant of the last fold: then the same hours have minutes.
    """
    from django.db import connection

    from accounts.tenancy import team_context
    from monitoring.store.rollups import fold_all

    # A kept team has reports since, which are not in the rollups yet.
    fold_all(now, team_id=team_id)
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_HOURS, [team_id])
        every = cursor.fetchall()
        chosen = random.Random(hours).sample(every, min(hours, len(every)))
        before = _rows(cursor, team_id, chosen)
        cursor.execute(_MARK, [team_id, now, *map(list, zip(*chosen, strict=True))])
    fold_all(now, team_id=team_id)
    with team_context(team_id), connection.cursor() as cursor:
        after = _rows(cursor, team_id, chosen)
    return [
        f"{key}: {before.get(key)} is {after.get(key)}"
        for key in before.keys() | after.keys()
        if not _is_same(before.get(key), after.get(key))
    ]


def _rows(cursor: Any, team_id: UUID, hours: list[tuple[Any, ...]]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The figures of hours and of the days and months that they are in, by their keys."""
    from monitoring.store.rollup_sql import FIGURES, KEY, KEY_COLUMNS

    starts = {start for _, _, start in hours}
    wanted = [starts, {one.replace(hour=0) for one in starts}, {one.replace(hour=0, day=1) for one in starts}]
    found: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for grain, buckets in enumerate(wanted, start=2):
        cursor.execute(
            f"SELECT grain, {KEY}, {', '.join(FIGURES)} FROM rollup"
            " WHERE team_id = %s AND grain = %s AND bucket = ANY(%s)",
            [team_id, grain, sorted(buckets)],
        )
        found |= {row[: 1 + len(KEY_COLUMNS)]: row[1 + len(KEY_COLUMNS) :] for row in cursor.fetchall()}
    return found


def _is_same(one: tuple[Any, ...] | None, other: tuple[Any, ...] | None) -> bool:
    """Sums of floating-point numbers depend on their order a little."""
    if one is None or other is None:
        return False
    return all(
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(one, other, strict=True)
    )
