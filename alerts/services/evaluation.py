"""Evaluates rules that are due: claims them, reads all of a team's together, follows their states, in one transaction.

What is due stands in `rule_due`. Who evaluates a rule holds its row until all is written, and others pass it by, so no
window is evaluated twice; when its worker is killed the rule is due as before. A rule that somebody changes at that
moment is passed by, too. docs/alerts/semantics.md says which windows are evaluated when.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from accounts.closed_teams import NOT_CLOSED
from accounts.tenancy import team_context
from alerts.analysis.conditions import Condition
from alerts.analysis.pace import (
    LATENESS,
    SETTLE,
    STUCK_AFTER,
    delay_of,
    late_ends,
    new_ends,
    newest_end,
    next_due,
)
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule, RuleDue
from alerts.reads.measures import Asked
from alerts.reads.measures_sums import late_minutes, waiting_since
from alerts.services import rule_states
from alerts.services.rule_courses import Course, apply_course, follow_rule
from alerts.services.rule_readings import has_windows, read_all
from alerts.services.rule_states import Stand
from monitoring.windows import MINUTE, Window, floor_to

logger = logging.getLogger(__name__)

# Rules of one team that one transaction evaluates, and windows of all of them together: some seconds of work, which is
# what a time limit or a killed worker costs at most. Reading takes most of it, and rules share what is read: so after
# an outage many rules make up a few windows each, and not few rules many.
BATCH = 5_000
WINDOWS = 50_000
# Figures that are not complete are asked for again after so long.
AGAIN = timedelta(seconds=2)
# A fold may have read its clock so long before it saw what it folds.
FOLD_TAKES = timedelta(seconds=120)
_INCOMPLETE = "Some of what was received is not in the figures yet."

# Who waits longest comes first, so that a large team never keeps the others waiting for good.
_TEAMS = f"""SELECT team_id FROM rule_due WHERE due_at <= %s AND {NOT_CLOSED}
    GROUP BY team_id ORDER BY min(due_at), team_id"""
_CLAIM = """SELECT rule_id, evaluated_until, evaluated_at FROM rule_due WHERE team_id = %s AND due_at <= %s
    ORDER BY due_at, rule_id LIMIT %s FOR UPDATE SKIP LOCKED"""
_MOVE_ON = """UPDATE rule_due d
    SET due_at = t.due_at, evaluated_until = t.evaluated_until, evaluated_at = t.evaluated_at
    FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[])
        AS t(rule_id, due_at, evaluated_until, evaluated_at) WHERE d.rule_id = t.rule_id"""


@dataclass(slots=True)
class Visit:
    """A rule that is evaluated now. `until` and `at` are the end of its last window and when that was evaluated.

    `ends` are the windows to evaluate, `late` those before them to look at again (both empty for a look at how things
    are), `postponed` says when to come again because its figures are not complete.
    """

    rule: AlertRule
    condition: Condition
    until: datetime | None
    at: datetime | None
    stands: dict[Subject, Stand] = field(default_factory=dict)
    ends: list[datetime] = field(default_factory=list)
    late: list[datetime] = field(default_factory=list)
    is_incomplete: bool = False
    postponed: datetime | None = None

    @property
    def is_windowed(self) -> bool:
        """Whether it is about windows."""
        return has_windows(self.rule)


def ensure_due(team_id: UUID, rule_ids: Iterable[UUID], now: datetime) -> None:
    """Puts rules into the queue, due at once; what is there already only becomes due."""
    RuleDue.objects.bulk_create(
        [RuleDue(rule_id=id, team_id=team_id, due_at=now) for id in sorted(set(rule_ids))],
        update_conflicts=True,
        unique_fields=["rule_id"],
        update_fields=["due_at"],
    )


def begin_anew(team_id: UUID) -> None:
    """Lets the rules of a team begin with the newest window: what happened while it was closed is not made up."""
    RuleDue.objects.filter(team_id=team_id).update(evaluated_until=None, evaluated_at=None)


def evaluate_due(now: datetime, *, seconds: float) -> int:
    """Evaluates what is due, team by team, for about so long; how many rules."""
    began, count = time.monotonic(), 0
    with connection.cursor() as cursor:
        cursor.execute(_TEAMS, [now])
        teams = [row[0] for row in cursor.fetchall()]
    for team_id in teams:
        try:
            while time.monotonic() - began < seconds and (done := evaluate_team(team_id, now)):
                count += done
        except Exception:
            # Its rules are due as before; the other teams are not to wait for what is wrong with it.
            logger.exception("alert rules of team %s could not be evaluated", team_id)
    return count


def evaluate_team(team_id: UUID, now: datetime, *, limit: int | None = None) -> int:
    """Evaluates up to `limit` rules of a team that are due, in one transaction; how many. 0: none is left."""
    with team_context(team_id):
        visits = _claim(team_id, now, limit or BATCH)
        if not visits:
            return 0
        _plan(team_id, visits, now)
        late = _plan_late(team_id, visits)
        ready = [one for one in visits if one.postponed is None and (one.ends or not one.is_windowed)]
        readings = read_all(team_id, [_asked(one) for one in ready], now)
        course = Course()
        for one in ready:
            told = readings.get(one.rule.id, [])
            told = [_incomplete(each) for each in told] if one.is_incomplete else told
            follow_rule(course, one.rule, one.condition, one.stands, told, until=_known_until(one), late=late, now=now)
        apply_course(team_id, course, now)
        rule_states.write(team_id, course.stands)
        rule_states.forget(team_id, course.gone)
        _move_on(visits, now)
        return len(visits)


def _claim(team_id: UUID, now: datetime, limit: int) -> list[Visit]:
    """Rules that are due and that nobody else holds; those that are off or gone leave the queue."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [team_id, now, limit])
        due = {row[0]: row[1:] for row in cursor.fetchall()}
    if not due:
        return []
    mine = AlertRule.objects.filter(team_id=team_id, id__in=due, is_active=True, removed_at__isnull=True)
    rules = list(mine.select_for_update(skip_locked=True, no_key=True).order_by("id"))
    if len(rules) < len(due):
        known = set(mine.values_list("id", flat=True))
        RuleDue.objects.filter(rule_id__in=due.keys() - known).delete()
    stands = rule_states.load(team_id, rules)
    return [Visit(rule, rule.condition, due[rule.id][0], due[rule.id][1], stands[rule.id]) for rule in rules]


def _plan(team_id: UUID, visits: Sequence[Visit], now: datetime) -> None:
    """Which windows each visit evaluates. Those whose figures are not complete wait, but not for ever."""
    windowed = [one for one in visits if one.is_windowed]
    if not windowed:
        return
    newest, most = max(newest_end(one.condition, now) for one in windowed), max(WINDOWS // len(windowed), 1)
    waiting = waiting_since(team_id, Window(newest - LATENESS, newest))
    for one in windowed:
        one.ends = new_ends(one.condition, one.until, now)[:most]
        if one.ends and waiting is not None:
            _hold_back(one, waiting, now)


def _hold_back(one: Visit, waiting: datetime, now: datetime) -> None:
    """Leaves out the windows of which something that was accepted since `waiting` is not in the figures yet, unless
    that lasts for too long."""
    delay = delay_of(one.condition)
    complete = [end for end in one.ends if end + delay < waiting]
    stuck = [end for end in one.ends[len(complete) :] if end + delay + STUCK_AFTER <= now]
    one.ends, one.is_incomplete = [*complete, *stuck], bool(stuck)
    one.postponed = None if one.ends else now + AGAIN


def _plan_late(team_id: UUID, visits: Sequence[Visit]) -> frozenset[UUID | None]:
    """Adds the windows that are looked at again; which workflows had figures that came late. None stands for all."""
    known = [
        (one, one.until, one.at)
        for one in visits
        if one.is_windowed and one.until is not None and one.at is not None and one.postponed is None
    ]
    if not known:
        return frozenset()
    until = max(end for _, end, _ in known)
    delay = max(delay_of(one.condition) for one, _, _ in known)
    window = Window(until - max(LATENESS, delay), until)
    since = min(at for _, _, at in known) - FOLD_TAKES
    found = late_minutes(team_id, window, since, SETTLE)
    if not found:
        return frozenset()
    first = min(found.values())
    for one, end, _ in known:
        if one.rule.workflow_id is None or one.rule.workflow_id in found:
            one.late = late_ends(one.condition, first, end, one.rule.updated_at)
    return frozenset({*found, None})


def _asked(one: Visit) -> Asked:
    standing = tuple(subject for subject, stand in one.stands.items() if not stand.is_over)
    return Asked(one.rule, (*one.late, *one.ends), standing)


def _incomplete(reading: Reading) -> Reading:
    return replace(reading, words=reading.words or _INCOMPLETE)


def _known_until(one: Visit) -> datetime | None:
    return one.until if one.is_windowed else None


def _move_on(visits: Sequence[Visit], now: datetime) -> None:
    """When each is evaluated next. After an outage, at once until all that was missed is made up."""
    rows = []
    for one in visits:
        if one.postponed is not None:
            rows.append((one.rule.id, one.postponed, one.until, one.at))
        elif one.is_windowed:
            until = one.ends[-1] if one.ends else one.until
            due_at = next_due(one.condition, until) if until else now + MINUTE
            rows.append((one.rule.id, due_at, until, now if one.ends else one.at))
        else:
            rows.append((one.rule.id, floor_to(now, MINUTE) + MINUTE, now, now))
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_ON, [list(column) for column in zip(*rows, strict=True)])
