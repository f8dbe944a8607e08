"""What pages and metrics of monitoring show of alerts, in the shapes of its ports."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import Team
from accounts.statements import run_prepared
from alerts.models import Incident
from alerts.reads.incidents import listed
from monitoring.ports import AlertState, IncidentMark, OpenIncident

MAX_SHOWN = 20
MAX_MARKS = 8
_STATES = """SELECT r.name, COALESCE(w.name, ''), bool_or(s.state = 'firing') FROM alert_state s
    JOIN alert_rule r ON r.team_id = s.team_id AND r.id = s.rule_id AND r.is_active AND r.removed_at IS NULL
    LEFT JOIN workflow w ON w.team_id = s.team_id AND w.id = s.workflow_id
    WHERE s.team_id = %(team)s GROUP BY 1, 2 ORDER BY 1, 2"""


def alert_states(team_id: UUID) -> Sequence[AlertState]:
    """Each rule with each workflow that it looks at, and whether it fires; subjects of one workflow count together."""
    return [AlertState(*row) for row in run_prepared(_STATES, {"team": team_id})]


def open_incidents(team_id: UUID, kind: str, name: str) -> Sequence[OpenIncident]:
    """Open incidents of an external system, model or tool: of rules about it, and those grouped by it."""
    mine = _about(team_id, kind, name).filter(resolved_at__isnull=True).exclude(muted_by="parent")
    found = listed(team_id, list(mine.select_related("rule").order_by("-opened_at", "id")[:MAX_SHOWN]))
    if not found:
        return []
    slug = Team.objects.values_list("slug", flat=True).get(id=team_id)
    return [
        OpenIncident(
            title=one.incident.title,
            workflow=one.workflow.name if one.workflow else "",
            opened_at=one.incident.opened_at,
            href=reverse("incident", args=[slug, one.incident.id]),
        )
        for one in found
    ]


_MARKS = f"""SELECT since, title FROM incident WHERE team_id = %s AND workflow_id = %s AND since >= %s AND since < %s
    AND severity <> 'info' ORDER BY since DESC, id LIMIT {5 * MAX_MARKS}"""


def incident_marks(
    team_id: UUID, start: datetime, end: datetime, workflow_id: UUID | None, kind: str, name: str
) -> Sequence[IncidentMark]:
    """When incidents began in [start, end): of a workflow, or of what steps call; the last ones, in order of time."""
    rows: Iterable[Sequence[Any]]
    if workflow_id is None:
        mine = _about(team_id, kind, name).exclude(muted_by="parent")
        began = mine.filter(since__gte=start, since__lt=end).exclude(severity="info").order_by("-since", "id")
        rows = began.values_list("since", "title")[: 5 * MAX_MARKS]
    else:
        rows = run_prepared(_MARKS, [team_id, workflow_id, start, end])
    # Several incidents of one moment are one mark.
    found: dict[datetime, IncidentMark] = {}
    for since, title in rows:
        found.setdefault(since.replace(second=0, microsecond=0), IncidentMark(since, title))
    return sorted(list(found.values())[:MAX_MARKS], key=lambda one: (one.at, one.title))


def _about(team_id: UUID, kind: str, name: str) -> QuerySet[Incident]:
    by_rule = Q(rule__scope=kind, value_text=name)
    return Incident.objects.filter(Q(cause_kind=kind, cause_value=name) | by_rule, team_id=team_id)
