"""Deciding about failure groups: review, ignore, resolve, open, assign. Each change is an event of the history.

All writes of a team's triage pass one lock, so what is read here is still so when it is written. Whatever is done to a
merged group is done to the one that it counts as.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.audit import update_told
from accounts.models import Membership, User
from monitoring.analysis.triage import Event, EventKind, Standing, Terms, TriageStatus, apply
from monitoring.models import GroupEvent, GroupTriage
from monitoring.reads.merged import roots_of
from monitoring.reads.triage import standing_from

MAX_GROUPS = 500
_LOCK_CLASS = 7310009
_WATCHED = (TriageStatus.IGNORED, TriageStatus.RESOLVED)

# A group that somebody decides about gets its row; those of nobody get none.
_ADD = """INSERT INTO group_triage (team_id, id, workflow_id, status, key_name, release_name, is_next_release)
    SELECT team_id, id, workflow_id, 'open', '', '', false FROM failure_group WHERE team_id = %s AND id = ANY(%s)
    ORDER BY id ON CONFLICT (team_id, id) DO NOTHING"""
_SAVE = """UPDATE group_triage t SET status = told.status, decided_at = told.at, decided_by_id = %s, key_name = %s,
    until_at = told.until_at, until_count = told.until_count, within_minutes = told.within_minutes,
    release_name = told.release, is_next_release = told.is_next, seen_at = NULL, looked_at = NULL
    FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::int[], %s::int[], %s::text[],
    %s::bool[]) AS told (id, status, at, until_at, until_count, within_minutes, release, is_next)
    WHERE t.team_id = %s AND t.id = told.id"""
_WATCH = "INSERT INTO triage_watch (team_id) VALUES (%s) ON CONFLICT (team_id) DO NOTHING"


class TriageRefused(Exception):
    """Something that cannot be done: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many groups changed, and how many were left as they were."""

    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Change:
    """A group's new standing, with the event that made it."""

    group_id: UUID
    standing: Standing
    kind: EventKind
    detail: dict[str, Any]


@transaction.atomic
def decide(
    *, team_id: UUID, group_ids: Iterable[UUID], kind: EventKind, terms: Terms, by: User | str, now: datetime
) -> Outcome:
    """Reviews, ignores, resolves or opens groups; `by` is a person, or the name of an API key.

    Raises `TriageRefused` when one of them is not a group of the team, or has no workflow and the terms name a release.
    """
    rows = locked_groups(team_id, group_ids)
    if terms.names_release and any(row.workflow_id is None for row in rows):
        raise TriageRefused({"release": _("means nothing for a group whose workflow was not told")})
    changes = []
    for row in rows:
        before = standing_of(row)
        after = apply(before, Event("", kind, now, terms))
        if after is not before:
            changes.append(Change(row.id, after, kind, terms_document(terms)))
    save_changes(team_id, changes, by, now)
    return Outcome(len(changes), len(rows) - len(changes))


@transaction.atomic
def assign(
    *, team_id: UUID, group_ids: Iterable[UUID], assignee: UUID | None, by: User | str, now: datetime
) -> Outcome:
    """Gives groups to a member of the team, or to nobody. Raises `TriageRefused`."""
    email = None
    if assignee is not None:
        member = Membership.objects.filter(team_id=team_id, user_id=assignee).select_related("user").first()
        if member is None:
            raise TriageRefused({"assignee": _("must be a member of the team")})
        email = member.user.email
    found = locked_groups(team_id, group_ids)
    rows = [row for row in found if row.assignee_id != assignee]
    update_told(GroupTriage.objects.filter(team_id=team_id, id__in=[row.id for row in rows]), assignee_id=assignee)
    add_events(team_id, [(row.id, EventKind.ASSIGNED, {"assignee": email}) for row in rows], by, now)
    return Outcome(len(rows), len(found) - len(rows))


def locked_groups(team_id: UUID, group_ids: Iterable[UUID]) -> list[GroupTriage]:
    """The groups that these count as, by id, while no one else changes a group of the team. Raises `TriageRefused`."""
    wanted = sorted(set(group_ids))
    if not wanted or len(wanted) > MAX_GROUPS:
        raise TriageRefused({"groups": _("must be from 1 to {most} groups").format(most=MAX_GROUPS)})
    lock_triage(team_id)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [team_id, wanted])
    known = set(GroupTriage.objects.filter(team_id=team_id, id__in=wanted).values_list("id", flat=True))
    if missing := [str(id) for id in wanted if id not in known]:
        reason = _("must be groups of the team; not known: {ids}").format(ids=", ".join(missing[:5]))
        raise TriageRefused({"groups": reason})
    roots = set(roots_of(team_id, wanted).values())
    return list(GroupTriage.objects.filter(team_id=team_id, id__in=roots).order_by("id"))


def lock_triage(team_id: UUID) -> None:
    """Waits until this transaction is the only one that changes the triage of the team."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, str(team_id)])


def standing_of(row: GroupTriage) -> Standing:
    """The standing that a row says."""
    told = (row.until_at, row.until_count, row.within_minutes, row.release_name, row.is_next_release)
    return standing_from((row.status, row.decided_at, *told))


def save_changes(team_id: UUID, changes: Sequence[Change], by: User | str | None, now: datetime) -> None:
    """Writes standings with their events; `by` is None for what Steadyrun found. Two statements, or three."""
    if not changes:
        return
    columns = zip(*(_columns(one) for one in changes), strict=True)
    user_id, key_name = _actor(by)
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [user_id, key_name, *map(list, columns), team_id])
        if any(one.standing.status in _WATCHED for one in changes):
            cursor.execute(_WATCH, [team_id])
    add_events(team_id, [(one.group_id, one.kind, one.detail) for one in changes], by, now)


def add_events(
    team_id: UUID, told: Iterable[tuple[UUID, EventKind, dict[str, Any]]], by: User | str | None, now: datetime
) -> None:
    """Adds what happened to groups to their histories. One statement."""
    user_id, key_name = _actor(by)
    GroupEvent.objects.bulk_create(
        GroupEvent(
            team_id=team_id, group_id=id, at=now, kind=kind.value, detail=detail, by_id=user_id, key_name=key_name
        )
        for id, kind, detail in told
    )


def terms_document(terms: Terms) -> dict[str, Any]:
    """Terms as plain JSON; what was not told is left out."""
    told = {
        "until": terms.until_at.isoformat() if terms.until_at else None,
        "count": terms.count,
        "within_minutes": int(terms.within.total_seconds()) // 60 if terms.within else None,
        "release": terms.release or None,
        "next_release": terms.is_next_release or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _columns(change: Change) -> tuple[Any, ...]:
    standing, terms = change.standing, change.standing.terms
    minutes = int(terms.within.total_seconds()) // 60 if terms.within else None
    limits = (terms.until_at, terms.count, minutes, terms.release, terms.is_next_release)
    return (change.group_id, standing.status.value, standing.at, *limits)


def _actor(by: User | str | None) -> tuple[UUID | None, str]:
    return (by.id, "") if isinstance(by, User) else (None, by or "")
