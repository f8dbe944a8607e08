"""Opens, follows and resolves incidents as an evaluation says: in bulk, in the transaction of the evaluation.

What opens is grouped, muted and told in the same transaction, in a number of statements that does not depend on how
many there are. docs/alerts/incidents.md says it in words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Team, User
from alerts.analysis.notices import NoticeKind
from alerts.models import (
    AlertRule,
    Incident,
    IncidentDue,
    IncidentEventKind,
    IncidentStatus,
    SilenceKind,
)
from alerts.reads.quiet import holding, in_force
from alerts.reads.subjects import Subject, facts_of, subjects_of
from alerts.services import notifying
from alerts.services.grouping import group
from alerts.services.incident_events import note
from alerts.services.incident_facts import Found, describe
from alerts.services.looking_into import look_into_soon
from alerts.services.muting import mute
from alerts.services.routes import ensure_default

# What fires again so soon after it resolved by itself is the same incident, open again.
REOPENS_WITHIN = timedelta(minutes=10)
# So long after an incident resolved those that counted to it are looked at: what still stands is told then.
LEFT_AFTER = timedelta(minutes=2)
LAST_CHILD = "Everything that counted to it is over."


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

    A breach in a maintenance window opens nothing and is missing in the answer. Call it inside the team's context.
    """
    opened = _open(team_id, changes.opened, now)
    _worsen(team_id, changes.worse, now)
    resolve(team_id, changes.resolved, now)
    over = {
        opened[one.subject_id].id: _over_words(one.since, one.ended_at)
        for one in changes.opened
        if one.ended_at is not None and one.subject_id in opened
    }
    resolve(team_id, list(over), now, texts=over)
    note(team_id, changes.silent, IncidentEventKind.NO_DATA, now)
    return opened


def _over_words(since: datetime, ended_at: datetime) -> str:
    return f"Over when it was found: it lasted from {since:%-d %B %Y %H:%M} to {ended_at:%H:%M} UTC."


def _open(team_id: UUID, breaches: Sequence[Breach], now: datetime) -> dict[UUID, Incident]:
    if not breaches:
        return {}
    team = Team.objects.get(id=team_id)
    ensure_default(team_id, now)
    workflows = subjects_of(team_id, [one.workflow_id for one in breaches])
    breaches = _outside_maintenance(team_id, breaches, workflows, now)
    reopened = _reopen(team_id, breaches, now)
    fresh = [one for one in breaches if one.subject_id not in reopened]
    pairs = [(_incident(team_id, one, now), _found(one)) for one in fresh]
    describe(team, pairs, workflows, now)
    made = {one.id: one for one, _ in pairs} | {one.id: one for one in reopened.values()}
    # Of two evaluators that found the same, the second one finds the open incident of the first.
    Incident.objects.bulk_create([one for one, _ in pairs], ignore_conflicts=True)
    standing = _standing(team_id, [one.subject_id for one in breaches], made)
    new = [one for one in standing.values() if one.id in made and one.subject_id not in reopened]
    note(team_id, sorted(one.id for one in new), IncidentEventKind.OPENED, now)
    _follow_up(team, [*new, *(one for one in reopened.values() if one.subject_id in standing)], now)
    return standing


def _standing(team_id: UUID, subjects: Sequence[UUID], made: Mapping[UUID, Incident]) -> dict[UUID, Incident]:
    """The open incident of each subject: the one that was made here, where the database took it."""
    mine = Incident.objects.filter(team_id=team_id, subject_id__in=subjects, resolved_at__isnull=True)
    pairs = dict(mine.values_list("id", "subject_id"))
    others = Incident.objects.filter(team_id=team_id, id__in=pairs.keys() - made.keys()).select_related("rule")
    return {subject: made[id] for id, subject in pairs.items() if id in made} | {one.subject_id: one for one in others}


def _outside_maintenance(
    team_id: UUID, breaches: Sequence[Breach], workflows: Mapping[UUID, Subject], now: datetime
) -> list[Breach]:
    """Without those that a maintenance window holds back: what still holds at its end opens then."""
    quiet = in_force(team_id, now)
    if not any(one.silence.kind == SilenceKind.MAINTENANCE for one in quiet):
        return list(breaches)

    def is_held(one: Breach) -> bool:
        workflow = workflows.get(one.workflow_id) if one.workflow_id else None
        facts = facts_of(one.rule, one.rule.severity, one.rule.environment, workflow)
        return holding(SilenceKind.MAINTENANCE, quiet, [facts]) is not None

    return [one for one in breaches if not is_held(one)]


def _reopen(team_id: UUID, breaches: Sequence[Breach], now: datetime) -> dict[UUID, Incident]:
    """Opens again what resolved by itself just now, by subject."""
    wanted = {one.subject_id: one for one in breaches}
    lately = Incident.objects.filter(
        team_id=team_id,
        resolved_at__gte=now - REOPENS_WITHIN,
        subject_id__in=list(wanted),
        is_resolved_by_hand=False,
        rule__isnull=False,
    )
    latest = {one.subject_id: one for one in lately.order_by("resolved_at", "id")}
    open_now = Incident.objects.filter(team_id=team_id, subject_id__in=list(latest), resolved_at__isnull=True)
    for subject in open_now.values_list("subject_id", flat=True):
        latest.pop(subject)
    for one in latest.values():
        breach = wanted[one.subject_id]
        one.rule = breach.rule
        one.status, one.resolved_at, one.active_at, one.updated_at = IncidentStatus.OPEN, None, now, now
        one.acknowledged_at = one.acknowledged_by = one.parent = None
        one.muted_by, one.reopen_count = "", one.reopen_count + 1
        one.is_flapping = one.is_flapping or breach.is_flapping
    Incident.objects.bulk_update(latest.values(), _REOPENED)
    note(team_id, sorted(one.id for one in latest.values()), IncidentEventKind.REOPENED, now)
    return latest


_REOPENED = (
    *("status", "resolved_at", "active_at", "updated_at", "acknowledged_at", "acknowledged_by", "parent", "muted_by"),
    *("reopen_count", "is_flapping"),
)


def _follow_up(team: Team, incidents: Sequence[Incident], now: datetime) -> None:
    """Groups, mutes and tells what opened; of the first ones it is told soon what their failures share."""
    if not incidents:
        return
    grouped = group(team, incidents, now)
    note(team.id, [one.id for one in grouped.opened], IncidentEventKind.OPENED, now)
    left = [one for one in incidents if not one.muted_by]
    audible = [one for one in mute(team.id, [*left, *grouped.opened], now) if not one.muted_by]
    notifying.tell(team, audible, now, not_before=look_into_soon(team.id, audible, now))


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
        active_at=now,
        updated_at=now,
        value=breach.value,
        limit=breach.limit,
        samples=breach.samples,
        worst=breach.value,
        is_flapping=breach.is_flapping,
    )


def _found(one: Breach) -> Found:
    return Found(one.rule, one.value, one.limit, one.samples, one.low, one.high, one.words, one.execution_ids)


def _worsen(team_id: UUID, worse: dict[UUID, float], now: datetime) -> None:
    """The worst value since an incident opened; no event, because a value may grow each minute."""
    if not worse:
        return
    found = list(Incident.objects.filter(team_id=team_id, id__in=worse, resolved_at__isnull=True))
    for one in found:
        one.worst, one.updated_at = worse[one.id], now
    Incident.objects.bulk_update(found, ["worst", "updated_at"])


def resolve(
    team_id: UUID,
    incident_ids: Sequence[UUID],
    now: datetime,
    *,
    by: User | str | None = None,
    text: str = "",
    texts: Mapping[UUID, str] | None = None,
) -> list[UUID]:
    """Resolves those of these incidents that are open, and says which they were. `by`: a member or the name of a key;
    `texts` are told of single ones.

    With the last one that counts to it, the incident of a dependency resolves too.
    """
    if not incident_ids:
        return []
    mine = Incident.objects.filter(team_id=team_id, id__in=incident_ids, resolved_at__isnull=True)
    found = list(mine.select_for_update(of=("self",)).select_related("rule").order_by("id"))
    ids, user = [one.id for one in found], by if isinstance(by, User) else None
    Incident.objects.filter(team_id=team_id, id__in=ids).update(
        status=IncidentStatus.RESOLVED,
        resolved_at=now,
        resolved_by=user,
        is_resolved_by_hand=by is not None,
        updated_at=now,
    )
    for one in found:
        one.status, one.resolved_at = IncidentStatus.RESOLVED, now
    events = note(team_id, ids, IncidentEventKind.RESOLVED, now, by=by, text=text, texts=texts)
    IncidentDue.objects.filter(incident_id__in=ids).delete()
    if found:
        team = Team.objects.get(id=team_id)
        name = by.email if isinstance(by, User) else by or ""
        notifying.tell_change(team, list(zip(found, events, strict=True)), NoticeKind.RESOLVED, now, by=name)
        _after(team_id, found, now)
    return ids


def _after(team_id: UUID, resolved: Sequence[Incident], now: datetime) -> None:
    """Resolves dependencies without anything left, and has what counted to a resolved incident looked at soon."""
    leads = {one.parent_id for one in resolved if one.parent_id}
    left = Incident.objects.filter(team_id=team_id, parent_id__in=leads, resolved_at__isnull=True)
    empty = leads - set(left.values_list("parent_id", flat=True))
    of_dependencies = Incident.objects.filter(
        team_id=team_id, id__in=empty, rule__isnull=True, resolved_at__isnull=True
    )
    resolve(team_id, sorted(of_dependencies.values_list("id", flat=True)), now, text=LAST_CHILD)
    orphans = Incident.objects.filter(
        team_id=team_id, parent_id__in=[one.id for one in resolved], resolved_at__isnull=True
    )
    notifying.look_again(team_id, dict.fromkeys(orphans.values_list("id", flat=True), now + LEFT_AFTER))
