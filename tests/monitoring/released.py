"""A workflow with two releases: what the tests of releases and of the gate store."""

from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Team
from ingestion.records import ExecutionReport, Failure, Tokens
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

HOUR = timedelta(hours=1)


def released_run(
    name: str, number: int, runs: int, *, failed: bool = False, live: timedelta = 48 * HOUR, end: datetime = NOW
) -> ExecutionReport:
    """Run `number` of `runs` of a release, spread evenly over `live`, the last one ending just before `end`.

    Release `v1` goes from fetch to store in ten seconds; any other one to a cache instead, in twenty, for twice the
    cost. Failures of both are their own.
    """
    end -= live * number / runs + timedelta(minutes=1)
    is_old = name == "v1"
    seconds = (10 if is_old else 20) + number % 3
    nodes = ("fetch", "store" if is_old else "cache")
    error = Failure(type="Refused", message=f"{nodes[1]} refused")
    return report(
        id=f"{name}-{number}-{failed}",
        release=name,
        status=Status.FAILED if failed else Status.SUCCEEDED,
        started_at=end - timedelta(seconds=seconds),
        finished_at=end,
        steps=[
            step(
                id=node,
                node=node,
                position=place,
                status=Status.FAILED if failed and place else Status.SUCCEEDED,
                error=error if failed and place else None,
                started_at=end - timedelta(seconds=seconds - place),
                ended_at=end,
                tokens=Tokens(input=100 * (1 if is_old else 2) + number % 5) if place else None,
                cost_usd=Decimal(number % 5 + (10 if is_old else 20)) / 1000 if place else None,
            )
            for place, node in enumerate(nodes)
        ],
    )


def store_release(
    team: Team,
    name: str,
    runs: int,
    failed: int,
    *,
    live: timedelta = 48 * HOUR,
    ago: timedelta = 0 * HOUR,
    now: datetime = NOW,
) -> None:
    """Stores the runs of a release, `failed` of them failed, spread evenly; the last one ends `ago` before now."""
    every = runs / failed if failed else 0
    bad = {round(every * n) for n in range(failed)}
    told = (released_run(name, n, runs, failed=n in bad, live=live, end=now - ago) for n in range(runs))
    store(team, *told, now=now)
