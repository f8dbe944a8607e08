"""What readings change: each subject's state goes on, and incidents open, get worse and end as it says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import State
from alerts.analysis.judging import Judged, Verdict, judge
from alerts.analysis.readings import Reading, Subject
from alerts.analysis.states import Change, Transition, advance, look_back
from alerts.models import AlertRule, Incident
from alerts.services.incidents import Breach, Changes, apply
from alerts.services.rule_states import Stand, fresh


@dataclass(slots=True)
class Course:
    """What one evaluation found: `stands` that were measured, `gone` ones that need not be remembered, the changes of
    incidents that are there, and breaches that begin. The n-th breach of a subject in one evaluation is in the n-th of
    `rounds`."""

    stands: list[Stand] = field(default_factory=list)
    gone: list[Stand] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    rounds: list[list[tuple[Stand, Breach]]] = field(default_factory=list)

    def open(self, stand: Stand, breach: Breach, place: int) -> None:
        """Notes a breach."""
        while len(self.rounds) <= place:
            self.rounds.append([])
        self.rounds[place].append((stand, breach))


def follow_rule(
    course: Course,
    rule: AlertRule,
    stands: Mapping[Subject, Stand],
    readings: Sequence[Reading],
    *,
    until: datetime | None,
    late: frozenset[UUID | None],
    now: datetime,
) -> None:
    """Takes a rule's subjects through their readings. `until` is the end of the last window that was evaluated; of
    subjects whose workflow is in `late` the readings up to then are looked at again."""
    condition = rule.condition
    by_subject: dict[Subject, list[Reading]] = {}
    for reading in readings:
        by_subject.setdefault(reading.subject, []).append(reading)
    for subject, told in by_subject.items():
        stand = stands.get(subject) or fresh(rule, subject, until)
        memory = stand.memory
        if until is not None and (memory.at is None or memory.at < until):
            memory.at = until
        judged = [judge(condition, reading) for reading in sorted(told, key=lambda one: one.at)]
        changes: list[Transition] = []
        past = [one for one in judged if until is not None and one.at <= until]
        if past and subject.workflow_id in late:
            memory, changes = look_back(condition, memory, past)
        stand.memory, more = advance(condition, memory, judged)
        _settle(course, stand, judged[-1], [*changes, *more])
    _absent(course, rule, [one for one in stands.values() if one.subject not in by_subject], now)


def _absent(course: Course, rule: AlertRule, stands: Iterable[Stand], now: datetime) -> None:
    """What a look at the state of things does not find any more is fine: nothing is stuck where nothing runs."""
    metric = METRICS.get(rule.metric)
    if metric is None or metric.has_window:
        return
    for stand in stands:
        gone = Judged(Reading(stand.subject, now, None), Verdict.GOOD)
        stand.memory, changes = advance(rule.condition, stand.memory, [gone])
        _settle(course, stand, gone, changes)
        if stand.is_forgettable(now):
            course.gone.append(course.stands.pop())


def _settle(course: Course, stand: Stand, newest: Judged, changes: Sequence[Transition]) -> None:
    """Turns what changed for a subject into changes of incidents."""
    course.stands.append(stand)
    stand.show(newest)
    fired: Transition | None = None
    place = 0
    for one in changes:
        if one.change is Change.FIRED:
            fired = one
        elif one.change is Change.CLEARED and fired is not None:
            course.open(stand, _breach(stand, fired, ended_at=one.at), place)
            fired, place = None, place + 1
        elif one.change is Change.CLEARED and stand.incident_id is not None:
            course.changes.resolved.append(stand.incident_id)
            stand.incident_id = None
        elif stand.incident_id is not None and fired is None:
            _goes_on(course.changes, stand.incident_id, one)
    if fired is not None:
        course.open(stand, _breach(stand, fired), place)
    elif _is_untold(stand, newest):
        again = Transition(Change.FIRED, newest, stand.memory.held_since or newest.at, stand.memory.is_flapping)
        course.open(stand, _breach(stand, again), place)


def _goes_on(changes: Changes, incident_id: UUID, one: Transition) -> None:
    if one.change is Change.WORSE and one.judged.reading.value is not None:
        changes.worse[incident_id] = one.judged.reading.value
    elif one.change is Change.SILENT:
        changes.silent.append(incident_id)


def _is_untold(stand: Stand, newest: Judged) -> bool:
    """It fires, and no incident was allowed to open (maintenance): once that is over, one does."""
    return stand.memory.state is State.FIRING and stand.incident_id is None and newest.verdict is Verdict.BAD


def _breach(stand: Stand, fired: Transition, *, ended_at: datetime | None = None) -> Breach:
    reading = fired.judged.reading
    return Breach(
        rule=stand.rule,
        subject_id=stand.id,
        workflow_id=stand.subject.workflow_id,
        value_text=stand.subject.value,
        since=fired.since,
        value=reading.value,
        limit=fired.judged.limit,
        samples=reading.samples,
        low=reading.low,
        high=reading.high,
        is_flapping=fired.is_flapping,
        words=reading.words,
        execution_ids=reading.execution_ids,
        ended_at=ended_at,
    )


def apply_course(team_id: UUID, course: Course, now: datetime) -> int:
    """Writes the changes of incidents down; how many opened. Ended ones first: a subject has one open incident."""
    changes = course.changes
    if changes.resolved or changes.worse or changes.silent:
        apply(team_id, changes, now)
    for found in course.rounds:
        opened: Mapping[UUID, Incident] = apply(team_id, Changes(opened=[breach for _, breach in found]), now)
        for stand, breach in found:
            incident = opened.get(breach.subject_id)
            stand.incident_id = incident.id if incident is not None and breach.ended_at is None else None
    return sum(len(found) for found in course.rounds)
