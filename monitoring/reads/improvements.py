"""Improvements as pages and API show them: the list by status, one with its history, what it is about, and how many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Membership, User
from accounts.statements import run_planned, run_prepared
from monitoring.models import (
    ChangeKind,
    FailureGroup,
    Finding,
    Improvement,
    ImprovementEvent,
    ImprovementStatus,
    Release,
    TrackerDelivery,
)
from monitoring.reads.merged import is_member
from monitoring.reads.returns import group_of
from monitoring.statuses import FAILING

MAX_ROWS = 500
MAX_EVENTS = 500
_COUNTS = """SELECT status, count(*) FROM improvement
    WHERE team_id = %(team)s AND (%(workflow)s::uuid IS NULL OR workflow_id = %(workflow)s) GROUP BY 1"""
_WEEK = f"""SELECT count(*) FROM execution WHERE team_id = %(team)s AND {is_member("failure_group_id")}
    AND status = ANY(%(failing)s) AND counted_at >= %(start)s AND counted_at < %(end)s"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list is narrowed to; empty: not. `owner` is the id of a user, `workflow` a slug."""

    workflow: str = ""
    owner: UUID | None = None
    kind: str = ""
    status: str = ""
    group: UUID | None = None
    finding: UUID | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What an improvement is about, with its figures now. `failures_in_week` are those of the last seven days."""

    finding: Finding | None
    group: FailureGroup | None
    failures_in_week: int = 0


@dataclass(frozen=True, slots=True)
class Detail:
    """One improvement with everything that its page shows; history newest first."""

    improvement: Improvement
    about: About
    events: Sequence[ImprovementEvent] = field(default_factory=tuple)
    deliveries: Sequence[TrackerDelivery] = field(default_factory=tuple)


def listing(team_id: UUID, chosen: Chosen, *, limit: int = MAX_ROWS) -> list[Improvement]:
    """Improvements, those that changed last first, with workflow, owner and releases in the same query."""
    rows = Improvement.objects.filter(team_id=team_id)
    rows = rows.filter(workflow__slug=chosen.workflow) if chosen.workflow else rows
    rows = rows.filter(owner_id=chosen.owner) if chosen.owner else rows
    rows = rows.filter(kind=chosen.kind) if chosen.kind else rows
    rows = rows.filter(status=chosen.status) if chosen.status else rows
    rows = rows.filter(failure_group_id=chosen.group) if chosen.group else rows
    rows = rows.filter(finding_id=chosen.finding) if chosen.finding else rows
    joined = rows.select_related("workflow", "owner", "release", "reopened_by")
    return list(joined.order_by("-changed_at", "id")[:limit])


def with_statuses(team_id: UUID, statuses: Sequence[ImprovementStatus], *, limit: int = MAX_ROWS) -> list[Improvement]:
    """Improvements with one of these statuses, in their order, those that changed last first. One query."""
    found = Improvement.objects.filter(team_id=team_id, status__in=statuses).select_related("workflow", "release")
    rank = Case(*(When(status=status, then=place) for place, status in enumerate(statuses)), default=len(statuses))
    return list(found.order_by(rank, "-changed_at", "id")[:limit])


def counts(team_id: UUID, workflow_id: UUID | None = None) -> dict[str, int]:
    """How many improvements there are by status, of a workflow or of all (None); every status is there."""
    found: dict[str, int] = dict(run_prepared(_COUNTS, {"team": team_id, "workflow": workflow_id}))
    return {status: found.get(status, 0) for status in ImprovementStatus.values}


def find(team_id: UUID, improvement_id: UUID) -> Improvement | None:
    """One improvement of the team."""
    joined = Improvement.objects.select_related("workflow", "owner", "created_by", "release", "reopened_by", "finding")
    return joined.filter(team_id=team_id, id=improvement_id).first()


def detail(team_id: UUID, improvement_id: UUID, now: datetime) -> Detail | None:
    """One improvement with its history, its deliveries to the tracker, and what it is about."""
    one = find(team_id, improvement_id)
    if one is None:
        return None
    events = ImprovementEvent.objects.filter(team_id=team_id, improvement_id=one.id).select_related("by")
    deliveries = TrackerDelivery.objects.filter(team_id=team_id, improvement_id=one.id)
    return Detail(
        one,
        about(team_id, one.finding, group_of(one), now),
        list(events.order_by("-at", "-id")[:MAX_EVENTS]),
        list(deliveries.order_by("-created_at", "id")[:MAX_EVENTS]),
    )


def about(team_id: UUID, finding: Finding | None, group_id: UUID | None, now: datetime) -> About:
    """What an improvement is, or is to be, about."""
    group = FailureGroup.objects.filter(team_id=team_id, id=group_id).first() if group_id else None
    if group is None:
        return About(finding, None)
    statuses = [status.value for status in FAILING]
    told = {"team": team_id, "group": group.id, "failing": statuses, "start": now - timedelta(days=7), "end": now}
    ((count,),) = run_planned(_WEEK, told)
    return About(finding, group, count)


def members(team_id: UUID) -> list[User]:
    """Who may own an improvement, by e-mail."""
    found = Membership.objects.filter(team_id=team_id).select_related("user").order_by("user__email")
    return [membership.user for membership in found]


def releases(team_id: UUID, workflow_id: UUID, *, limit: int = 20) -> list[Release]:
    """Releases of a workflow that may carry an improvement, the latest first."""
    found = Release.objects.filter(team_id=team_id, workflow_id=workflow_id)
    return list(found.order_by("-live_at", "name")[:limit])


def progress_note(found: dict[str, int]) -> str:
    """What the step rail says: `2 planned, 1 released`; at most two parts, the ones at work first."""
    parts = [_(text).format(count=found[status]) for status, text in _NOTES.items() if found.get(status)]
    return ", ".join(parts[:2]) if parts else _("No change planned yet")


_NOTES = {
    "reopened": gettext_noop("{count} reopened"),
    "planned": gettext_noop("{count} planned"),
    "released": gettext_noop("{count} released"),
    "no_help": gettext_noop("{count} did not help"),
    "helped": gettext_noop("{count} helped"),
}
KINDS = dict(ChangeKind.choices)
