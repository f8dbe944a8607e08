"""Whether failure groups are silent: ignored ones count everywhere, and send no notice."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.reads.merged import merger_of, root_sql

# A time that has passed ends ignoring at once, also before the beat has seen it.
_SILENCED = f"""SELECT told.id FROM unnest(%(ids)s::uuid[]) AS told (id) {merger_of("told.id")}
    JOIN group_triage t ON t.team_id = %(team)s AND t.id = {root_sql("told.id")}
    WHERE t.status = 'ignored' AND (t.until_at IS NULL OR t.until_at > %(now)s)"""


def silenced(team_id: UUID, group_ids: Sequence[UUID], now: datetime) -> frozenset[UUID]:
    """Those of these groups that send no notice at `now`; a merged one is as silent as the group it counts as."""
    if not group_ids:
        return frozenset()
    rows = run_prepared(_SILENCED, {"team": team_id, "ids": list(group_ids), "now": now})
    return frozenset(row[0] for row in rows)


def is_silenced(team_id: UUID, group_ids: Sequence[UUID], now: datetime) -> bool:
    """Whether a notice about just these groups is left out: there are some, and all of them are silent."""
    wanted = frozenset(group_ids)
    return bool(wanted) and silenced(team_id, list(wanted), now) == wanted
