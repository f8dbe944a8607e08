"""Ignoring that has ended, and resolved groups that fail again: found on the beat, team by team.

What is to be looked at stands in the tables: `triage_watch` names the teams, the groups' own rows say what was seen of
them. Looking twice finds the same, and a worker that is killed has lost nothing but its turn.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.tenancy import team_context
from monitoring.analysis.triage import Event, EventKind, Standing, TriageStatus, apply, ignore_end, regression
from monitoring.reads.triage import awaited_releases
from monitoring.reads.triage_watch import Due, due_groups, reached, seen_since, watched_teams
from monitoring.services.triage import Change, lock_triage, save_changes

# Groups of one team that one turn looks at.
BATCH = 500
_LOOKED = """UPDATE group_triage t SET looked_at = %s, seen_at = told.seen_at
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS told (id, seen_at) WHERE t.team_id = %s AND t.id = told.id"""


def follow(now: datetime, limit: int = BATCH) -> int:
    """Looks at the groups of all teams that may have ended; how many did."""
    return sum(follow_team(team_id, now, limit) for team_id in watched_teams())


def follow_team(team_id: UUID, now: datetime, limit: int = BATCH) -> int:
    """The same for one team, in one transaction. The number of statements does not depend on that of groups."""
    with team_context(team_id):
        if not due_groups(team_id, now, 1):
            return 0
        lock_triage(team_id)
        due = due_groups(team_id, now, limit)
        if not due:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(_LOOKED, [now, [one.id for one in due], [one.last_seen_at for one in due], team_id])
        changes = [*_expired(team_id, due, now), *_returned(team_id, due, now)]
        save_changes(team_id, changes, None, now)
    return len(changes)


def _expired(team_id: UUID, due: Sequence[Due], now: datetime) -> list[Change]:
    """Ignored groups whose time, number of failures or release has come."""
    ignored = [one for one in due if one.standing.status is TriageStatus.IGNORED]
    moments = reached(team_id, [one.id for one in ignored if one.standing.terms.count])
    releases = awaited_releases(team_id, [one.id for one in ignored if one.standing.terms.names_release])
    changes = []
    for one in ignored:
        release = releases.get(one.id)
        live_at = release.live_at if release else None
        ended = ignore_end(one.standing.terms, now, reached_at=moments.get(one.id), live_at=live_at)
        if ended:
            detail: dict[str, Any] = {"why": ended.value, "release": release.name if release else None}
            changes.append(Change(one.id, _ended(one.standing, EventKind.EXPIRED, now), EventKind.EXPIRED, detail))
    return changes


def _returned(team_id: UUID, due: Sequence[Due], now: datetime) -> list[Change]:
    """Resolved groups that failed again where they should not."""
    resolved = [one for one in due if one.standing.status is TriageStatus.RESOLVED]
    releases = awaited_releases(team_id, [one.id for one in resolved if one.standing.terms.names_release])
    failures = seen_since(team_id, resolved)
    changes = []
    for one in resolved:
        release = releases.get(one.id)
        found = regression(one.standing.terms, release.live_at if release else None, failures.get(one.id, ()))
        if found:
            detail = {
                "release": found.release,
                "failed_at": found.first_at.isoformat(),
                "resolved_in": release.name if release else None,
            }
            changes.append(Change(one.id, _ended(one.standing, EventKind.REGRESSED, now), EventKind.REGRESSED, detail))
    return changes


def _ended(standing: Standing, kind: EventKind, now: datetime) -> Standing:
    return apply(standing, Event("", kind, now, about=standing.at))
