"""The weekly review of a team: what got worse, what was fixed, what came back, what it cost; one table says for whom.

Page, e-mail and API are made from the same `Review`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from accounts.permissions import Permission, Role, role_allows
from monitoring.analysis.difference import Reading
from monitoring.identity import PRODUCTION
from monitoring.models import Workflow
from monitoring.reads.review import WeekFigures, WorkflowWeek, week_figures
from monitoring.reads.review_events import (
    Findings,
    Groups,
    ImprovementMoment,
    LiveRelease,
    findings_of_week,
    groups_of_week,
    improvements_of_week,
    releases_of_week,
)
from monitoring.weeks import Week
from monitoring.windows import Window


class Section(StrEnum):
    """A section of the review."""

    TOTALS = "totals"
    SPENT = "spent"
    WORSE = "worse"
    BETTER = "better"
    MISSED = "missed"
    RETURNED = "returned"
    GROUPS = "groups"
    IMPROVEMENTS = "improvements"
    RELEASES = "releases"
    FINDINGS = "findings"
    COST = "cost"


# Who sees which sections, in which order.
SECTIONS: dict[Role, tuple[Section, ...]] = {
    Role.OWNER: (
        *(Section.TOTALS, Section.WORSE, Section.RETURNED, Section.IMPROVEMENTS, Section.BETTER, Section.GROUPS),
        *(Section.RELEASES, Section.FINDINGS, Section.COST),
    ),
    Role.DEVELOPER: (
        *(Section.TOTALS, Section.RETURNED, Section.GROUPS, Section.RELEASES, Section.IMPROVEMENTS, Section.WORSE),
        Section.FINDINGS,
    ),
    Role.OPERATOR: (Section.TOTALS, Section.WORSE, Section.MISSED, Section.RETURNED, Section.BETTER),
    Role.FINANCE: (Section.SPENT, Section.COST),
    Role.VIEWER: (Section.TOTALS, Section.WORSE, Section.BETTER, Section.IMPROVEMENTS, Section.COST),
}
SECTIONS[Role.ADMIN] = SECTIONS[Role.OWNER]
# Rows of each table: owner and admin see all sections, in short.
SHORT, LONG = 5, 15
ROWS = {role: SHORT if role in (Role.OWNER, Role.ADMIN) else LONG for role in Role}
# Sections that show texts of failures, or what members wrote about them.
WITH_TEXTS = frozenset(
    {Section.MISSED, Section.RETURNED, Section.GROUPS, Section.IMPROVEMENTS, Section.RELEASES, Section.FINDINGS}
)


@dataclass(frozen=True, slots=True)
class Review:
    """A week of a team in one environment (None: all). `is_over` is false for the week so far.

    `window` and `before` are the hours compared; `names` has name and slug of each workflow.
    """

    week: Week
    is_over: bool
    window: Window
    before: Window
    environment: str | None
    made_at: datetime
    figures: WeekFigures
    groups: Groups
    improvements: Sequence[ImprovementMoment]
    releases: Sequence[LiveRelease]
    findings: Findings

    @property
    def worse(self) -> list[WorkflowWeek]:
        """Workflows that got worse, those with most failures more first."""
        found = [one for one in self.figures.workflows if one.reading is Reading.WORSE]
        return sorted(found, key=lambda one: (-one.more_failures, one.name, str(one.id)))

    @property
    def better(self) -> list[WorkflowWeek]:
        """Workflows that got better, those with most failures less first."""
        found = [one for one in self.figures.workflows if one.reading is Reading.BETTER]
        return sorted(found, key=lambda one: (one.more_failures, one.name, str(one.id)))

    @property
    def costly(self) -> list[WorkflowWeek]:
        """Workflows with a told cost in either week, the dearest first; then those whose tokens nobody priced."""
        told = [
            one
            for one in self.figures.workflows
            if one.now.totals.cost_usd is not None
            or one.before.totals.cost_usd is not None
            or one.now.totals.unpriced_tokens
        ]
        return sorted(told, key=lambda one: (-(one.now.totals.cost_usd or 0), one.name, str(one.id)))


def make_review(team_id: UUID, week: Week, now: datetime, *, environment: str | None = PRODUCTION) -> Review:
    """The review of a week that has begun. The number of queries does not depend on what is found."""
    window, before = week.window(now), week.window_before(now)
    rows = Workflow.objects.filter(team_id=team_id).values_list("id", "name", "slug")
    names = {id: (name, slug) for id, name, slug in rows}
    return Review(
        week=week,
        is_over=week.is_over(now),
        window=window,
        before=before,
        environment=environment,
        made_at=now,
        figures=week_figures(team_id, window, before, now, environment=environment),
        groups=groups_of_week(team_id, window, now, environment=environment),
        improvements=improvements_of_week(team_id, window, environment=environment),
        releases=releases_of_week(team_id, window, environment=environment, names=names),
        findings=findings_of_week(team_id, window, environment=environment),
    )


def may_see(own: str, role: Role) -> bool:
    """Whether a member with the role `own` may see the review that is made for `role`."""
    if own == role or not WITH_TEXTS & set(SECTIONS[role]):
        return True
    return role_allows(own, Permission.VIEW_PAYLOADS)


def roles_for(own: str) -> list[Role]:
    """The reviews that a member may see; owners and admins have the same, which is there once."""
    twin = Role.OWNER if own == Role.ADMIN else Role.ADMIN
    return [role for role in Role if role != twin and may_see(own, role)]
