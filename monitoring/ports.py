"""What higher apps know and pages or metrics here show: small typed ports, wired by `config`.

Nothing is shown where nobody has given a provider: an unknown is not an empty answer. What changed here is told through
them, too, to those who keep figures of their own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AlertState:
    """Whether an alert rule fires now, for one workflow or (empty) for all of them."""

    rule: str
    workflow: str
    is_firing: bool


AlertStates = Callable[[UUID], Sequence[AlertState]]
_alert_states: list[AlertStates] = []


def provide_alert_states(read: AlertStates) -> None:
    """Says who knows the states of a team's alerts; the last one said is asked."""
    _alert_states[:] = [read]


def alert_states(team_id: UUID) -> Sequence[AlertState] | None:
    """The states of the team's alerts; None where nobody knows them."""
    return _alert_states[0](team_id) if _alert_states else None


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident that is open now; `href` leads to it, `workflow` is empty where it is of all of them."""

    title: str
    workflow: str
    opened_at: datetime
    href: str


# Of a team, by the query parameter that filters by what steps call (`system`, `model`, `tool`), and its name.
OpenIncidents = Callable[[UUID, str, str], Sequence[OpenIncident]]
_open_incidents: list[OpenIncidents] = []


def provide_open_incidents(read: OpenIncidents) -> None:
    """Says who knows the open incidents of what steps call; the last one said is asked."""
    _open_incidents[:] = [read]


def open_incidents(team_id: UUID, kind: str, name: str) -> Sequence[OpenIncident] | None:
    """The open incidents of an external system, a model or a tool, latest first; None where nobody knows them."""
    if not _open_incidents:
        return None
    return sorted(_open_incidents[0](team_id, kind, name), key=lambda one: (one.opened_at, one.title), reverse=True)


@dataclass(frozen=True, slots=True)
class IncidentMark:
    """When an incident began, as charts mark it."""

    at: datetime
    title: str


# Of a team in [start, end): of a workflow, or (None) of what steps call, as `OpenIncidents` names it.
IncidentMarks = Callable[[UUID, datetime, datetime, UUID | None, str, str], Sequence[IncidentMark]]
_incident_marks: list[IncidentMarks] = []


def provide_incident_marks(read: IncidentMarks) -> None:
    """Says who knows when incidents began; the last one said is asked."""
    _incident_marks[:] = [read]


def incident_marks(
    team_id: UUID, start: datetime, end: datetime, *, workflow_id: UUID | None = None, kind: str = "", name: str = ""
) -> Sequence[IncidentMark]:
    """When incidents of a workflow, or of something that steps call, began; none where nobody knows them."""
    return _incident_marks[0](team_id, start, end, workflow_id, kind, name) if _incident_marks else ()


# Of a team: hours of workflows (`NO_WORKFLOW` where nobody told one) by environment whose records changed, and when.
CostMarks = Callable[[UUID, Sequence[tuple[UUID, int, datetime]], datetime], None]
_cost_marks: list[CostMarks] = []


def provide_cost_marks(mark: CostMarks) -> None:
    """Says who keeps costs by hour; the last one said is told."""
    _cost_marks[:] = [mark]


def mark_costs(team_id: UUID, hours: Sequence[tuple[UUID, int, datetime]], now: datetime) -> None:
    """Says that records of these hours changed, inside the transaction of the fold and the team's context."""
    if _cost_marks and hours:
        _cost_marks[0](team_id, hours, now)


# Makes the costs of all that was reported until an instant, before records are removed; whether that was done.
CostsSettled = Callable[[datetime], bool]
_costs_settled: list[CostsSettled] = []


def provide_costs_settled(settle: CostsSettled) -> None:
    """Says who makes costs from records; the last one said is asked."""
    _costs_settled[:] = [settle]


def settle_costs(now: datetime) -> bool:
    """Whether records may go as far as costs are concerned: they are made, or nobody makes any."""
    return _costs_settled[0](now) if _costs_settled else True


@dataclass(frozen=True, slots=True)
class OldRows:
    """How many rows of a team in a table a limit would delete now, and the time of the oldest."""

    table: str
    count: int
    first_at: datetime | None


# Of a team, at an instant: deliveries that are done and older than what is kept.
OldDeliveries = Callable[[UUID, datetime, timedelta], Sequence[OldRows]]
_old_deliveries: list[OldDeliveries] = []


def provide_old_deliveries(read: OldDeliveries) -> None:
    """Says who keeps deliveries of notices and webhooks; the last one said is asked."""
    _old_deliveries[:] = [read]


def old_deliveries(team_id: UUID, now: datetime, kept: timedelta) -> Sequence[OldRows]:
    """Deliveries that a limit would delete, inside the team's context; none where nobody keeps any."""
    return _old_deliveries[0](team_id, now, kept) if _old_deliveries else []


# Who keeps anything about workflows: it goes before they do, in the same transaction.
ForgetWorkflows = Callable[[UUID, Sequence[UUID]], None]
_forget_workflows: list[ForgetWorkflows] = []


def provide_forget_workflows(forget: ForgetWorkflows) -> None:
    """Says who keeps something about workflows that is to go with them; the last one said is told."""
    _forget_workflows[:] = [forget]


def forget_workflows(team_id: UUID, workflows: Sequence[UUID]) -> None:
    """Tells that workflows are about to be removed. Inside the team's transaction."""
    for forget in _forget_workflows:
        forget(team_id, workflows)
