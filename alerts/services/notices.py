"""What a notice of an incident says; channels write it down in their own ways."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.models import Team
from alerts.analysis.conditions import Severity
from alerts.analysis.notices import Notice, NoticeKind
from alerts.models import Incident
from alerts.reads.subjects import Subject
from alerts.services.acknowledging import link_of
from alerts.wording import many

# A digest names so many incidents, the worst first.
MAX_LINES = 20
_WORST = {severity.value: place for place, severity in enumerate(Severity)}


def notice_of(
    team: Team,
    one: Incident,
    kind: NoticeKind,
    workflows: Mapping[UUID, Subject],
    *,
    channel_id: UUID | None = None,
    by: str = "",
) -> Notice:
    """The notice of an incident; with a channel it offers to acknowledge while the incident is open."""
    workflow = workflows.get(one.workflow_id) if one.workflow_id else None
    is_offered = channel_id is not None and kind in (NoticeKind.OPENED, NoticeKind.REOPENED, NoticeKind.ESCALATED)
    facts = one.facts
    return Notice(
        kind=kind,
        key=str(one.id),
        team=team.name,
        severity=Severity(one.severity),
        what=one.title,
        since=one.since,
        how_bad=str(facts.get("how_bad", "")),
        concentration=str(facts.get("concentration", "")),
        workflow=workflow.name if workflow else "",
        environment=one.environment,
        rule=one.rule.name if one.rule else "",
        url=absolute(str(facts.get("href", ""))),
        incident_url=incident_url(team, one.id),
        acknowledge_url=link_of(one, channel_id) if is_offered and channel_id else "",
        by=by,
        resolved_at=one.resolved_at if kind is NoticeKind.RESOLVED else None,
        lines=_advice(one),
    )


def _advice(one: Incident) -> tuple[str, ...]:
    """What the rule says is to be done."""
    if one.rule is None:
        return ()
    return tuple(text for text in (one.rule.text, one.rule.url) if text)


def digest_of(team: Team, found: Sequence[Incident], channel_id: UUID, now: datetime, *, is_over: bool) -> Notice:
    """Several incidents told as one: the worst first, one a line."""
    worst = sorted(found, key=lambda one: (-_WORST[one.severity], one.since, one.id))
    lines = [f"{one.severity.capitalize()}: {one.title}" for one in worst[:MAX_LINES]]
    if len(worst) > MAX_LINES:
        lines.append(f"and {many(len(worst) - MAX_LINES, 'more incident').removeprefix('1 ')}")
    status = "resolved" if is_over else "open"
    return Notice(
        kind=NoticeKind.DIGEST,
        key=f"digest-{channel_id}-{now:%Y%m%dT%H%M%S}-{status}",
        team=team.name,
        severity=Severity(worst[0].severity),
        what=f"{many(len(worst), 'incident')} {'resolved' if is_over else 'opened'}",
        since=min(one.since for one in worst),
        url=absolute(reverse("incidents", args=[team.slug])),
        incident_url=absolute(reverse("incidents", args=[team.slug])) + f"?status={status}",
        lines=tuple(lines),
        count=len(worst),
    )


def incident_url(team: Team, incident_id: UUID) -> str:
    """The address of an incident's page."""
    return absolute(reverse("incident", args=[team.slug, incident_id]))


def absolute(path: str) -> str:
    """A path with the installation's address; empty for none."""
    return settings.BASE_URL.rstrip("/") + path if path else ""
