"""What happened in a team's week: failure groups, improvements, releases, findings, as the pages about them say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.triage import EventKind
from monitoring.filters import ANY, Choice, Filters
from monitoring.identity import LabelKind, label_id
from monitoring.models import FindingKind, FindingStatus, ImprovementStatus
from monitoring.reads.findings import FindingRow, Wanted, listing
from monitoring.reads.group_list import Asked, ListedGroup, group_page
from monitoring.reads.groups import title_words
from monitoring.reads.releases import ReleaseRow, went_live
from monitoring.reads.rollup_rows import pending
from monitoring.windows import Window

# New groups beyond this many are counted as that many "or more".
MAX_GROUPS = 200


@dataclass(frozen=True, slots=True)
class GroupMoment:
    """A failure group that was resolved or came back. `release`: resolved in it, or brought it back; may be empty."""

    id: UUID
    title: str
    workflow: str
    workflow_slug: str
    at: datetime
    release: str


@dataclass(frozen=True, slots=True)
class Groups:
    """New ones with their failures in the week, most first; resolved ones; those that came back."""

    new: Sequence[ListedGroup]
    resolved: Sequence[GroupMoment]
    returned: Sequence[GroupMoment]


@dataclass(frozen=True, slots=True)
class ImprovementMoment:
    """An improvement that became `status`. `result`: the comparison that decided so; None where a member did.

    `release` is the one that carries it, of a reopened one the one in which the failure came back.
    """

    id: UUID
    title: str
    workflow: str
    workflow_slug: str
    metric: str
    status: ImprovementStatus
    at: datetime
    release: str
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Findings:
    """Found in the week; gone in it; of those that are open now the ones worth most; missed schedules among these.

    `open_count` is how many are open now.
    """

    new: Sequence[FindingRow]
    gone: Sequence[FindingRow]
    top: Sequence[FindingRow]
    missed: Sequence[FindingRow]
    open_count: int


@dataclass(frozen=True, slots=True)
class LiveRelease:
    """A release that went live, with its workflow."""

    workflow: str
    workflow_slug: str
    row: ReleaseRow


# The latest of each kind of event a group has in the week; groups that retention removed are left out.
_GROUPS = """SELECT DISTINCT ON (e.kind, e.group_id) e.kind, e.group_id, g.title, w.name, w.slug, e.at,
        COALESCE(e.detail->>'release', '')
    FROM group_event e JOIN failure_group g ON g.team_id = e.team_id AND g.id = e.group_id
    LEFT JOIN workflow w ON w.team_id = g.team_id AND w.id = g.workflow_id
    WHERE e.team_id = %(team)s AND e.kind = ANY(%(kinds)s) AND e.at >= %(start)s AND e.at < %(end)s
    ORDER BY e.kind, e.group_id, e.at DESC, e.id"""
_IMPROVEMENTS = """SELECT DISTINCT ON (i.id, e.detail->>'to') i.id, i.title, w.name, w.slug, i.metric, e.detail->>'to',
        e.at, COALESCE(e.detail->>'returned_in', r.name, ''), e.detail->'result'
    FROM improvement_event e JOIN improvement i ON i.team_id = e.team_id AND i.id = e.improvement_id
    JOIN workflow w ON w.team_id = i.team_id AND w.id = i.workflow_id
    LEFT JOIN release r ON r.team_id = i.team_id AND r.id = i.release_id
    WHERE e.team_id = %(team)s AND e.kind = 'status' AND e.at >= %(start)s AND e.at < %(end)s
        AND e.detail->>'to' = ANY(%(kinds)s)
        AND (%(environment)s::bigint IS NULL OR i.environment_id IS NULL OR i.environment_id = %(environment)s)
    ORDER BY i.id, e.detail->>'to', e.at DESC, e.id"""
_TOLD = (ImprovementStatus.RELEASED, ImprovementStatus.HELPED, ImprovementStatus.NO_HELP, ImprovementStatus.REOPENED)


def groups_of_week(team_id: UUID, window: Window, now: datetime, *, environment: str | None) -> Groups:
    """Failure groups; those that are new as the list of groups counts and merges them."""
    filters = Filters(window, {"env": Choice((environment or ANY,))}, sort="-first")
    listed = group_page(team_id, Asked(filters, limit=MAX_GROUPS), now).rows
    rows = run_planned(_GROUPS, _values(team_id, window, [EventKind.RESOLVED, EventKind.REGRESSED]))
    told = sorted((row for row in rows), key=lambda row: (row[5], str(row[1])), reverse=True)
    moments = [
        (kind, GroupMoment(id, title_words(title), name or "", slug or "", at, release))
        for kind, id, title, name, slug, at, release in told
    ]
    return Groups(
        sorted((one for one in listed if one.is_new), key=lambda one: (-one.failures, str(one.id))),
        [one for kind, one in moments if kind == EventKind.RESOLVED],
        [one for kind, one in moments if kind == EventKind.REGRESSED],
    )


def improvements_of_week(team_id: UUID, window: Window, *, environment: str | None) -> list[ImprovementMoment]:
    """What improvements became, newest first; one that became two things in the week is there twice."""
    values = _values(team_id, window, [one.value for one in _TOLD])
    values["environment"] = label_id(LabelKind.ENVIRONMENT, environment) if environment is not None else None
    found = [
        ImprovementMoment(id, title, name, slug, metric, ImprovementStatus(status), at, release, result)
        for id, title, name, slug, metric, status, at, release, result in run_planned(_IMPROVEMENTS, values)
    ]
    return sorted(found, key=lambda one: (one.at, str(one.id)), reverse=True)


def findings_of_week(team_id: UUID, window: Window, *, environment: str | None) -> Findings:
    """Findings; `top` and `missed` are those of now."""
    environments = [] if environment is None else [environment]
    changed = listing(team_id, Wanted(environments=environments, changed_in=window))
    standing = listing(team_id, Wanted(environments=environments, statuses=[FindingStatus.OPEN]))
    return Findings(
        [one for one in changed if window.start <= one.found_at < window.end],
        [one for one in changed if one.gone_at is not None and window.start <= one.gone_at < window.end],
        standing,
        [one for one in standing if one.kind == FindingKind.SCHEDULE],
        len(standing),
    )


def releases_of_week(
    team_id: UUID, window: Window, *, environment: str | None, names: dict[UUID, tuple[str, str]]
) -> list[LiveRelease]:
    """Releases that went live, newest first; `names` has name and slug of each workflow."""
    rows = went_live(team_id, window, environment=environment, marked=pending(team_id))
    return [LiveRelease(*names.get(row.release.workflow_id, ("", "")), row) for row in rows]


def _values(team_id: UUID, window: Window, kinds: Sequence[str]) -> dict[str, Any]:
    return {"team": team_id, "start": window.start, "end": window.end, "kinds": [str(kind) for kind in kinds]}
