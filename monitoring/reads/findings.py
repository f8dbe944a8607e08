"""Findings as they are kept: of a team, ranked by what fixing is worth, and one of them. Page and API show the same."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.statements import find_rows
from monitoring.identity import LabelKind, label_id
from monitoring.models import Finding, FindingKind, FindingStatus, Workflow
from monitoring.reads.labels import label_values
from monitoring.windows import Window

MAX_ROWS = 500
TOP = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings: empty means all. Workflows are told by slug or name.

    `changed_in`: those that were found or went in this range.
    """

    workflows: Collection[str] = ()
    kinds: Collection[str] = ()
    statuses: Collection[str] = ()
    environments: Collection[str] = ()
    q: str = ""
    changed_in: Window | None = None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding. `evidence`, `advice`, `course` and `events` are plain JSON, shaped by the analysis that made them."""

    id: UUID
    kind: FindingKind
    title: str
    status: FindingStatus
    workflow: str
    workflow_slug: str
    environment: str
    since: datetime | None
    found_at: datetime
    confirmed_at: datetime
    gone_at: datetime | None
    executions_per_week: float | None
    cost_per_week_usd: Decimal | None
    worth: float
    failure_group_id: UUID | None
    dismissed_at: datetime | None
    dismissed_by: str
    dismissed_why: str
    subject: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    advice: Sequence[Mapping[str, Any]] = ()
    course: Sequence[Sequence[Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()

    @property
    def points(self) -> Sequence[float]:
        """Its course: affected executions over the window, else what it was worth day by day."""
        told: Sequence[float] = self.evidence.get("points") or []
        return told if any(told) else [worth for _, worth in self.course]

    @property
    def change(self) -> Mapping[str, Any] | None:
        """The first advice that says to change something; None without one."""
        return next((one for one in self.advice if one["answer"] == "change"), None)


def listing(team_id: UUID, wanted: Wanted) -> list[FindingRow]:
    """The findings that are wanted, those worth most first, then most money, then by title; at most `MAX_ROWS`.

    Two queries, however many there are.
    """
    rows = _chosen(team_id, wanted).select_related("workflow")
    return _rows(team_id, list(rows.order_by("-worth", "-cost_per_week_usd", "title", "id")[:MAX_ROWS]))


_OF_WORKFLOW = f"team_id = %(team)s AND workflow_id = %(workflow)s AND status = '{FindingStatus.OPEN.value}'"
_IN_ENVIRONMENT = " AND environment_id = %(environment)s"
_WORTH_MOST = f" ORDER BY worth DESC, cost_per_week_usd DESC, title, id LIMIT {TOP}"


def top_of(team_id: UUID, workflow: Workflow, environment: str | None) -> list[FindingRow]:
    """The open findings of a workflow that are worth most; `environment=None`: of all environments."""
    where: str = _OF_WORKFLOW
    values: dict[str, Any] = {"team": team_id, "workflow": workflow.id}
    if environment is not None:
        where += _IN_ENVIRONMENT
        values["environment"] = label_id(LabelKind.ENVIRONMENT, environment)
    found = find_rows(Finding, where + _WORTH_MOST, values)
    for one in found:
        one.workflow = workflow
    return _rows(team_id, found)


def find(team_id: UUID, finding_id: UUID) -> FindingRow | None:
    """One finding of the team."""
    rows = Finding.objects.filter(team_id=team_id, id=finding_id).select_related("workflow")
    return next(iter(_rows(team_id, list(rows))), None)


def _chosen(team_id: UUID, wanted: Wanted) -> Any:
    rows = Finding.objects.filter(team_id=team_id)
    if wanted.workflows:
        named = set(wanted.workflows)
        rows = rows.filter(workflow__slug__in=named) | rows.filter(workflow__name__in=named)
    if wanted.kinds:
        rows = rows.filter(kind__in=set(wanted.kinds))
    if wanted.statuses:
        rows = rows.filter(status__in=set(wanted.statuses))
    if wanted.environments:
        rows = rows.filter(environment_id__in={label_id(LabelKind.ENVIRONMENT, one) for one in wanted.environments})
    if wanted.changed_in:
        span = (wanted.changed_in.start, wanted.changed_in.end)
        found, gone = [{f"{name}__gte": span[0], f"{name}__lt": span[1]} for name in ("found_at", "gone_at")]
        rows = rows.filter(Q(**found) | Q(**gone))
    for word in wanted.q.split():
        rows = rows.filter(title__icontains=word)
    return rows


def _rows(team_id: UUID, found: Sequence[Finding]) -> list[FindingRow]:
    names = label_values(team_id, {row.environment_id for row in found})
    return [_row(row, names.get(row.environment_id, "")) for row in found]


def _row(row: Finding, environment: str) -> FindingRow:
    is_dismissed = row.status == FindingStatus.DISMISSED
    dismissal: Mapping[str, Any] = next((one for one in reversed(row.events) if one["what"] == "dismissed"), {})
    return FindingRow(
        id=row.id,
        kind=FindingKind(row.kind),
        title=row.title,
        status=FindingStatus(row.status),
        workflow=row.workflow.name,
        workflow_slug=row.workflow.slug,
        environment=environment,
        since=row.since,
        found_at=row.found_at,
        confirmed_at=row.confirmed_at,
        gone_at=row.gone_at,
        executions_per_week=row.executions_per_week,
        cost_per_week_usd=row.cost_per_week_usd,
        worth=row.worth,
        failure_group_id=row.failure_group_id,
        dismissed_at=row.dismissed_at if is_dismissed else None,
        dismissed_by=dismissal.get("by", "") if is_dismissed else "",
        dismissed_why=row.dismissed_why if is_dismissed else "",
        subject=row.subject,
        evidence=row.evidence,
        advice=row.advice,
        course=row.course,
        events=row.events,
    )
