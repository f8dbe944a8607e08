"""Two weeks of a team of which one workflow got worse and another better: what the tests of the weekly review store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.analysis.triage import EventKind, Terms
from monitoring.identity import PRODUCTION, LabelKind, label_id
from monitoring.models import FailureGroup, Finding, FindingKind, Improvement, ImprovementEvent, Workflow
from monitoring.services.improvements import Wanted, plan_improvement, release_improvement
from monitoring.services.triage import decide
from monitoring.services.triage_watch import follow
from monitoring.statuses import Status
from monitoring.weeks import Week, parse_week
from tests.factories import NOW, report, step, store

NAME = "2026-W32"
MONDAY = datetime(2026, 8, 3, tzinfo=UTC)
# The Wednesday after the week.
AFTER = NOW


def the_week() -> Week:
    """The week that is reviewed."""
    week = parse_week(NAME)
    assert week is not None
    return week


def runs(
    workflow: str, start: datetime, count: int, failing: int, *, release: str | None = None, cost: str | None = "0.02"
) -> list[ExecutionReport]:
    """So many runs spread evenly over a week from `start` on; the first ones fail, at three times the cost."""
    told = []
    for number in range(count):
        at = start + timedelta(days=7) * (number + 0.5) / count
        is_failing = number < failing
        status = Status.FAILED if is_failing else Status.SUCCEEDED
        error = Failure(type="KeyError", message=f"{workflow} lacks a company") if is_failing else None
        steps = [
            step(id="s", node="score", status=status, error=error, started_at=at - timedelta(seconds=9), ended_at=at)
        ]
        told.append(
            report(
                id=f"{workflow}-{start:%m%d}-{number}",
                workflow=workflow,
                release=release,
                status=status,
                started_at=at - timedelta(seconds=9),
                finished_at=at,
                cost_usd=Decimal(cost) * (3 if is_failing else 1) if cost else None,
                steps=steps,
            )
        )
    return told


def store_weeks(team: Team) -> None:
    """`Lead` falls from 98 of 100 to 80, `Invoices` rises from 70 to 99, `Nightly` tells no cost and stays."""
    before = MONDAY - timedelta(days=7)
    told = [
        *runs("Lead", before, 100, 2, release="1"),
        *runs("Lead", MONDAY, 100, 20, release="2"),
        *runs("Invoices", before, 100, 30),
        *runs("Invoices", MONDAY, 100, 1),
        *runs("Nightly", before, 20, 0, cost=None),
        *runs("Nightly", MONDAY, 20, 0, cost=None),
    ]
    store(team, *told, now=AFTER)


def store_events(team: Team) -> None:
    """The group of `Lead` was resolved and came back; an improvement of `Invoices` was released; findings."""
    store_findings(team)
    lead, invoices = (workflow_named(team, name) for name in ("Lead", "Invoices"))
    with team_context(team.id):
        groups = [FailureGroup.objects.get(workflow_id=lead.id).id]
        told = {"kind": EventKind.RESOLVED, "terms": Terms(), "by": "a key", "now": MONDAY + timedelta(hours=5)}
        decide(team_id=team.id, group_ids=groups, **told)
    follow(MONDAY + timedelta(days=6))
    with team_context(team.id):
        improved = plan_improvement(
            team_id=team.id,
            wanted=Wanted(
                workflow_id=invoices.id,
                kind="node_design",
                title="Skip invoices without a company",
                metric="failure_rate",
            ),
            by="a key",
            now=MONDAY - timedelta(days=1),
        )
        release_improvement(
            team_id=team.id, improvement_id=improved.id, release="7", by="a key", now=MONDAY + timedelta(hours=2)
        )


def store_findings(team: Team) -> None:
    """One that is older, one that is new, one that went, and a schedule that misses runs."""
    day, lead = timedelta(days=1), workflow_named(team, "Lead")
    told = [
        ("Failures are concentrated at the step score", FindingKind.CONCENTRATION, MONDAY - 3 * day, None, 21.0),
        ("Failed runs take a quarter of the cost", FindingKind.COST, MONDAY + day, None, 8.0),
        ("Runs are retried too often", FindingKind.RETRIES, MONDAY - 9 * day, MONDAY + 2 * day, 5.0),
        ("Three starts of the schedule are missing", FindingKind.SCHEDULE, MONDAY + 2 * day, None, 3.0),
    ]
    with team_context(team.id):
        for title, kind, found_at, gone_at, worth in told:
            Finding.objects.create(
                team=team,
                workflow=lead,
                environment_id=label_id(LabelKind.ENVIRONMENT, PRODUCTION),
                kind=kind,
                subject={},
                title=title,
                evidence={},
                status="gone" if gone_at else "open",
                found_at=found_at,
                confirmed_at=found_at,
                gone_at=gone_at,
                executions_per_week=2 * worth,
                cost_per_week_usd=Decimal("1.5") if kind == FindingKind.COST else None,
                worth=worth,
            )


def became(team: Team, status: str, at: datetime, **detail: object) -> None:
    """Writes down that the improvement became something."""
    with team_context(team.id):
        one = Improvement.objects.get()
        ImprovementEvent.objects.create(
            team=team, improvement=one, at=at, kind="status", detail={"from": "released", "to": status, **detail}
        )


def workflow_named(team: Team, name: str) -> Workflow:
    """A workflow of the team."""
    with team_context(team.id):
        return Workflow.objects.get(name=name)
