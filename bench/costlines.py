"""CPU seconds of making cost lines, beside those of the fold of the same records: `python -m bench costlines`.

A million steps, five in each run, of ten workflows over ten days; three of five steps call a model. CPU of this process
and of the PostgreSQL process that it talks to. Steps tell their cost: how they are rated is measured elsewhere.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from bench import clock

STEPS = 1_000_000
NODES = ("read", "plan", "write", "check", "send")
CALLING = frozenset({"plan", "write", "check"})
MODELS = (("openai", "gpt-5"), ("openai", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"))
WORKFLOWS, DAYS, BATCH = 10, 10, 500


def reports(count: int, now: datetime) -> Iterator[tuple[int, Any]]:
    """So many runs, spread over the days."""
    from ingestion.records import ExecutionReport, StepReport, Tokens
    from monitoring.statuses import Status

    chance = Random(count)
    for number in range(count):
        at = now - timedelta(days=DAYS) * ((number + 0.5) / count)
        steps = []
        for place, node in enumerate(NODES):
            provider, model = chance.choice(MODELS)
            calls = node in CALLING
            steps.append(
                StepReport(
                    id=node,
                    node=node,
                    position=place,
                    status=Status.SUCCEEDED,
                    started_at=at - timedelta(seconds=20 - place),
                    provider=provider if calls else None,
                    model=model if calls else None,
                    tokens=Tokens(input=chance.randrange(5000), output=chance.randrange(900)) if calls else None,
                    cost_usd=Decimal(chance.randrange(10**6)).scaleb(-7) if calls else None,
                )
            )
        yield (
            number % BATCH,
            ExecutionReport(
                id=f"bench-lines-{number}",
                workflow=f"Bench {number % WORKFLOWS}",
                release=f"v{number * 3 // count}",
                status=Status.FAILED if chance.random() < 0.05 else Status.SUCCEEDED,
                started_at=at - timedelta(seconds=20),
                finished_at=at,
                steps=steps,
            ),
        )


def measure(steps: int = STEPS) -> dict[str, Any]:
    """Ingests, folds records, makes lines, makes them again (nothing differs), and rolls all days up anew."""
    from accounts.services.teams import create_team_with_owner
    from accounts.tenancy import team_context
    from bench.filling import analyze
    from billing.models import CostLine
    from billing.store import due, lines
    from billing.store.rollups import fold_days
    from ingestion.acceptance import accept
    from monitoring.store import rollups

    made, now = create_team_with_owner(name="Bench lines", email="costlines@example.com"), datetime.now(UTC)
    team_id = made.team.id
    source = reports(steps // len(NODES), now)
    while batch := list(islice(source, BATCH)):
        accept(team_id, batch, now=now)
    analyze()
    figures: dict[str, Any] = {"steps": steps}
    figures["rollups_cpu_s"] = _cpu(lambda: rollups.fold_all(now, team_id=team_id))
    figures["lines_cpu_s"] = _cpu(lambda: lines.fold_all(now, team_id=team_id))
    analyze()
    with team_context(team_id):
        figures["lines"] = CostLine.objects.count()
        days = set(CostLine.objects.values_list("booked_on", flat=True))
        due.mark_between(team_id, min(days), None, now)
    figures["again_cpu_s"] = _cpu(lambda: lines.fold_all(now, team_id=team_id))
    figures["all_days_cpu_s"] = _cpu(lambda: _in_team(team_id, lambda: fold_days(team_id, days, now)))
    return figures | {"share_of_rollups": figures["lines_cpu_s"] / figures["rollups_cpu_s"]}


def _in_team(team_id: UUID, work: Callable[[], Any]) -> None:
    from accounts.tenancy import team_context

    with team_context(team_id):
        work()


def _cpu(work: Callable[[], Any]) -> float:
    return clock.spend(clock.backend(), work).cpu
