"""A workflow with a failure, an improvement for it, and the runs that follow: for tests of the whole course."""

import random
from datetime import datetime, timedelta

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.models import Finding, FindingKind, Workflow
from monitoring.statuses import Status
from tests.factories import report, step, store

WORKFLOW = "Lead qualification"
NODE = "score"


def runs(
    start: datetime, hours: int, release: str | None, *, failing: int, per_hour: int = 10, name: str = ""
) -> list[ExecutionReport]:
    """So many runs an hour, of which `failing` fail with the same error at the same node: those of imported leads."""
    pick = random.Random(f"{start}{release}")
    made = []
    for hour in range(hours):
        for number in range(per_hour):
            at = start + timedelta(hours=hour, minutes=60 * (number + 0.5) / per_hour)
            made.append(_run(f"{name or release}-{start:%m%d%H}-{hour}-{number}", at, release, number < failing))
    pick.shuffle(made)
    return made


def _run(id: str, at: datetime, release: str | None, is_failing: bool) -> ExecutionReport:
    took = timedelta(seconds=20)
    lost = Failure(type="KeyError", message="company") if is_failing else None
    status = Status.FAILED if is_failing else Status.SUCCEEDED
    steps = [step(id="s", node=NODE, status=status, error=lost, started_at=at - took, ended_at=at)]
    told = {"workflow": WORKFLOW, "release": release, "status": status, "steps": steps}
    kind = "import" if is_failing else "form"
    return report(id=id, input_type=kind, started_at=at - took, finished_at=at, **told)


def report_all(team: Team, told: list[ExecutionReport], now: datetime) -> None:
    """Takes runs in as several requests and computes the figures."""
    for start in range(0, len(told), 500):
        store(team, *told[start : start + 500], now=now)


def find(team: Team, group_id: object, since: datetime, now: datetime) -> Finding:
    """A finding about the failure group."""
    with team_context(team.id):
        workflow = Workflow.objects.get(name=WORKFLOW)
        return Finding.objects.create(
            team=team,
            workflow=workflow,
            environment_id=_production(),
            kind=FindingKind.CONCENTRATION,
            subject={"attribute": "step", "value": NODE},
            failure_group_id=group_id,
            title="Failures are concentrated at the step score",
            evidence={"share": 1.0},
            since=since,
            found_at=now,
            confirmed_at=now,
            executions_per_week=168.0,
            worth=168.0,
        )


def _production() -> int:
    from monitoring.identity import PRODUCTION, LabelKind, label_id

    return label_id(LabelKind.ENVIRONMENT, PRODUCTION)
