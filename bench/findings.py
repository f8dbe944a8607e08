"""CPU seconds of one look at a workflow for findings: `python -m bench findings`.

One workflow with so many runs in the week that findings are of; a fifth of the runs of one input type fail at one step.
CPU of this process and of the PostgreSQL process that it talks to.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from bench import clock

SIZES = (10_000, 100_000)
NODES = ("receive", "look_up", "write", "check", "send")
LOOKS = 3


def reports(count: int, now: datetime) -> Iterator[tuple[int, Any]]:
    """So many runs spread over the week, each with five steps, one of which calls a model."""
    from ingestion.records import ExecutionReport, Failure, StepReport, Tokens
    from monitoring.statuses import Status

    chance = Random(count)
    for number in range(count):
        at = now - timedelta(days=7) * ((number + 0.5) / count)
        kind = chance.choice(("form", "mail", "scan", "call"))
        failed = chance.random() < (0.2 if kind == "scan" else 0.01)
        begin, steps = at - timedelta(seconds=10), []
        for place, node in enumerate(NODES):
            length = timedelta(seconds=chance.lognormvariate(0, 0.6))
            is_bad = failed and node == "check"
            steps.append(
                StepReport(
                    id=node,
                    node=node,
                    position=place,
                    status=Status.FAILED if is_bad else Status.SUCCEEDED,
                    started_at=begin,
                    ended_at=begin + length,
                    model=chance.choice(("model-a", "model-b")) if node == "write" else None,
                    tokens=Tokens(input=900, output=100) if node == "write" else None,
                    cost_usd="0.004" if node == "write" else None,
                    error=Failure(type="KeyError", message="company") if is_bad else None,
                )
            )
            begin += length
        yield (
            number % 500,
            ExecutionReport(
                id=f"bench-{count}-{number}",
                workflow=f"Bench {count}",
                status=Status.FAILED if failed else Status.SUCCEEDED,
                input_type=kind,
                input={"country": chance.choice("abcdefgh"), "size": chance.choice("sml")},
                started_at=at - timedelta(seconds=10),
                finished_at=at,
                steps=steps,
            ),
        )


def measure() -> dict[str, Any]:
    """A look at each size; the first one, which finds, and the mean of those after it, which confirm."""
    from accounts.services.teams import create_team_with_owner
    from bench.filling import analyze

    made, now = create_team_with_owner(name="Bench findings", email="findings@example.com"), datetime.now(UTC)
    for size in SIZES:
        _fill(made.team.id, size, now)
    analyze()
    return {f"runs_{size}": _look(made.team.id, size, now) for size in SIZES}


def _fill(team_id: UUID, size: int, now: datetime) -> None:
    from ingestion.acceptance import accept
    from monitoring.store.rollups import fold_all

    source = reports(size, now)
    while batch := list(islice(source, 500)):
        accept(team_id, batch, now=now)
    fold_all(now, team_id=team_id)


def _look(team_id: UUID, size: int, now: datetime) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from accounts.tenancy import team_context
    from monitoring.identity import PRODUCTION, LabelKind, label_id, workflow_id
    from monitoring.models import Finding
    from monitoring.services.findings import build
    from monitoring.store.due_queue import Whose
    from monitoring.store.finding_queue import Claim

    whose = Whose(workflow_id(team_id, f"Bench {size}"), label_id(LabelKind.ENVIRONMENT, PRODUCTION))
    postgres, looks, queries = clock.backend(), [], 0
    for number in range(LOOKS + 1):
        at = now + number * timedelta(minutes=30)
        with CaptureQueriesContext(connection) as captured:
            looks.append(clock.spend(postgres, partial(build, Claim(team_id, whose), at)))
        queries = len(captured)
    with team_context(team_id):
        found = list(Finding.objects.filter(workflow_id=whose.workflow_id).values_list("title", flat=True))
    first, *later = looks
    return {
        "first_cpu_s": first.cpu,
        "later_cpu_s": sum(one.cpu for one in later) / LOOKS,
        "wall_s": min(one.wall for one in looks),
        "queries": queries,
        "findings": found,
    }
