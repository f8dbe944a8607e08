"""Rules, workflows, routes and breaches for tests of incidents."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from alerts.identity import subject_id
from alerts.models import AlertRule, Channel, Incident
from alerts.services.incidents import Breach, Changes, apply
from alerts.services.routes import WantedRoute, save_route
from ingestion.records import Failure
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

ERROR = Failure(message="payment refused")


def rule(team: Team, metric: str = "error_rate", **fields: Any) -> AlertRule:
    """A rule of each workflow, critical unless told otherwise."""
    told = {"name": f"Rule {metric}", "threshold": 0.05, "severity": "critical", **fields}
    return AlertRule.objects.create(team=team, metric=metric, **told)


def workflow(team: Team, name: str = "checkout") -> Workflow:
    """A workflow that never ran."""
    return Workflow.objects.create(team=team, name=name, slug=name)


def breach(of: AlertRule, about: Workflow | None = None, value_text: str = "", **fields: Any) -> Breach:
    """That the condition of a rule holds since two minutes."""
    told: dict[str, Any] = {
        "rule": of,
        "subject_id": subject_id(of.id, about.id if about else None, value_text),
        "workflow_id": about.id if about else None,
        "value_text": value_text,
        "since": NOW - timedelta(minutes=2),
        "value": 0.124,
        "limit": 0.05,
        "samples": 250,
    }
    return Breach(**{**told, **fields})


def opened(team: Team, *breaches: Breach, now: datetime = NOW) -> list[Incident]:
    """The incidents that are open for these breaches, in their order."""
    found = apply(team.id, Changes(opened=list(breaches)), now)
    return [Incident.objects.get(id=found[one.subject_id].id) for one in breaches]


def route(team: Team, *steps: tuple[Channel, int], name: str = "Everything", **fields: Any) -> None:
    """A route to these channels, each after so many minutes."""
    told = [(channel.id, timedelta(minutes=minutes)) for channel, minutes in steps]
    save_route(team_id=team.id, wanted=WantedRoute(name, told, **fields), now=NOW)


def failing_at(team: Team, names: Sequence[str], system: str = "api.payments.example", runs: int = 4) -> None:
    """Runs of these workflows that failed at an external system in the last minutes."""
    store(
        team,
        *(
            report(
                workflow=name,
                status=Status.FAILED,
                error=ERROR,
                steps=[step(id=f"{name}-{number}", status=Status.FAILED, external_system=system, error=ERROR)],
            )
            for name in names
            for number in range(runs)
        ),
    )
