"""Workflows that call the same things: what the tests of systems, models and tools store."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ingestion.records import ExecutionReport, Failure
from monitoring.statuses import Status
from tests.factories import report, step

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def call(workflow: str, at: datetime, *, failed: bool = False, node: str = "ask", **fields: Any) -> ExecutionReport:
    """A run that ends at `at`, with one call of two seconds (of `crm.example`, unless told otherwise)."""
    told = {"external_system": "crm.example", **fields}
    environment = told.pop("environment", None)
    visit = step(
        node=node,
        status=Status.FAILED if failed else Status.SUCCEEDED,
        started_at=at - timedelta(seconds=2),
        ended_at=at,
        error=Failure(type="HTTPError", message="503 from upstream") if failed else None,
        **told,
    )
    return report(
        workflow=workflow,
        environment=environment,
        status=Status.FAILED if failed else Status.SUCCEEDED,
        started_at=at - timedelta(seconds=3),
        finished_at=at,
        steps=[visit],
    )


def calm(workflow: str, count: int = 60, **fields: Any) -> list[ExecutionReport]:
    """Calls without a failure, two hours apart, that end before yesterday."""
    return [call(workflow, NOW - DAY - n * 2 * HOUR - HOUR / 2, **fields) for n in range(count)]


def outage(workflow: str, count: int = 10, **fields: Any) -> list[ExecutionReport]:
    """Failed calls, a minute apart, ten hours ago."""
    return [call(workflow, NOW - 10 * HOUR + n * timedelta(minutes=1), failed=True, **fields) for n in range(count)]
