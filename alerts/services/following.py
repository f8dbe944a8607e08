"""Looks again at incidents and silences whose time has come: escalation, quiet hours, ends of silences.

A claim moves `due_at` on by `CLAIM`, so what a killed worker had begun is done by another one. What is done is decided
anew from what stands in tables, so looking twice tells nobody twice.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.closed_teams import NOT_CLOSED
from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import Incident, IncidentDue, IncidentStatus, Silence, SilenceDue, SilenceKind
from alerts.reads.quiet import times_of
from alerts.reads.tellings import told_of
from alerts.services import notifying
from alerts.services.grouping import PARENT
from alerts.services.muting import SILENCE, mute

CLAIM = timedelta(seconds=60)
MOST_AT_ONCE = 1000
_CLAIM = f"""
UPDATE {{table}} SET due_at = %(until)s WHERE {{key}} IN (
    SELECT {{key}} FROM {{table}} WHERE due_at <= %(now)s AND team_id = (
        SELECT team_id FROM {{table}} WHERE due_at <= %(now)s AND {NOT_CLOSED} ORDER BY due_at, {{key}} LIMIT 1)
    ORDER BY due_at, {{key}} LIMIT %(most)s FOR UPDATE SKIP LOCKED
) RETURNING team_id, {{key}}
"""


def follow_due(now: datetime, *, seconds: float) -> int:
    """Looks at what is due, team by team, for about so long; how many incidents and silences."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        silences, incidents = _claim("silence_due", "silence_id", now), _claim("incident_due", "incident_id", now)
        for team_id, ids in silences.items():
            end_silences(team_id, ids, now)
        for team_id, ids in incidents.items():
            look(team_id, ids, now)
        found = sum(map(len, (*silences.values(), *incidents.values())))
        if not found:
            break
        count += found
    return count


def _claim(table: str, key: str, now: datetime) -> dict[UUID, list[UUID]]:
    """A batch of one team."""
    found: dict[UUID, list[UUID]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(table=table, key=key), {"now": now, "until": now + CLAIM, "most": MOST_AT_ONCE})
        for team_id, id in cursor.fetchall():
            found.setdefault(team_id, []).append(id)
    return found


def look(team_id: UUID, incident_ids: Sequence[UUID], now: datetime) -> None:
    """Decides anew about incidents: who is told now, and when to look again."""
    with team_context(team_id):
        team = Team.objects.get(id=team_id)
        mine = Incident.objects.filter(team_id=team_id, id__in=incident_ids)
        found = list(mine.select_for_update(of=("self",)).select_related("rule", "parent").order_by("id"))
        gone = set(incident_ids) - {one.id for one in found}
        IncidentDue.objects.filter(incident_id__in=gone).delete()
        notifying.tell_over(team, [one for one in found if one.resolved_at], now)
        standing = [one for one in found if one.resolved_at is None]
        left = [one for one in standing if one.muted_by == PARENT and (one.parent is None or one.parent.resolved_at)]
        _unmute(team_id, left, now)
        audible = mute(team_id, [one for one in standing if not one.muted_by], now)
        notifying.tell(team, [*audible, *(one for one in standing if one not in audible)], now)


def _unmute(team_id: UUID, incidents: Sequence[Incident], now: datetime) -> None:
    """Lets incidents send notices (again); who was told of one already is not told anew."""
    told = told_of(team_id, incidents) if incidents else {}
    for one in incidents:
        one.muted_by = ""
        if not told[one.id].channels:
            one.active_at = now
    Incident.objects.bulk_update(incidents, ["muted_by", "active_at"])


def end_silences(team_id: UUID, silence_ids: Sequence[UUID], now: datetime) -> None:
    """Tells what silences held back that are over, as far as it still stands.

    What a maintenance window held back is opened by the next evaluation of its rule.
    """
    with team_context(team_id):
        found = list(Silence.objects.filter(team_id=team_id, id__in=silence_ids).order_by("id"))
        SilenceDue.objects.filter(silence_id__in=set(silence_ids) - {one.id for one in found}).delete()
        for one in found:
            schedule(one, now)
        if any(one.kind == SilenceKind.SILENCE for one in found):
            tell_held_back(team_id, now)


def schedule(one: Silence, now: datetime) -> None:
    """Queues the next end of a silence."""
    due_at = times_of(one).next_end(now)
    if due_at is None:
        SilenceDue.objects.filter(silence_id=one.id).delete()
    else:
        SilenceDue.objects.update_or_create(silence_id=one.id, defaults={"team_id": one.team_id, "due_at": due_at})


def tell_held_back(team_id: UUID, now: datetime) -> None:
    """Looks at all incidents that a silence mutes: those that none mutes any more are told, if they still stand."""
    mine = Incident.objects.filter(team_id=team_id, muted_by=SILENCE, resolved_at__isnull=True)
    found = list(mine.select_for_update(of=("self",)).select_related("rule").order_by("opened_at", "id"))
    _unmute(team_id, found, now)
    audible = [one for one in mute(team_id, found, now) if not one.muted_by and one.status == IncidentStatus.OPEN]
    notifying.tell(Team.objects.get(id=team_id), audible, now)
