"""The Development page: its totals, which failure groups are new, what the newest releases changed.

Figures are those of rollups; what they are compared with is the period of equal length before. Nothing scans records:
failures of a new group are counted through the index of groups, and no further than `MOST_FAILURES`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned, run_prepared
from monitoring.analysis.release_metrics import Compared, quantile_compared, rate_compared
from monitoring.filters import Choice
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension
from monitoring.reads.figures import Totals, together
from monitoring.reads.groups import title_words
from monitoring.reads.labels import label_values
from monitoring.reads.merged import merger_of
from monitoring.reads.releases import LOOK_BACK, KnownRelease, newest_releases, rate_counts
from monitoring.reads.rollup_rows import Pending, Slice, figures, segments
from monitoring.statuses import IN_FAILING
from monitoring.windows import Window

MAX_GROUPS = 200
MOST_FAILURES = 1_000


@dataclass(frozen=True, slots=True)
class Named:
    """A workflow as tables name it."""

    id: UUID
    slug: str
    name: str
    is_failures_only: bool


@dataclass(frozen=True, slots=True)
class Where:
    """What the page is about: workflows by id (those chosen), one environment or all (None), a window.

    `only` is the one workflow that is asked for, where it is one: then the others are not read.
    """

    team_id: UUID
    window: Window
    environment: str | None
    workflows: dict[UUID, Named]
    is_whole: bool
    marked: Pending

    @property
    def only(self) -> UUID | None:
        """The workflow, where exactly one is asked for."""
        return next(iter(self.workflows)) if len(self.workflows) == 1 and not self.is_whole else None

    def counts(self, workflow_id: UUID) -> bool:
        """Whether runs of this workflow count; of all workflows those of none count, too."""
        return self.is_whole or workflow_id in self.workflows


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A failure group whose first failure is in the window. `failures` are those of the window, in the environment;
    above `MOST_FAILURES` they are that many or more. `release` is the one that it began in; empty: not told."""

    id: UUID
    title: str
    node: str
    workflow: Named | None
    first_seen_at: datetime
    last_seen_at: datetime
    failures: int
    status: str
    release: str


@dataclass(frozen=True, slots=True)
class ReleasePair:
    """The newest release of a workflow beside the one before it, with the figures of their runs.

    Runs are those from four weeks before the window to its end.
    """

    workflow: Named
    release: KnownRelease
    previous: KnownRelease | None
    now: Totals
    before: Totals
    rate: Compared
    p95: Compared


_WORKFLOWS = """SELECT id, slug, name, completeness = 'failures-only' FROM workflow WHERE team_id = %s
    ORDER BY name, id"""
_MEMBERS = """ARRAY(SELECT fresh.id UNION SELECT t.id FROM group_triage t
    WHERE t.team_id = %(team)s AND t.merged_into_id = fresh.id)"""
_GROUPS = f"""
WITH fresh AS MATERIALIZED (
    SELECT g.id, g.title, g.node_id, g.workflow_id, g.first_seen_at, g.last_seen_at,
        COALESCE(merger.status, 'open') AS status
    FROM failure_group g {merger_of("g.id")}
    WHERE g.team_id = %(team)s AND g.first_seen_at >= %(start)s AND g.first_seen_at < %(end)s
        AND merger.merged_into_id IS NULL {{workflows}}
        AND NOT EXISTS (SELECT FROM group_triage t JOIN failure_group o ON o.team_id = t.team_id AND o.id = t.id
            WHERE t.team_id = %(team)s AND t.merged_into_id = g.id AND o.first_seen_at < %(start)s)
    ORDER BY g.first_seen_at DESC, g.id LIMIT {MAX_GROUPS}
)
SELECT fresh.id, fresh.title, fresh.node_id, fresh.workflow_id, fresh.first_seen_at, fresh.last_seen_at, hit.failures,
    fresh.status, (SELECT e.release_id FROM execution e WHERE e.team_id = %(team)s AND e.failure_group_id = fresh.id
        AND e.counted_at = fresh.first_seen_at ORDER BY e.id LIMIT 1)
FROM fresh CROSS JOIN LATERAL (
    SELECT count(*) AS failures FROM (
        SELECT FROM execution e WHERE e.team_id = %(team)s AND e.failure_group_id = ANY({_MEMBERS})
            AND e.status {IN_FAILING} AND e.counted_at >= %(start)s AND e.counted_at < %(end)s
            {{environment}} LIMIT {MOST_FAILURES + 1}
    ) AS counted
) AS hit WHERE hit.failures > 0 ORDER BY fresh.first_seen_at DESC, fresh.id
"""


def workflows_of(team_id: UUID) -> list[Named]:
    """All workflows, by name."""
    return [Named(*row) for row in run_prepared(_WORKFLOWS, [team_id])]


def chosen(known: Sequence[Named], choice: Choice) -> dict[UUID, Named]:
    """Those that a filter leaves: by slug or name, as everywhere."""
    return {
        one.id: one
        for one in known
        if (not choice.wanted or {one.slug, one.name} & set(choice.wanted))
        and not {one.slug, one.name} & set(choice.excluded)
    }


def totals_of(where: Where) -> tuple[Totals, Totals]:
    """The runs of the window and of the period before. Two queries."""
    return _totals(where, where.window), _totals(where, where.window.previous())


def _totals(where: Where, window: Window) -> Totals:
    which = Slice(where.only, where.environment, Dimension.NONE, 0)
    found = figures(where.team_id, which, segments(window.aligned(), where.marked), "workflow_id")
    return together([totals for workflow, totals in found.items() if where.counts(workflow)])


def new_groups(where: Where) -> list[NewGroup]:
    """Failure groups that are new in the window, the newest first; merged ones count once. Two queries."""
    environment = "AND e.environment_id = %(environment)s" if where.environment else ""
    of = "" if where.is_whole else "AND g.workflow_id = ANY(%(workflows)s::uuid[])"
    values: dict[str, Any] = {
        "team": where.team_id,
        "start": where.window.start,
        "end": where.window.end,
        "workflows": list(where.workflows),
        "environment": label_id(LabelKind.ENVIRONMENT, where.environment) if where.environment else None,
    }
    rows = run_planned(_GROUPS.format(environment=environment, workflows=of), values)
    names = label_values(where.team_id, {number for row in rows for number in (row[2], row[8])})
    return [
        NewGroup(
            id=id,
            title=title_words(title),
            node=names.get(node, ""),
            workflow=where.workflows.get(workflow),
            first_seen_at=first,
            last_seen_at=last,
            failures=failures,
            status=status,
            release=names.get(release, ""),
        )
        for id, title, node, workflow, first, last, failures, status, release in rows
    ]


def release_pairs(where: Where) -> list[ReleasePair]:
    """The newest release of each workflow beside the one before it, the latest first. Three queries."""
    found = newest_releases(where.team_id, where.window.end, workflow_id=where.only)
    mine = [pair for pair in found if pair[0].workflow_id in where.workflows]
    span = Window(where.window.start - LOOK_BACK, where.window.end).aligned()
    values = sorted({one.name_id for pair in mine for one in pair if one})
    which = Slice(where.only, where.environment, Dimension.RELEASE, value_ids=values)
    key = "workflow_id::text || ' ' || value_id"
    told: dict[str, Totals] = figures(where.team_id, which, segments(span, where.marked), key)
    return [_pair(where, release, previous, told) for release, previous in mine]


def _pair(where: Where, release: KnownRelease, previous: KnownRelease | None, told: dict[str, Totals]) -> ReleasePair:
    now, before = (
        told.get(f"{one.workflow_id} {one.name_id}", Totals()) if one else Totals() for one in (release, previous)
    )
    return ReleasePair(
        *(where.workflows[release.workflow_id], release, previous, now, before),
        rate=rate_compared("success_rate", rate_counts(before), rate_counts(now), is_success=True),
        p95=quantile_compared("p95_ms", 0.95, before.histogram, now.histogram),
    )
