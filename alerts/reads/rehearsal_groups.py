"""The past of failure groups, for rehearsals of rules about those that are new or back. Two queries.

Failures are those that `alerts.reads.groups` counts, where a group stood is its history of triage; mergers are those of
today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alerts.analysis.group_courses import QUIET, GroupPast
from alerts.analysis.readings import Subject
from alerts.models import AlertRule
from alerts.reads.groups import MEMBERS
from alerts.reads.places import IS_LIVE
from alerts.reads.rehearsal import MAX_SUBJECTS, bounded_rows, told_of
from monitoring.analysis.arrays import Reals, np
from monitoring.reads.triage import standings_of

_PAST = f"""SELECT g.id, g.workflow_id, g.first_seen_at, w.created_at, e.times
FROM failure_group g
LEFT JOIN group_triage t ON t.team_id = %(team)s AND t.id = g.id
LEFT JOIN workflow w ON w.team_id = %(team)s AND w.id = g.workflow_id
CROSS JOIN LATERAL (
    SELECT count(*) AS failures, string_agg(float8send(date_part('epoch', counted_at)), '') AS times FROM execution
    WHERE team_id = %(team)s AND failure_group_id = ANY({MEMBERS}) AND counted_at > %(from)s AND counted_at <= %(to)s
        AND {IS_LIVE} {{environment}}
) e
WHERE g.team_id = %(team)s AND t.merged_into_id IS NULL AND e.failures > 0 AND {{began}} {{workflow}}
ORDER BY e.failures DESC, g.id LIMIT {MAX_SUBJECTS + 1}"""
_BEGAN = {
    "new_group": "g.first_seen_at > %(from)s",
    "returned_group": """EXISTS (SELECT FROM group_event v WHERE v.team_id = %(team)s AND v.group_id = g.id
        AND v.kind = 'regressed' AND v.at > %(from)s AND v.at <= %(to)s)""",
}


@dataclass(frozen=True, slots=True)
class GroupsPast:
    """The groups that may have been new or back, those with most failures first; `is_cut`: there were more."""

    groups: Mapping[Subject, GroupPast]
    is_cut: bool = False


def past_of_groups(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> GroupsPast:
    """The groups that a rule would have looked at in [start, end], with their failures from an hour before on.

    Raises `django.db.OperationalError` where reading takes too long.
    """
    text = _PAST.format(
        began=_BEGAN[rule.metric],
        environment="AND environment_id = %(environment)s" if rule.environment else "",
        workflow="AND g.workflow_id = %(workflow)s" if rule.workflow_id else "",
    )
    rows = bounded_rows(text, told_of(team_id, rule, start - QUIET, end))
    chosen = rows[:MAX_SUBJECTS]
    standings = standings_of(team_id, [row[0] for row in chosen])
    return GroupsPast(
        {
            Subject(workflow_id, str(id)): GroupPast(first, known, _times(packed), standings.get(id, ()))
            for id, workflow_id, first, known, packed in chosen
        },
        is_cut=len(rows) > MAX_SUBJECTS,
    )


def _times(packed: bytes) -> Reals:
    return np.sort(np.frombuffer(packed, dtype=">f8").astype(np.float64))
