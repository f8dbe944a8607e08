"""Who is told what about incidents: routes decide, the outbox delivers. All in the transaction of what happened.

A channel gets at most `SINGLE_NOTICES` notices of openings a minute; the rest is one digest, and what comes after that
within the minute waits for the next one. What a channel was told of in a digest is resolved in a digest; what it was
told of by itself is acknowledged and resolved by itself, so that receivers can update their message. `IncidentDue` says
when to look again: for a step of escalation, the end of quiet hours, what a full channel had to leave.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from accounts.models import Team
from alerts.analysis.notices import NoticeKind
from alerts.analysis.routing import Telling, paths_for, plan
from alerts.models import Channel, Incident, IncidentDue, IncidentEvent, IncidentEventKind, IncidentStatus
from alerts.reads.routes import paths_of
from alerts.reads.subjects import Subject, parts_of, subjects_of
from alerts.reads.tellings import Lately, Told, lately, told_of
from alerts.services.notices import digest_of, notice_of
from alerts.services.outbox import Outgoing, queue_all

SINGLE_NOTICES = 10
HELD_FOR = timedelta(minutes=1)
_WORST = ("critical", "warning", "info")


@dataclass(slots=True)
class _Round:
    """What one look is about to send."""

    team: Team
    now: datetime
    told: Mapping[UUID, Told]
    workflows: Mapping[UUID, Subject]
    names: Mapping[UUID, str]
    not_before: Mapping[UUID, datetime]
    outgoing: list[Outgoing] = field(default_factory=list)
    events: dict[tuple[UUID, str, bool], IncidentEvent] = field(default_factory=dict)
    due: dict[UUID, datetime] = field(default_factory=dict)


Wanted = tuple[Incident, Telling]


def tell(
    team: Team,
    incidents: Sequence[Incident],
    now: datetime,
    *,
    not_before: Mapping[UUID, datetime] = MappingProxyType({}),
) -> None:
    """Tells whom the routes name of these incidents as far as it is time, and says when to look again.

    Incidents that are muted, acknowledged or over are looked at no more. Their rules must be loaded. Single notices of
    those in `not_before` are sent from then on.
    """
    if not incidents:
        return
    paths, told = paths_of(team.id), told_of(team.id, incidents)
    workflows = subjects_of(team.id, [one.workflow_id for one in incidents])
    parts = parts_of(team.id, incidents, workflows)
    wanted: defaultdict[UUID, list[Wanted]] = defaultdict(list)
    round = _Round(team, now, told, workflows, _names(team.id), not_before)
    for one in incidents:
        is_open = one.status == IncidentStatus.OPEN and not one.muted_by
        taken = paths_for(paths, parts[one.id])
        found = plan(taken, one.severity, one.active_at or one.opened_at, told[one.id].channels, is_open, now)
        for telling in found.tell:
            wanted[telling.channel_id].append((one, telling))
        if found.next_at:
            round.due[one.id] = found.next_at
    recent = lately(team.id, wanted, now)
    for channel_id in sorted(wanted):
        _to_channel(round, channel_id, wanted[channel_id], recent.get(channel_id, Lately()))
    _send(round, incidents)


def _to_channel(round: _Round, channel_id: UUID, wanted: list[Wanted], recent: Lately) -> None:
    """Single notices as far as the channel has room, the worst first; the rest as one digest, or later."""
    wanted.sort(key=lambda pair: (_WORST.index(pair[0].severity), pair[0].opened_at, pair[0].id))
    late = [pair for pair in wanted if pair[1].is_late]
    late = late if len(late) > 1 else []
    rest = [pair for pair in wanted if not (late and pair[1].is_late)]
    room = max(SINGLE_NOTICES - recent.notices, 0)
    for one, telling in rest[:room]:
        _single(round, channel_id, one, telling)
    digested = [*late, *rest[room:]]
    if digested and recent.has_digest:
        for one, _ in digested:
            again = round.now + HELD_FOR
            round.due[one.id] = min(round.due.get(one.id, again), again)
    elif digested:
        found = [one for one, _ in digested]
        round.outgoing.append(
            Outgoing([channel_id], digest_of(round.team, found, channel_id, round.now, is_over=False))
        )
        for one in found:
            _note(round, one, channel_id, IncidentEventKind.NOTIFIED, is_digest=True)


def _single(round: _Round, channel_id: UUID, one: Incident, telling: Telling) -> None:
    told = round.told[one.id]
    kind = NoticeKind.REOPENED if told.is_reopened else NoticeKind.OPENED
    event = IncidentEventKind.NOTIFIED
    if telling.is_escalation:
        kind, event = NoticeKind.ESCALATED, IncidentEventKind.ESCALATED
    noted = _note(round, one, channel_id, event)
    about = noted.id if telling.is_escalation else told.opening
    notice = notice_of(round.team, one, kind, round.workflows, channel_id=channel_id)
    round.outgoing.append(Outgoing([channel_id], notice, one.id, about, round.not_before.get(one.id)))


def _note(
    round: _Round, one: Incident, channel_id: UUID, kind: IncidentEventKind, *, is_digest: bool = False
) -> IncidentEvent:
    """An event that says which channel was told; of one kind and incident there is one a look."""
    key = (one.id, kind.value, is_digest)
    if key not in round.events:
        detail: dict[str, Any] = {"channels": [], "names": [], **({"digest": True} if is_digest else {})}
        round.events[key] = IncidentEvent(
            team_id=one.team_id, incident_id=one.id, at=round.now, kind=kind, detail=detail
        )
    event = round.events[key]
    event.detail["channels"].append(str(channel_id))
    event.detail["names"].append(round.names.get(channel_id, ""))
    return event


def _send(round: _Round, looked_at: Sequence[Incident]) -> None:
    IncidentEvent.objects.bulk_create(round.events.values())
    queue_all(round.team.id, round.outgoing, round.now)
    done = [one.id for one in looked_at if one.id not in round.due]
    IncidentDue.objects.filter(incident_id__in=done).delete()
    look_again(round.team.id, round.due)


def look_again(team_id: UUID, due: Mapping[UUID, datetime]) -> None:
    """Says when to look at incidents again."""
    rows = [IncidentDue(incident_id=id, team_id=team_id, due_at=at) for id, at in sorted(due.items())]
    if rows:
        IncidentDue.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["incident_id"], update_fields=["due_at"]
        )


def tell_change(
    team: Team, events: Sequence[tuple[Incident, IncidentEvent]], kind: NoticeKind, now: datetime, *, by: str = ""
) -> None:
    """Tells the channels that know of these incidents that they were acknowledged or resolved."""
    if not events:
        return
    told = told_of(team.id, [one for one, _ in events])
    workflows = subjects_of(team.id, [one.workflow_id for one, _ in events])
    outgoing = [
        Outgoing(sorted(told[one.id].singly), notice_of(team, one, kind, workflows, by=by), one.id, event.id)
        for one, event in events
        if told[one.id].singly
    ]
    queue_all(team.id, outgoing, now)
    if kind is NoticeKind.RESOLVED:
        look_again(team.id, {one.id: now + HELD_FOR for one, _ in events if told[one.id].in_digest})


def tell_over(team: Team, incidents: Sequence[Incident], now: datetime) -> None:
    """Tells in one digest a channel that incidents are over of which it was told in one."""
    by_channel: defaultdict[UUID, list[Incident]] = defaultdict(list)
    told = told_of(team.id, incidents)
    for one in incidents:
        for channel_id in sorted(told[one.id].in_digest):
            by_channel[channel_id].append(one)
    outgoing = [
        Outgoing([channel_id], digest_of(team, found, channel_id, now, is_over=True))
        for channel_id, found in sorted(by_channel.items())
    ]
    queue_all(team.id, outgoing, now)
    IncidentDue.objects.filter(incident_id__in=[one.id for one in incidents]).delete()


def _names(team_id: UUID) -> dict[UUID, str]:
    return dict(Channel.objects.filter(team_id=team_id).values_list("id", "name"))
