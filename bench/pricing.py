"""What rating costs when records come in: the same requests with and without the rater, in interleaved pairs.

Both ways read bodies of the REST way in and write them to the same PostgreSQL, in this process: what HTTP takes is left
out, so the share is that of all other work. It is told twice: what the rater took by the clock of its thread, and
the difference between the two ways, which also has what is done with its prices (columns, counted costs).
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from bench.reports import NODES, bodies
from bench.stage import Stage
from bench.usage import cpu_seconds

BATCHES = 40
PAIRS = 5
LIMIT_SHARE = 0.05
USD_PER_MILLION = {"gpt-4o-mini": ("0.15", "0.6"), "gpt-4o": ("2.5", "10"), "claude-sonnet-4": ("3", "15")}


@dataclass(slots=True)
class Clock:
    """A rater that also counts the CPU seconds it takes, and the steps it rated."""

    seconds: float = 0.0
    steps: int = 0

    def __call__(self, team_id: UUID, steps: Sequence[Any]) -> None:
        from billing.store.rater import rate_steps

        began = time.thread_time()
        rate_steps(team_id, steps)
        self.seconds += time.thread_time() - began
        self.steps += len(steps)


def add_prices(team_id: UUID) -> None:
    """A price for each model that the reports name."""
    from accounts.tenancy import team_context
    from billing.models import TeamPrice

    models = {model: provider for _, _, provider, model in NODES if model}
    with team_context(team_id):
        for number, (model, provider) in enumerate(models.items()):
            told, out = USD_PER_MILLION[model]
            rates = {"input": told, "output": out}
            TeamPrice.objects.create(team_id=team_id, id=number, provider=provider or "", model=model, rates=rates)


def run(stage: Stage, team_id: UUID, first: int, clock: Clock | None) -> float:
    """CPU seconds of this process and PostgreSQL for one run of requests."""
    from ingestion.acceptance import accept
    from ingestion.adapters import rest
    from ingestion.records import ExecutionReport

    now = datetime.now(UTC)
    sent = bodies(BATCHES, first)
    before = time.process_time() + cpu_seconds(stage.postgres_pid())
    for body in sent:
        read = [(index, rest.parse_item(index, item, now)) for index, item in rest.decode(body)]
        reports = [(index, one) for index, one in read if isinstance(one, ExecutionReport)]
        if len(reports) < len(read):
            raise RuntimeError("a report was refused")
        accept(team_id, reports, now=now, rater=clock)
    return time.process_time() + cpu_seconds(stage.postgres_pid()) - before


def measure(stage: Stage) -> dict[str, Any]:
    """Runs the pairs and returns the figures. The first run of each way is to warm up."""
    from accounts.services.teams import create_team_with_owner
    from accounts.tenancy import team_context
    from monitoring.models import Step

    team_id = create_team_with_owner(name="Bench pricing", email="pricing@example.com").team.id
    add_prices(team_id)
    shares, differences, clock = [], [], Clock()
    for number in range(PAIRS + 1):
        clock = Clock()
        rated = run(stage, team_id, number * 2_000_000, clock)
        plain = run(stage, team_id, number * 2_000_000 + 1_000_000, None)
        if number:
            shares.append(clock.seconds / rated)
            differences.append((rated - plain) / rated)
    with team_context(team_id):
        priced = Step.objects.exclude(priced_cost_usd=None).count()
    if priced < clock.steps * (PAIRS + 1) * 0.9:
        raise RuntimeError(f"only {priced} steps were rated")
    return {
        "steps_rated_a_run": clock.steps,
        "rater_us_a_rated_step": clock.seconds / clock.steps * 1e6,
        "share_of_ingest_cpu": statistics.median(shares),
        "shares": shares,
        "share_by_difference": statistics.median(differences),
        "differences": differences,
        "limit_share": LIMIT_SHARE,
    }
