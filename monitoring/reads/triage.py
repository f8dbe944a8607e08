"""Where failure groups stand, in one query for any number of them, and the history of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.triage import NO_TERMS, Event, EventKind, Standing, Terms, TriageStatus, apply
from monitoring.reads.merged import is_member
from monitoring.reads.people import SOMEBODY_REMOVED, shown_name

MAX_HISTORY = 100

NOTHING_DECIDED = Standing()
# The columns of `group_triage` that are a standing, in the order of `standing_from`.
STANDING_COLUMNS = "status, decided_at, until_at, until_count, within_minutes, release_name, is_next_release"
_STANDINGS = f"""SELECT t.id, {", ".join(f"t.{name}" for name in STANDING_COLUMNS.split(", "))},
    COALESCE(u.email, NULLIF(t.key_name, ''), CASE WHEN t.decided_by_id IS NOT NULL THEN '{SOMEBODY_REMOVED}' END, ''),
    t.assignee_id, COALESCE(a.email, CASE WHEN t.assignee_id IS NOT NULL THEN '{SOMEBODY_REMOVED}' END, '')
    FROM group_triage t LEFT JOIN accounts_user u ON u.id = t.decided_by_id
    LEFT JOIN accounts_user a ON a.id = t.assignee_id WHERE t.team_id = %s AND t.id = ANY(%s)"""
_HISTORY = f"""SELECT e.kind, e.at,
    COALESCE(u.email, NULLIF(e.key_name, ''), CASE WHEN e.by_id IS NOT NULL THEN '{SOMEBODY_REMOVED}' END, ''), e.detail
    FROM group_event e LEFT JOIN accounts_user u ON u.id = e.by_id
    WHERE e.team_id = %s AND e.group_id = %s ORDER BY e.at DESC, e.id LIMIT {MAX_HISTORY}"""
_EVENTS = """SELECT group_id, id, kind, at, detail FROM group_event
    WHERE team_id = %s AND group_id = ANY(%s) ORDER BY group_id, at, id"""
_MEMBERS = """SELECT u.id, u.email FROM accounts_membership m JOIN accounts_user u ON u.id = m.user_id
    WHERE m.team_id = %s ORDER BY u.email"""
# How many failures an ignored group has had since; of one that waits for so many in a stretch, those of the last one.
_SEEN = f"""SELECT t.id, (SELECT count(*) FROM execution e WHERE e.team_id = %(team)s
        AND {is_member("e.failure_group_id", "t.id")} AND e.counted_at > t.decided_at
        AND (t.within_minutes IS NULL OR e.counted_at > %(now)s - make_interval(mins => t.within_minutes)))
    FROM group_triage t
    WHERE t.team_id = %(team)s AND t.id = ANY(%(ids)s) AND t.status = 'ignored' AND t.until_count IS NOT NULL"""
_AWAITED = """SELECT t.id, r.name, r.live_at FROM group_triage t CROSS JOIN LATERAL (
        SELECT r.name, r.live_at FROM release r WHERE r.team_id = t.team_id AND r.workflow_id = t.workflow_id
            AND CASE WHEN t.is_next_release THEN r.live_at > t.decided_at ELSE r.name = t.release_name END
        ORDER BY r.live_at, r.id LIMIT 1) r
    WHERE t.team_id = %(team)s AND t.id = ANY(%(ids)s) AND (t.is_next_release OR t.release_name <> '')"""


@dataclass(frozen=True, slots=True)
class Triaged:
    """Where a group stands. `by` is who decided so (empty: Steadyrun), `assignee` an address (empty: nobody)."""

    standing: Standing = NOTHING_DECIDED
    by: str = ""
    assignee_id: UUID | None = None
    assignee: str = ""

    @property
    def status(self) -> TriageStatus:
        """The status alone."""
        return self.standing.status


@dataclass(frozen=True, slots=True)
class Awaited:
    """The release that a group is ignored until, or resolved in. `live_at` is None while it is not live."""

    name: str
    live_at: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the terms of groups have come: failures seen by those that wait for a number, releases that exist."""

    seen: dict[UUID, int]
    releases: dict[UUID, Awaited]


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of the history. `by` is a person's address or a key's name; empty: found by Steadyrun."""

    kind: EventKind
    at: datetime
    by: str
    detail: dict[str, Any]


UNTOUCHED = Triaged()
NO_PROGRESS = Progress({}, {})


def standing_from(columns: Sequence[Any]) -> Standing:
    """The standing that the values of `STANDING_COLUMNS` say."""
    status, at, until_at, count, minutes, release, is_next = columns
    within = None if minutes is None else timedelta(minutes=minutes)
    terms = Terms(until_at, count, within, release, is_next)
    return Standing(TriageStatus(status), at, NO_TERMS if terms == NO_TERMS else terms)


def triage_of(team_id: UUID, ids: Iterable[UUID]) -> dict[UUID, Triaged]:
    """Where these groups stand; those that nobody touched are left out (`UNTOUCHED`). One query."""
    wanted = list(ids)
    rows = run_prepared(_STANDINGS, [team_id, wanted]) if wanted else []
    return {
        id: Triaged(standing_from(told), shown_name(by), who, shown_name(name)) for id, *told, by, who, name in rows
    }


def progress_of(team_id: UUID, told: dict[UUID, Triaged], now: datetime) -> Progress:
    """How far the terms of these groups have come. A query for numbers and one for releases, where there are some."""
    counted = [id for id, one in told.items() if one.standing.terms.count is not None]
    awaiting = [id for id, one in told.items() if one.standing.terms.names_release]
    seen = run_planned(_SEEN, {"team": team_id, "ids": counted, "now": now}) if counted else []
    return Progress(dict(seen), awaited_releases(team_id, awaiting))


def awaited_releases(team_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Awaited]:
    """The releases that these groups wait for or are resolved in, as far as they are known. At most one query."""
    if not ids:
        return {}
    rows = run_prepared(_AWAITED, {"team": team_id, "ids": list(ids)})
    return {id: Awaited(name, live_at) for id, name, live_at in rows}


def history_of(team_id: UUID, group_id: UUID) -> list[Happened]:
    """What happened to a group, newest first, at most `MAX_HISTORY`."""
    rows = run_prepared(_HISTORY, [team_id, group_id])
    return [Happened(EventKind(kind), at, shown_name(by), detail) for kind, at, by, detail in rows]


def standings_of(team_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[Standing]]:
    """Where groups stood, from each event that changed it on, in order of time. Of the terms only the time is told."""
    found: dict[UUID, list[Standing]] = {}
    for group_id, id, kind, at, detail in run_planned(_EVENTS, [team_id, list(ids)]) if ids else ():
        mine = found.setdefault(group_id, [])
        before = mine[-1] if mine else NOTHING_DECIDED
        until = detail.get("until")
        terms = Terms(datetime.fromisoformat(until)) if until else NO_TERMS
        # What was found ended the very decision that stood then.
        after = apply(before, Event(str(id), EventKind(kind), at, terms, about=before.at))
        if after is not before:
            mine.append(after)
    return found


def assignable(team_id: UUID) -> list[tuple[str, str]]:
    """The members of the team who may be given a group: id and address, by address."""
    return [(str(id), email) for id, email in run_prepared(_MEMBERS, [team_id])]
