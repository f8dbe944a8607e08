"""What decides whether ignoring has ended and whether resolved groups are back: for the task that looks after them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.triage import Seen, Standing
from monitoring.reads.merged import is_member
from monitoring.reads.triage import STANDING_COLUMNS, standing_from

# A group with failures since is looked at when newer ones have come, and all the same after so long: parts may be late.
AGAIN = timedelta(minutes=5)

_TEAMS = "SELECT team_id FROM triage_watch ORDER BY team_id"
_DUE = f"""
WITH watched AS (
    SELECT * FROM group_triage WHERE team_id = %(team)s AND status IN ('ignored', 'resolved') AND merged_into_id IS NULL
), part AS (
    SELECT id AS root, id FROM watched
    UNION ALL SELECT c.merged_into_id, c.id FROM group_triage c JOIN watched w ON w.id = c.merged_into_id
        WHERE c.team_id = %(team)s AND c.merged_into_id IS NOT NULL
), seen AS (
    SELECT part.root, max(g.last_seen_at) AS last_seen_at
    FROM part JOIN failure_group g ON g.team_id = %(team)s AND g.id = part.id GROUP BY 1
)
SELECT t.id, t.workflow_id, m.last_seen_at, {", ".join(f"t.{name}" for name in STANDING_COLUMNS.split(", "))}
FROM watched t LEFT JOIN seen m ON m.root = t.id
WHERE t.until_at <= %(now)s
    OR (t.status = 'ignored' AND (t.is_next_release OR t.release_name <> ''))
    OR (m.last_seen_at > t.decided_at AND (t.status = 'resolved' OR t.until_count IS NOT NULL)
        AND (t.seen_at IS NULL OR m.last_seen_at > t.seen_at OR t.looked_at < %(before)s))
ORDER BY t.looked_at NULLS FIRST, t.id LIMIT %(limit)s
"""
# The moment at which the number was reached: the failure that has so many others close enough before it.
_REACHED = f"""
SELECT t.id, r.counted_at FROM group_triage t CROSS JOIN LATERAL (
    SELECT counted_at FROM (
        SELECT e.counted_at, lag(e.counted_at, t.until_count - 1) OVER (ORDER BY e.counted_at) AS earlier
        FROM execution e WHERE e.team_id = %(team)s AND {is_member("e.failure_group_id", "t.id")}
            AND e.counted_at > t.decided_at
    ) AS spans
    WHERE earlier IS NOT NULL
        AND (t.within_minutes IS NULL OR counted_at - earlier <= make_interval(mins => t.within_minutes))
    ORDER BY counted_at LIMIT 1
) r WHERE t.team_id = %(team)s AND t.id = ANY(%(ids)s)
"""
# A failure that tells no release is one of the release that was live when it happened.
_SEEN = """
WITH resolved AS (
    SELECT id, workflow_id, decided_at FROM group_triage WHERE team_id = %(team)s AND id = ANY(%(ids)s)
), part AS (
    SELECT id AS root, id FROM resolved
    UNION ALL SELECT c.merged_into_id, c.id FROM group_triage c JOIN resolved r ON r.id = c.merged_into_id
        WHERE c.team_id = %(team)s AND c.merged_into_id IS NOT NULL
)
SELECT t.id, e.release_id, live.live_at, count(*), min(e.counted_at)
FROM resolved t JOIN part ON part.root = t.id
CROSS JOIN LATERAL (
    SELECT release_id, counted_at FROM execution
    WHERE team_id = %(team)s AND failure_group_id = part.id AND counted_at > t.decided_at OFFSET 0
) e
LEFT JOIN LATERAL (
    SELECT max(r.live_at) AS live_at FROM release r WHERE e.release_id IS NULL AND r.team_id = %(team)s
        AND r.workflow_id = t.workflow_id AND r.live_at <= e.counted_at
) live ON true
GROUP BY 1, 2, 3
"""
_RELEASES = """SELECT workflow_id, name_id, name, live_at FROM release
    WHERE team_id = %s AND workflow_id = ANY(%s) AND live_at IS NOT NULL ORDER BY live_at, id"""


@dataclass(frozen=True, slots=True)
class Due:
    """A group to look at. `last_seen_at` is its newest failure."""

    id: UUID
    workflow_id: UUID | None
    last_seen_at: datetime | None
    standing: Standing


def watched_teams() -> list[UUID]:
    """Teams that have had ignored or resolved groups."""
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS)
        return [row[0] for row in cursor.fetchall()]


def due_groups(team_id: UUID, now: datetime, limit: int) -> list[Due]:
    """The groups whose standing may have ended, those looked at longest ago first."""
    params = {"team": team_id, "now": now, "before": now - AGAIN, "limit": limit}
    return [Due(id, whose, last, standing_from(told)) for id, whose, last, *told in run_planned(_DUE, params)]


def reached(team_id: UUID, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When ignored groups reached the number of failures of their terms; those that did not are left out."""
    return dict(run_planned(_REACHED, {"team": team_id, "ids": list(ids)})) if ids else {}


def seen_since(team_id: UUID, groups: Sequence[Due]) -> dict[UUID, list[Seen]]:
    """The failures of resolved groups since they were, by release. Two queries."""
    if not groups:
        return {}
    workflows = {one.id: one.workflow_id for one in groups}
    named: dict[tuple[UUID, Any], tuple[str, datetime]] = {}
    for whose, name_id, name, live_at in run_prepared(_RELEASES, [team_id, list(set(workflows.values()) - {None})]):
        named[whose, name_id] = named[whose, live_at] = name, live_at
    found: defaultdict[UUID, list[Seen]] = defaultdict(list)
    for id, release_id, live_at, failures, first_at in run_planned(_SEEN, {"team": team_id, "ids": list(workflows)}):
        whose = workflows[id]
        name, live = named.get((whose, release_id or live_at), (None, None)) if whose else (None, None)
        found[id].append(Seen(name, live, first_at, failures))
    return dict(found)
