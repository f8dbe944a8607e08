"""Rules and runs for tests of evaluation: a clock that goes from minute to minute, and what is sent in each."""

from datetime import timedelta
from typing import Any

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertRule, AlertState, Incident, RuleDue
from alerts.services.evaluation import ensure_due, evaluate_due
from monitoring.identity import workflow_id
from monitoring.models import Workflow
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import NOW, report, send

MINUTE = timedelta(minutes=1)
LONG_AGO = NOW - timedelta(days=30)


def minute(number: float) -> Any:
    """An instant so many minutes after `NOW`."""
    return NOW + number * MINUTE


def rule(team: Team, **fields: Any) -> AlertRule:
    """A rule: more than 5 % failures in 5 minutes with at least 20 runs, of each workflow, unless told otherwise."""
    told: dict[str, Any] = {
        "name": "Error rate",
        "metric": "error_rate",
        "threshold": 0.05,
        "window_s": 300,
        "min_samples": 20,
        "created_at": LONG_AGO,
        "updated_at": LONG_AGO,
    }
    with team_context(team.id):
        made = AlertRule.objects.create(team=team, **{**told, **fields})
        ensure_due(team.id, [made.id], LONG_AGO)
    return made


def of(team: Team, name: str) -> Any:
    """The id of a workflow."""
    return workflow_id(team.id, name)


def workflow(team: Team, name: str, **fields: Any) -> Workflow:
    """A workflow that is there already."""
    with team_context(team.id):
        found, _ = Workflow.objects.update_or_create(
            team=team, id=of(team, name), defaults={"name": name, "slug": name, **fields}
        )
    return found


def runs(team: Team, at: float, *, good: int = 0, bad: int = 0, told_at: float | None = None, **fields: Any) -> None:
    """So many runs that ended half a minute after minute `at`, and are told then or at minute `told_at`."""
    ended = minute(at + 0.5)
    statuses = [Status.SUCCEEDED] * good + [Status.FAILED] * bad
    told = [report(status=one, started_at=ended - MINUTE, finished_at=ended, **fields) for one in statuses]
    send(team, *told, now=ended if told_at is None else minute(told_at))


def evaluate(at: float, *, is_folded: bool = True) -> int:
    """Evaluates what is due six seconds after minute `at`, all figures computed a moment before; how many rules."""
    now = minute(at) + timedelta(seconds=6)
    if is_folded:
        fold_all(now - timedelta(seconds=3))
    return evaluate_due(now, seconds=60)


def incidents(team: Team) -> list[tuple[str, float, float, bool]]:
    """Workflow (or value), minute since which it held, minute in which it opened, and whether it is resolved."""
    with team_context(team.id):
        names = {one.id: one.name for one in Workflow.objects.all()}
        found = Incident.objects.order_by("since", "opened_at", "id")
        return [
            (
                one.value_text or names.get(one.workflow_id, "all"),
                (one.since - NOW) / MINUTE,
                (one.opened_at - NOW) // MINUTE,
                one.resolved_at is not None,
            )
            for one in found
        ]


def states(team: Team) -> dict[str, str]:
    """The state of each subject, by workflow or value."""
    with team_context(team.id):
        names = {one.id: one.name for one in Workflow.objects.all()}
        return {one.value_text or names.get(one.workflow_id, "all"): one.state for one in AlertState.objects.all()}


def due(made: AlertRule) -> RuleDue:
    """Where a rule stands in the queue."""
    return RuleDue.objects.get(rule_id=made.id)
