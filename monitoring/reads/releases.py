"""The releases of a team's workflows: when each went live, what is known of it, and its figures beside the one before.

A release is live from `live_at` on: the announced time, else that of its first execution. That is its one time on all
pages and charts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import Row, run_prepared
from monitoring.analysis.difference import Difference, compare_rates
from monitoring.identity import release_id
from monitoring.models import Dimension
from monitoring.reads.figures import Totals
from monitoring.reads.rollup_rows import Pending, Slice, figures, segments
from monitoring.windows import Window

MAX_RELEASES = 200
# How far back the runs of a release that was live before count beside one that went live.
LOOK_BACK = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class ReleaseMark:
    """When a release went live."""

    at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class KnownRelease:
    """What is known of a release. `announced_by` is the address of a member or the name of a key; empty: nobody did.

    `first_seen_at` is None while no execution had it, `released_at` where nobody said when it went live.
    `commit` is the announced one, else the one that executions told; empty: neither.
    """

    id: UUID
    workflow_id: UUID
    name: str
    name_id: int
    live_at: datetime | None
    first_seen_at: datetime | None
    released_at: datetime | None
    announced_at: datetime | None
    announced_by: str
    commit: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release with the figures of all its runs in one environment (None: all).

    `change` is its success rate beside that of `previous`, the release before it; None without runs on one side.
    `new_groups` counts the failure groups whose first failure had it, in any environment.
    """

    release: KnownRelease
    previous: str
    totals: Totals
    change: Difference | None
    new_groups: int


_MARKS = """SELECT live_at, name FROM release
    WHERE team_id = %s AND live_at >= %s AND live_at < %s"""
_LATEST = """SELECT name FROM release WHERE team_id = %s AND workflow_id = %s AND live_at <= %s
    ORDER BY live_at DESC, id DESC LIMIT 1"""
_KNOWN = """SELECT r.id, r.workflow_id, r.name, r.name_id, r.live_at, r.first_seen_at, r.released_at, r.announced_at,
        COALESCE(u.email, NULLIF(r.key_name, ''), ''), COALESCE(NULLIF(r.commit, ''), r.seen_commit), r.url, r.note
    FROM release r LEFT JOIN accounts_user u ON u.id = r.announced_by_id WHERE r.team_id = %(team)s"""
_BY_TIME = f" ORDER BY r.live_at DESC NULLS LAST, r.name DESC, r.id LIMIT {MAX_RELEASES}"
_BEFORE = " AND r.workflow_id = %(workflow)s AND r.live_at < %(at)s AND r.id <> %(id)s" + _BY_TIME
_LIVE_IN = " AND r.live_at >= %(start)s AND r.live_at < %(end)s"
_PRIOR = f"""SELECT told.of, prior.* FROM unnest(%(ids)s::uuid[], %(workflows)s::uuid[], %(at)s::timestamptz[])
    AS told (of, workflow_id, at) CROSS JOIN LATERAL (
    {_KNOWN} AND r.workflow_id = told.workflow_id AND r.live_at < told.at AND r.id <> told.of
    ORDER BY r.live_at DESC NULLS LAST, r.name DESC, r.id LIMIT 1) prior"""
_NEWEST = f"""SELECT newest.* FROM workflow w CROSS JOIN LATERAL (
    {_KNOWN} AND r.workflow_id = w.id AND r.live_at < %(end)s
    ORDER BY r.live_at DESC, r.name DESC, r.id LIMIT 1) newest
    WHERE w.team_id = %(team)s AND (%(workflow)s::uuid IS NULL OR w.id = %(workflow)s)
    ORDER BY newest.live_at DESC, newest.name DESC, newest.id LIMIT {MAX_RELEASES}"""
# A group is new in the release of the execution with which it began; what retention removed begins nothing any more.
_NEW_GROUPS = """SELECT e.release_id, count(DISTINCT g.id) FROM failure_group g
    JOIN execution e ON e.team_id = g.team_id AND e.failure_group_id = g.id AND e.counted_at = g.first_seen_at
    WHERE g.team_id = %s AND g.workflow_id = %s AND e.release_id IS NOT NULL GROUP BY 1"""


def release_marks(team_id: UUID, window: Window, *, workflow_id: UUID | None = None) -> list[ReleaseMark]:
    """Releases that went live inside the window, in order of time."""
    window = window.aligned()
    sql, params = _MARKS, [team_id, window.start, window.end]
    if workflow_id is not None:
        sql, params = f"{sql} AND workflow_id = %s", [*params, workflow_id]
    return [ReleaseMark(*row) for row in run_prepared(f"{sql} ORDER BY live_at, name", params)]


def latest_release(team_id: UUID, workflow_id: UUID, now: datetime) -> str:
    """The name of the release of a workflow that went live last; empty without one."""
    rows = run_prepared(_LATEST, [team_id, workflow_id, now])
    return str(rows[0][0]) if rows else ""


def find_release(team_id: UUID, release: UUID) -> KnownRelease | None:
    """The release of the team with this id."""
    return _first(run_prepared(f"{_KNOWN} AND r.id = %(id)s", {"team": team_id, "id": release}))


def release_named(team_id: UUID, workflow_id: UUID, name: str) -> KnownRelease | None:
    """The release of a workflow with this name."""
    return find_release(team_id, release_id(workflow_id, name))


def release_before(team_id: UUID, release: KnownRelease) -> KnownRelease | None:
    """The release of the same workflow that went live last before this one; None where there is none."""
    told: dict[str, Any] = {"team": team_id, "workflow": release.workflow_id, "at": release.live_at, "id": release.id}
    return _first(run_prepared(_KNOWN + _BEFORE, told)) if release.live_at else None


def releases_of_workflow(team_id: UUID, workflow_id: UUID | None = None) -> list[KnownRelease]:
    """The releases of a workflow, or of all (None), newest first; at most `MAX_RELEASES`."""
    where = " AND r.workflow_id = %(workflow)s" if workflow_id else ""
    rows = run_prepared(_KNOWN + where + _BY_TIME, {"team": team_id, "workflow": workflow_id})
    return [KnownRelease(*row) for row in rows]


def listing(
    team_id: UUID, workflow_id: UUID, window: Window, *, environment: str | None, marked: Pending
) -> list[ReleaseRow]:
    """The releases of a workflow, newest first, with the figures of their runs in the window.

    Figures are those of rollups by release; runs that told no release are in none of them. Three queries.
    """
    found = releases_of_workflow(team_id, workflow_id)
    which = Slice(workflow_id, environment, Dimension.RELEASE)
    told: dict[int, Totals] = figures(team_id, which, segments(window.aligned(), marked), "value_id") if found else {}
    fresh: dict[int, int] = dict(run_prepared(_NEW_GROUPS, [team_id, workflow_id])) if found else {}
    return [
        _row(one, found[place + 1] if place + 1 < len(found) else None, told, fresh) for place, one in enumerate(found)
    ]


def _row(
    release: KnownRelease, previous: KnownRelease | None, told: dict[int, Totals], fresh: dict[int, int]
) -> ReleaseRow:
    totals = told.get(release.name_id, Totals())
    prior = told.get(previous.name_id, Totals()) if previous else Totals()
    change = compare_rates(rate_counts(prior), rate_counts(totals))
    return ReleaseRow(release, previous.name if previous else "", totals, change, fresh.get(release.name_id, 0))


def went_live(team_id: UUID, window: Window, *, environment: str | None, marked: Pending) -> list[ReleaseRow]:
    """The releases of all workflows that went live inside a window, newest first, at most `MAX_RELEASES`.

    Each beside the release of its workflow that was live before it, with the figures of their runs from four weeks
    before the window to its end; new failure groups are not counted. Three queries.
    """
    window = window.aligned()
    told = {"team": team_id, "start": window.start, "end": window.end}
    fresh = [KnownRelease(*row) for row in run_prepared(_KNOWN + _LIVE_IN + _BY_TIME, told)]
    if not fresh:
        return []
    prior = _releases_before(team_id, fresh)
    span = Window(window.start - LOOK_BACK, window.end).aligned()
    which = Slice(None, environment, Dimension.RELEASE)
    key = "workflow_id::text || ' ' || value_id"
    found = figures(team_id, which, segments(span, marked), key, is_timed=False)
    return [_row(one, prior.get(one.id), _of_workflow(found, one.workflow_id), {}) for one in fresh]


def _releases_before(team_id: UUID, of: Sequence[KnownRelease]) -> dict[UUID, KnownRelease]:
    """The release that was live before each of these, where there was one. One query."""
    keys = {"team": team_id, "workflows": [one.workflow_id for one in of], "at": [one.live_at for one in of]}
    keys["ids"] = [one.id for one in of]
    return {row[0]: KnownRelease(*row[1:]) for row in run_prepared(_PRIOR, keys)}


def newest_releases(
    team_id: UUID, end: datetime, *, workflow_id: UUID | None = None
) -> list[tuple[KnownRelease, KnownRelease | None]]:
    """The release of each workflow that went live last before `end`, and the one before it; the latest first.

    At most `MAX_RELEASES`; two queries.
    """
    told = {"team": team_id, "workflow": workflow_id, "end": end}
    newest = [KnownRelease(*row) for row in run_prepared(_NEWEST, told)]
    prior = _releases_before(team_id, newest)
    return [(one, prior.get(one.id)) for one in newest]


def _of_workflow(found: dict[str, Totals], workflow_id: UUID) -> dict[int, Totals]:
    start = f"{workflow_id} "
    return {int(key.removeprefix(start)): one for key, one in found.items() if key.startswith(start)}


def rate_counts(totals: Totals) -> tuple[int, int]:
    """Succeeded and rated runs, as the success rate counts them."""
    return totals.succeeded - totals.unrated_succeeded, totals.rated


def _first(rows: Sequence[Row]) -> KnownRelease | None:
    return KnownRelease(*rows[0]) if rows else None
