"""What masking costs when records come in: the same requests with and without it, in interleaved pairs.

As in `bench.pricing` bodies of the REST way in are read and written to the same PostgreSQL in this process. Each round
has a run without masking and one for each of these teams: one that decided nothing, all detectors, all detectors with a
path and a pattern, and the same where each report has an e-mail address in its input, so that something is masked.
"""

import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest import mock
from uuid import UUID

from bench.reports import bodies
from bench.stage import Stage
from bench.usage import cpu_seconds

BATCHES = 12
PAIRS = 5
ARMS = ("default_rules", "all_detectors", "all_rules", "all_rules_address")


@dataclass(slots=True)
class Clock:
    """Masks as the application does, and counts the CPU seconds that takes."""

    seconds: float = 0.0
    is_on: bool = True

    def __call__(self, team_id: UUID, reports: Any) -> None:
        from ingestion.masking import masking_of

        if not self.is_on:
            return
        began = time.thread_time()
        masking = masking_of(team_id)
        for _, report in reports:
            masking.apply(report)
        self.seconds += time.thread_time() - began


def run(stage: Stage, team_id: UUID, first: int, clock: Clock, *, has_address: bool = False) -> float:
    """CPU seconds of this process and PostgreSQL for one run of requests."""
    from ingestion import acceptance
    from ingestion.adapters import rest
    from ingestion.records import ExecutionReport

    now = datetime.now(UTC)
    sent = bodies(BATCHES, first)
    if has_address:
        sent = [body.replace(b'"form":"inbound"', b'"form":"from ada@mail.example"') for body in sent]
    with mock.patch.object(acceptance, "_mask", clock):
        before = time.process_time() + cpu_seconds(stage.postgres_pid())
        for body in sent:
            read = [(index, rest.parse_item(index, item, now)) for index, item in rest.decode(body)]
            reports = [(index, one) for index, one in read if isinstance(one, ExecutionReport)]
            acceptance.accept(team_id, reports, now=now)
        return time.process_time() + cpu_seconds(stage.postgres_pid()) - before


def switch_on(team_id: UUID, *, own: bool) -> None:
    """Every detector; with `own` a field by its path, and a pattern."""
    from accounts.tenancy import team_context
    from ingestion.detectors import Detector
    from ingestion.redaction import Rule
    from ingestion.rules import Becomes, RuleKind
    from ingestion.services.privacy import add_rule, set_detectors

    with team_context(team_id):
        set_detectors(dict.fromkeys(Detector, (True, Becomes.LABEL)))
        if own:
            add_rule(Rule(RuleKind.FIELD, "*.customer.email"))
            add_rule(Rule(RuleKind.PATTERN, r"cust-\d{6}"))


def measure(stage: Stage) -> dict[str, Any]:
    """Runs the rounds and returns the figures. The first round is to warm up."""
    from accounts.services.teams import create_team_with_owner

    plain_team, *teams = (
        create_team_with_owner(name=f"Bench {name}", email=f"{name}@example.com").team.id for name in ("none", *ARMS)
    )
    for name, team_id in zip(ARMS[1:], teams[1:], strict=True):
        switch_on(team_id, own=name != "all_detectors")
    own: dict[str, list[float]] = {name: [] for name in ARMS}
    ratios: dict[str, list[float]] = {name: [] for name in ARMS}
    for number in range(PAIRS + 1):
        plain = run(stage, plain_team, number * 1_000_000, Clock(is_on=False))
        for name, team_id in zip(ARMS, teams, strict=True):
            clock = Clock()
            masked = run(stage, team_id, number * 1_000_000, clock, has_address=name == "all_rules_address")
            if number:
                own[name].append(clock.seconds / masked)
                ratios[name].append(masked / plain - 1)
    return {
        name: {
            "share_of_ingest_cpu": statistics.median(own[name]),
            "shares": own[name],
            "more_than_without": statistics.median(ratios[name]),
            "ratios": ratios[name],
        }
        for name in own
    }
