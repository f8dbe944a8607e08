"""Runs of `Lead` of which all with one input type fail at one step: what the tests of findings store."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.models import Finding
from monitoring.services.findings import build_all
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

HOUR = timedelta(hours=1)
BROKEN = Failure(type="ValidationError", message="1 validation error for Lead")


def lead(number: int, at: datetime, *, failed: bool = False, **fields: Any) -> ExecutionReport:
    """A run of three seconds that ends at `at`; a failed one has a scan and fails at `score`."""
    begin = at - timedelta(seconds=3)
    status = Status.FAILED if failed else Status.SUCCEEDED
    score = step(
        node="score",
        status=status,
        started_at=begin + timedelta(seconds=1),
        ended_at=at,
        error=BROKEN if failed else None,
    )
    told: dict[str, Any] = {
        "id": f"lead-{number}",
        "workflow": "Lead",
        "status": status,
        "input_type": "scan" if failed else "form",
        "started_at": begin,
        "finished_at": at,
        "cost_usd": "0.02",
        "steps": [step(node="read", started_at=begin, ended_at=begin + timedelta(seconds=1)), score],
    }
    return report(**{**told, **fields})


def broken(
    count: int = 24, *, of: int = 120, now: datetime = NOW, first: int = 0, **fields: Any
) -> list[ExecutionReport]:
    """So many failed ones of runs an hour apart up to `now`, evenly among the others; the latest one fails."""
    every = of // count if count else of + 1
    return [
        lead(
            first + n,
            now - n * HOUR - timedelta(minutes=1 + n % 7),
            failed=n % every == 0 and n < count * every,
            **fields,
        )
        for n in range(of)
    ]


def fill(team: Team, **options: Any) -> None:
    """Stores them and looks at the workflow."""
    store(team, *broken(**options))
    build_all(options.get("now", NOW), team_id=team.id)


def the_finding(team: Team) -> Finding:
    """The finding that is worth most."""
    with team_context(team.id):
        found = Finding.objects.order_by("-worth", "title").first()
        assert found is not None
        return found
