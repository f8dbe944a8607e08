"""Failure groups that are new, or back after they were resolved (`Family.GROUP`). One query for each metric.

A group fires when it is seen, and until an hour passed without a failure of it. Ignored groups are left out, so are
merged ones, that count as another, and groups of a workflow of which nobody knows yet what is usual.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from accounts.statements import run_planned
from alerts.analysis.conditions import State
from alerts.analysis.group_courses import LEARNED_AFTER, QUIET
from alerts.analysis.readings import Reading, Subject
from alerts.models import AlertRule, AlertState, RuleDue
from alerts.reads.places import IS_LIVE
from monitoring import wording
from monitoring.analysis.triage import TriageStatus
from monitoring.identity import LabelKind, label_id
from monitoring.reads.groups import title_words
from monitoring.reads.silence import silenced

# After an outage of the beat, what was missed is made up over this time.
MADE_UP = timedelta(hours=24)
MAX_SAMPLES = 5
MAX_GROUPS = 1_000
_STANDING = (State.PENDING, State.FIRING)
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_SELECT = f"""
SELECT g.id, g.workflow_id, g.title, {{began}}, e.environment_id, e.failures, e.latest
FROM failure_group g {{join}}
LEFT JOIN workflow w ON w.team_id = %(team)s AND w.id = g.workflow_id
CROSS JOIN LATERAL (
    SELECT environment_id, count(*) AS failures,
        (array_agg(id ORDER BY counted_at DESC, id DESC))[1:{MAX_SAMPLES}] AS latest
    FROM execution WHERE team_id = %(team)s AND failure_group_id = ANY({{members}})
        AND counted_at > %(quiet)s AND counted_at <= %(now)s AND {IS_LIVE}
    GROUP BY environment_id
) e
WHERE g.team_id = %(team)s AND {{condition}}
ORDER BY {{began}} DESC, g.id LIMIT {MAX_GROUPS}
"""
# SQL: the fingerprints that count as the group `g`.
MEMBERS = """ARRAY(SELECT g.id UNION ALL SELECT m.id FROM group_triage m
    WHERE m.team_id = %(team)s AND m.merged_into_id = g.id)"""
_NEW = _SELECT.format(
    began="g.first_seen_at",
    join="LEFT JOIN group_triage t ON t.team_id = %(team)s AND t.id = g.id",
    members=MEMBERS,
    condition=f"""(g.first_seen_at > %(since)s AND (w.id IS NULL OR w.created_at <= %(learned)s)
        OR g.id = ANY(%(standing)s)) AND g.last_seen_at > %(quiet)s
        AND t.merged_into_id IS NULL AND COALESCE(t.status, 'open') <> '{TriageStatus.RESOLVED}'""",
)
_RETURNED = _SELECT.format(
    began="t.decided_at",
    join="JOIN group_triage t ON t.team_id = %(team)s AND t.id = g.id",
    members=MEMBERS,
    condition=f"""t.status = '{TriageStatus.REOPENED}' AND t.merged_into_id IS NULL
        AND (t.decided_at > %(since)s OR g.id = ANY(%(standing)s))""",
)


@dataclass(frozen=True, slots=True)
class _Group:
    """A group, since when it is new or back, and its failures of the last hour in one environment."""

    id: UUID
    workflow_id: UUID | None
    title: str
    began_at: datetime
    environment_id: int
    failures: int
    latest: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A rule, from when on a group is new to it, the groups that fire by it (they go on until they are quiet), and
    those that it has told of."""

    rule: AlertRule
    since: datetime
    standing: frozenset[UUID]
    told: frozenset[UUID]

    def is_about(self, one: _Group) -> bool:
        """Whether the rule looks at the group there."""
        rule = self.rule
        is_new = one.began_at > self.since and one.id not in self.told
        if not is_new and one.id not in self.standing:
            return False
        environment = label_id(LabelKind.ENVIRONMENT, rule.environment) if rule.environment else one.environment_id
        return rule.workflow_id in (None, one.workflow_id) and one.environment_id == environment


def read(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> dict[UUID, list[Reading]]:
    """One reading for each group: its failures of the last hour; the subject's value is its id."""
    asked = _asked(team_id, rules, now)
    found = {
        metric: _groups(team_id, text, [one for one in asked if one.rule.metric == metric], now)
        for metric, text in (("new_group", _NEW), ("returned_group", _RETURNED))
    }
    silent = silenced(team_id, sorted({one.id for groups in found.values() for one in groups}), now)
    return {
        one.rule.id: _readings(one, [group for group in found[one.rule.metric] if group.id not in silent], now)
        for one in asked
    }


def _asked(team_id: UUID, rules: Sequence[AlertRule], now: datetime) -> list[_Asked]:
    ids = [rule.id for rule in rules]
    looked = dict(RuleDue.objects.filter(rule_id__in=ids).values_list("rule_id", "evaluated_until"))
    standing, told = _known(team_id, ids, now)
    return [
        _Asked(
            rule,
            _since(rule, looked.get(rule.id), now),
            standing.get(rule.id, frozenset()),
            told.get(rule.id, frozenset()) if rule.metric == "new_group" else frozenset(),
        )
        for rule in rules
    ]


_Groups = Mapping[UUID, frozenset[UUID]]


def _known(team_id: UUID, rule_ids: Sequence[UUID], now: datetime) -> tuple[_Groups, _Groups]:
    """By rule, the groups that fire or are about to, and those that did lately: they are not new a second time."""
    lately = Q(state=State.OK, since__gt=now - MADE_UP - 2 * QUIET)
    kept = AlertState.objects.filter(Q(state__in=_STANDING) | lately, team_id=team_id, rule_id__in=rule_ids)
    standing: dict[UUID, set[UUID]] = {}
    told: dict[UUID, set[UUID]] = {}
    for rule_id, value, state in kept.order_by("id").values_list("rule_id", "value_text", "state"):
        # A rule that was about something else before has states of other values.
        if _ID.fullmatch(value):
            (standing if state in _STANDING else told).setdefault(rule_id, set()).add(UUID(value))
    return _frozen(standing), _frozen(told)


def _frozen(groups: Mapping[UUID, set[UUID]]) -> _Groups:
    return {rule_id: frozenset(ids) for rule_id, ids in groups.items()}


def _since(rule: AlertRule, looked_at: datetime | None, now: datetime) -> datetime:
    """Some time before the rule looked last, and before there was one."""
    last = max(min(looked_at or now, now), now - MADE_UP)
    return max(last, rule.created_at) - QUIET


def _groups(team_id: UUID, text: str, asked: Sequence[_Asked], now: datetime) -> list[_Group]:
    if not asked:
        return []
    values = {
        "team": team_id,
        "now": now,
        "quiet": now - QUIET,
        "since": min(one.since for one in asked),
        "learned": now - LEARNED_AFTER,
        "standing": sorted(frozenset().union(*(one.standing for one in asked))),
    }
    return [_Group(*row) for row in run_planned(text, values)]


def _readings(asked: _Asked, groups: Sequence[_Group], now: datetime) -> list[Reading]:
    by_group: dict[UUID, list[_Group]] = {}
    for one in groups:
        if asked.is_about(one):
            by_group.setdefault(one.id, []).append(one)
    return [_reading(asked.rule, mine, now) for mine in by_group.values()]


def _reading(rule: AlertRule, mine: Sequence[_Group], now: datetime) -> Reading:
    one, failures = mine[0], sum(part.failures for part in mine)
    what = "was not seen before" if rule.metric == "new_group" else "is back after it was resolved"
    said = "1 failure" if failures == 1 else f"{wording.count(failures)} failures"
    return Reading(
        Subject(one.workflow_id, str(one.id)),
        now,
        float(failures),
        failures,
        since=one.began_at,
        words=f"“{title_words(one.title)[:120]}” {what}: {said} in the last hour",
        execution_ids=tuple(id for part in mine for id in part.latest)[:MAX_SAMPLES],
    )
