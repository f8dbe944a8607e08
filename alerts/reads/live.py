"""Executions at work now (`Family.LIVE`): running longer than expected, stuck, waiting in a queue.

One query for what is at work, and one for what is usual. Executions that wait for a person are none of these. What
nobody reported for a week is given up: its sender is gone, and it would fire for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule
from alerts.reads.places import IS_LIVE, Place, Wanted, rules_of, subjects_of, wanted_by
from alerts.reads.usual_durations import UsualDuration, usual_durations
from monitoring import wording
from monitoring.statuses import Status

# Executions of a workflow and status that are looked at one by one: those that are longest at it.
MAX_RUNS = 50
MAX_SAMPLES = 5
GIVEN_UP_AFTER = timedelta(days=7)
# Shorter runs are never too long: what takes a second may take two.
MIN_OVER = timedelta(seconds=60)
_ZERO = timedelta(0)

# Whoever waits for a part of its own that is at work is as alive as that part.
_ACTIVE = f"""
SELECT workflow_id, environment_id, status, id, external_id, began_at, heard_at, total FROM (
    SELECT a.*, count(*) OVER place AS total,
        row_number() OVER (PARTITION BY workflow_id, environment_id, status ORDER BY began_at, id) AS oldest,
        row_number() OVER (PARTITION BY workflow_id, environment_id, status ORDER BY heard_at, id) AS quietest
    FROM (
        SELECT workflow_id, environment_id, status, id, external_id, COALESCE(started_at, received_at) AS began_at,
            GREATEST(COALESCE(heard_at, received_at), (
                SELECT max(CASE WHEN part.status = {Status.WAITING:d} THEN %(now)s
                    ELSE COALESCE(part.heard_at, part.received_at) END)
                FROM execution part WHERE part.team_id = %(team)s AND part.parent_execution_id = e.id
                    AND part.status IN ({Status.QUEUED:d}, {Status.RUNNING:d}, {Status.WAITING:d})
            )) AS heard_at
        FROM execution e WHERE team_id = %(team)s AND status IN ({Status.QUEUED:d}, {Status.RUNNING:d})
            AND {{workflow}} AND {{environment}} AND {IS_LIVE} AND COALESCE(heard_at, received_at) > %(given_up)s
    ) a WINDOW place AS (PARTITION BY workflow_id, environment_id, status)
) ranked WHERE oldest <= {MAX_RUNS} OR quietest <= {MAX_RUNS}
"""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """An execution at work: since when (told start, else receipt), and when it was heard of last."""

    id: UUID
    name: str
    status: Status
    began_at: datetime
    heard_at: datetime


@dataclass(frozen=True, slots=True)
class AtWork:
    """What is at work at one place: the executions longest at it, and how many there are of each status."""

    place: Place
    runs: Sequence[ActiveRun]
    totals: Mapping[Status, int]


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """One reading for each subject with an execution at work in the status that its rule is about."""
    wanted = wanted_by(rules)
    found = at_work(team_id, wanted, now)
    asking = [rule for rule in rules_of(rules, "running_over") if not rule.parameters.get("expected_ms")]
    usual = usual_durations(team_id, _long_places(found, asking, now), now) if asking else {}
    return {rule.id: _readings(rule, found, usual, now) for rule in rules}


def at_work(team_id: UUID, wanted: Wanted, now: datetime) -> dict[Place, AtWork]:
    """What is at work, by place."""
    text = _ACTIVE.format(
        workflow="workflow_id IS NOT NULL" if wanted.workflow_ids is None else "workflow_id = ANY(%(workflows)s)",
        environment="true" if wanted.environment_ids is None else "environment_id = ANY(%(environments)s)",
    )
    values = {"team": team_id, "workflows": wanted.workflow_ids, "environments": wanted.environment_ids, "now": now}
    runs: dict[Place, list[ActiveRun]] = {}
    totals: dict[Place, dict[Status, int]] = {}
    for workflow, environment, status, *told, total in run_planned(text, {**values, "given_up": now - GIVEN_UP_AFTER}):
        runs.setdefault((workflow, environment), []).append(ActiveRun(told[0], told[1], Status(status), *told[2:]))
        totals.setdefault((workflow, environment), {})[Status(status)] = total
    return {place: AtWork(place, mine, totals[place]) for place, mine in runs.items()}


def _long_places(found: Mapping[Place, AtWork], rules: Sequence[AlertRule], now: datetime) -> set[Place]:
    """Places whose usual duration is needed: where a run is out for long enough to be too long."""
    places = {one.place for rule in rules for mine in subjects_of(rule, found).values() for one in mine}
    return {place for place in places if any(now - run.began_at >= MIN_OVER for run in _running(found[place]))}


def _running(one: AtWork) -> list[ActiveRun]:
    return [run for run in one.runs if run.status is Status.RUNNING]


def _readings(
    rule: AlertRule, found: Mapping[Place, AtWork], usual: Mapping[Place, UsualDuration], now: datetime
) -> list[Reading]:
    def read_one(subject: Subject, mine: Sequence[AtWork]) -> Reading | None:
        if rule.metric == "running_over":
            return _running_over(rule, subject, mine, usual, now)
        return _waiting_long(rule, subject, mine, now)

    told = (read_one(subject, mine) for subject, mine in subjects_of(rule, found).items())
    return [reading for reading in told if reading is not None]


@dataclass(frozen=True, slots=True)
class _Over:
    """A run, how long it is at it in the metric's unit, and what is said of it."""

    run: ActiveRun
    value: float
    words: str


def _running_over(
    rule: AlertRule,
    subject: Subject,
    mine: Sequence[AtWork],
    usual: Mapping[Place, UsualDuration],
    now: datetime,
) -> Reading | None:
    """How many times its expected duration the run is out that is out longest by that; None where none is known."""
    over: list[_Over] = []
    for one in mine:
        expected, limit = _expected(rule, usual.get(one.place))
        for run in _running(one) if expected else ():
            elapsed = now - run.began_at
            value = elapsed / timedelta(milliseconds=expected) if elapsed >= MIN_OVER else 0.0
            over.append(_Over(run, value, f"has been running for {_length(elapsed)}, {limit}"))
    total = sum(one.totals.get(Status.RUNNING, 0) for one in mine)
    return _worst(rule, subject, over, total, now, lambda run: run.began_at)


def _expected(rule: AlertRule, usual: UsualDuration | None) -> tuple[float, str]:
    """The expected duration (ms; 0: not known), and how it is said."""
    if told := rule.parameters.get("expected_ms"):
        return told, f"expected {wording.plain_duration_ms(told)}"
    return (usual.p95_ms, f"usually under {wording.duration_ms(usual.p95_ms)}") if usual else (0, "")


def _waiting_long(rule: AlertRule, subject: Subject, mine: Sequence[AtWork], now: datetime) -> Reading | None:
    """For how long (ms) nobody reported the running execution that is quiet longest, or how long one is queued."""
    is_stuck = rule.metric == "stuck"
    status = Status.RUNNING if is_stuck else Status.QUEUED
    over: list[_Over] = []
    for run in (run for one in mine for run in one.runs if run.status is status):
        length = max(now - (run.heard_at if is_stuck else run.began_at), _ZERO)
        words = f"has been running for {_length(now - run.began_at)}, with no report for {_length(length)}"
        if not is_stuck:
            words = f"has been waiting in a queue for {_length(length)}"
        over.append(_Over(run, length / timedelta(milliseconds=1), words))
    total = sum(one.totals.get(status, 0) for one in mine)
    return _worst(rule, subject, over, total, now, lambda run: run.heard_at if is_stuck else run.began_at)


def _worst(
    rule: AlertRule,
    subject: Subject,
    over: Sequence[_Over],
    total: int,
    now: datetime,
    since: Callable[[ActiveRun], datetime],
) -> Reading | None:
    """The reading of the worst run, with the others that are beyond the threshold as further samples."""
    if not over:
        return None
    ranked = sorted(over, key=lambda one: (-one.value, one.run.id))
    beyond = [one for one in ranked if rule.threshold is not None and one.value > rule.threshold]
    worst = ranked[0]
    others = f"; {wording.count(len(beyond) - 1)} more like it" if len(beyond) > 1 else ""
    return Reading(
        subject,
        now,
        worst.value,
        total,
        since=since(worst.run),
        words=f"Run {worst.run.name[:80]} {worst.words}{others}",
        execution_ids=tuple(one.run.id for one in (beyond or ranked[:1])[:MAX_SAMPLES]),
    )


def _length(length: timedelta) -> str:
    return wording.duration_ms(max(length, _ZERO) / timedelta(milliseconds=1))
