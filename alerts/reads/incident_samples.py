"""What stands behind an incident: the latest failed executions of its workflow, and the names of failure groups."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.reads.groups import title_words
from monitoring.statuses import FAILING

MAX_SAMPLES = 5
# Samples are looked for so far before an incident began.
BACK = timedelta(hours=6)
_LATEST = f"""SELECT told.id, sample.id FROM unnest(%(ids)s::uuid[]) AS told (id) CROSS JOIN LATERAL (
    SELECT e.id, e.counted_at FROM execution e WHERE e.team_id = %(team)s AND e.workflow_id = told.id
        AND e.status IN ({", ".join(str(status.value) for status in FAILING)})
        AND e.counted_at >= %(start)s AND e.counted_at <= %(now)s
    ORDER BY e.counted_at DESC, e.id DESC LIMIT {MAX_SAMPLES}) sample
    ORDER BY told.id, sample.counted_at DESC, sample.id DESC"""
_GROUPS = "SELECT id, title FROM failure_group WHERE team_id = %(team)s AND id = ANY(%(ids)s)"


def latest_failed(
    team_id: UUID, workflow_ids: Iterable[UUID], since: datetime, now: datetime
) -> dict[UUID, list[UUID]]:
    """The latest failed executions of each of these workflows, latest first, up to five. One query."""
    ids = sorted(set(workflow_ids))
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    told = {"team": team_id, "ids": ids, "start": since - BACK, "now": now}
    for workflow, execution in run_planned(_LATEST, told) if ids else ():
        found[workflow].append(execution)
    return dict(found)


def group_titles(team_id: UUID, group_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The titles of failure groups. One query."""
    ids = sorted(set(group_ids))
    return dict(run_prepared(_GROUPS, {"team": team_id, "ids": ids})) if ids else {}


def group_names(team_id: UUID, texts: Iterable[str]) -> dict[UUID, str]:
    """The quoted titles of the failure groups whose ids are among these texts. One query, where one is an id."""
    titles = group_titles(team_id, [id for text in texts if (id := as_uuid(text))])
    return {id: f"“{title_words(title)[:120]}”" for id, title in titles.items()}


def as_uuid(text: str) -> UUID | None:
    """The id that a text is; None for one that is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
