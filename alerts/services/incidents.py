"""Opens, follows and resolves incidents as an evaluation says: in bulk, in the transaction of the evaluation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.models import User
from alerts.models import AlertRule, Incident, IncidentEvent, IncidentEventKind, IncidentStatus


@dataclass(frozen=True, slots=True)
class Breach:
    """That the condition of a rule holds for a subject: `since` when, and what the newest window gave.

    `value` and `limit` are in the metric's unit; `low` and `high` are the usual range where that was asked. `words` and
    `execution_ids` are those of its reading (`alerts.analysis.readings`). `ended_at`: it was over by then when it was
    found, after an outage or because figures came late; its incident is opened and resolved at once.
    """

    rule: AlertRule
    subject_id: UUID
    workflow_id: UUID | None
    value_text: str
    since: datetime
    value: float | None
    limit: float | None
    samples: int = 0
    low: float | None = None
    high: float | None = None
    is_flapping: bool = False
    words: str = ""
    execution_ids: tuple[UUID, ...] = ()
    ended_at: datetime | None = None


@dataclass(slots=True)
class Changes:
    """What one evaluation changes: breaches that begin, open incidents that became worse (with the value), incidents
    that are over, and open ones for which there is no data any more."""

    opened: list[Breach] = field(default_factory=list)
    worse: dict[UUID, float] = field(default_factory=dict)
    resolved: list[UUID] = field(default_factory=list)
    silent: list[UUID] = field(default_factory=list)


def apply(team_id: UUID, changes: Changes, now: datetime) -> dict[UUID, Incident]:
    """Writes the changes down and says which incident is open for each opened subject, new or already there.

    Call it inside the team's context.
    """
    opened = _open(team_id, changes.opened, now)
    _worsen(team_id, changes.worse, now)
    resolve(team_id, changes.resolved, now)
    for one in changes.opened:
        if one.ended_at is not None and one.subject_id in opened:
            resolve(team_id, [opened[one.subject_id].id], now, text=_over_when_found(one.since, one.ended_at))
    _note(team_id, changes.silent, IncidentEventKind.NO_DATA, now)
    return opened


def _over_when_found(since: datetime, ended_at: datetime) -> str:
    return f"Over when it was found: it lasted from {since:%-d %B %Y %H:%M} to {ended_at:%H:%M} UTC."


def _open(team_id: UUID, breaches: Sequence[Breach], now: datetime) -> dict[UUID, Incident]:
    if not breaches:
        return {}
    made = [_incident(team_id, one, now) for one in breaches]
    # Of two evaluators that found the same, the second one finds the open incident of the first.
    Incident.objects.bulk_create(made, ignore_conflicts=True)
    subjects = [one.subject_id for one in breaches]
    found = Incident.objects.filter(team_id=team_id, subject_id__in=subjects, resolved_at__isnull=True)
    standing = {one.subject_id: one for one in found.select_related("rule")}
    new = {one.id for one in made} & {one.id for one in standing.values()}
    _note(team_id, sorted(new), IncidentEventKind.OPENED, now)
    return standing


def _incident(team_id: UUID, breach: Breach, now: datetime) -> Incident:
    rule = breach.rule
    return Incident(
        team_id=team_id,
        rule=rule,
        subject_id=breach.subject_id,
        workflow_id=breach.workflow_id,
        value_text=breach.value_text,
        environment=rule.environment,
        title=rule.name,
        severity=rule.severity,
        since=breach.since,
        opened_at=now,
        updated_at=now,
        value=breach.value,
        limit=breach.limit,
        samples=breach.samples,
        worst=breach.value,
        is_flapping=breach.is_flapping,
    )


def _worsen(team_id: UUID, worse: dict[UUID, float], now: datetime) -> None:
    """The worst value since an incident opened; no event, because a value may grow each minute."""
    if not worse:
        return
    found = list(Incident.objects.filter(team_id=team_id, id__in=worse, resolved_at__isnull=True))
    for one in found:
        one.worst, one.updated_at = worse[one.id], now
    Incident.objects.bulk_update(found, ["worst", "updated_at"])


def resolve(
    team_id: UUID, incident_ids: Sequence[UUID], now: datetime, *, by: User | None = None, text: str = ""
) -> list[UUID]:
    """Resolves those of these incidents that are open, and says which they were."""
    if not incident_ids:
        return []
    mine = Incident.objects.filter(team_id=team_id, id__in=incident_ids, resolved_at__isnull=True)
    ids = sorted(mine.select_for_update().values_list("id", flat=True))
    Incident.objects.filter(team_id=team_id, id__in=ids).update(
        status=IncidentStatus.RESOLVED, resolved_at=now, resolved_by=by, updated_at=now
    )
    _note(team_id, ids, IncidentEventKind.RESOLVED, now, by=by, text=text)
    return ids


def _note(
    team_id: UUID,
    incident_ids: Sequence[UUID],
    kind: IncidentEventKind,
    now: datetime,
    *,
    by: User | None = None,
    text: str = "",
) -> None:
    IncidentEvent.objects.bulk_create(
        IncidentEvent(team_id=team_id, incident_id=id, at=now, kind=kind, by=by, text=text) for id in incident_ids
    )
