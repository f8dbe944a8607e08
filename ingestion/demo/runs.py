"""Generates executions of the demo's workflows. The same seed gives the same runs."""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ingestion.demo.incidents import is_missed, odds_of
from ingestion.demo.shapes import MODELS, UNPRICED, Node, Shape
from ingestion.demo.workflows import SHAPES
from ingestion.records import ExecutionReport, Failure, Feedback, LogReport, Resources, StepReport, Tokens
from monitoring.statuses import Status

DAYS = 30
NATURAL_SIZE = 20_000
_MILLION = Decimal(1_000_000)
# Shares of a day's runs by hour (UTC): office hours, with a dip at noon.
_HOURS = (1, 1, 1, 1, 1, 2, 5, 10, 16, 18, 18, 17, 13, 16, 18, 17, 15, 11, 7, 5, 4, 3, 2, 1)
_COUNTRIES = ("DE", "FR", "NL", "PL", "US", "JP")
_WEEKEND = 0.35


def _starts_on_schedule(shape: Shape, end: datetime, part: float, random: Random) -> Iterator[datetime]:
    step = timedelta(minutes=max(shape.every_minutes, 1) / min(part, 1.0))
    at = end - timedelta(days=DAYS)
    while at < end:
        yield at + timedelta(seconds=random.uniform(0, 20))
        at += step


def _starts_by_chance(count: int, end: datetime, random: Random) -> Iterator[datetime]:
    while count > 0:
        at = end - timedelta(days=random.uniform(0, DAYS))
        share = _HOURS[at.hour] / max(_HOURS) * (_WEEKEND if at.weekday() >= 5 else 1)
        if random.random() < share:
            count -= 1
            yield at


def starts_of(shape: Shape, end: datetime, executions: int, random: Random) -> list[datetime]:
    """When a workflow's runs start, in order, for about `executions` runs of the whole team."""
    if shape.every_minutes:
        starts = list(_starts_on_schedule(shape, end, executions / NATURAL_SIZE, random))
    else:
        scheduled = sum(DAYS * 1440 / other.every_minutes for other in SHAPES if other.every_minutes)
        chosen = max(executions - scheduled * min(1, executions / NATURAL_SIZE), 0)
        whole = sum(other.weight for other in SHAPES)
        starts = list(_starts_by_chance(round(chosen * shape.weight / whole), end, random))
    return sorted(at for at in starts if not is_missed(shape, (end - at) / timedelta(days=1)))


def _release_at(shape: Shape, days: float) -> str:
    return [name for since, name in shape.releases if since >= days][-1]


def _usage(node: Node, random: Random) -> tuple[Tokens | None, Decimal | None]:
    """Tokens of a call and what they cost; a model without a price tells no cost."""
    if not node.model:
        return None, None
    tokens_in, tokens_out = (max(1, round(number * random.lognormvariate(0, 0.3))) for number in node.tokens)
    cached = round(tokens_in * 0.4) if random.random() < 0.3 else 0
    tokens = Tokens(input=tokens_in - cached, cache_read=cached or None, output=tokens_out)
    model = MODELS.get(node.model)
    if model is None:
        return tokens, None
    fresh = tokens_in - cached + Decimal(cached) / 10
    return tokens, ((fresh * model.usd_in + tokens_out * model.usd_out) / _MILLION).quantize(Decimal("0.000001"))


class Run:
    """One execution at work."""

    def __init__(self, shape: Shape, number: int, start: datetime, end: datetime, random: Random) -> None:
        self.shape = shape
        self.random = random
        self.start = self.at = start
        self.end = end
        self.days = (end - start) / timedelta(days=1)
        self.release = _release_at(shape, self.days)
        self.input_type = random.choice(shape.input_types) if shape.input_types else ""
        self.id = f"demo-{SHAPES.index(shape)}-{number}"
        self.steps: list[StepReport] = []
        self.parents: dict[str, StepReport] = {}
        self.failed: StepReport | None = None

    def _duration(self, node: Node, slower: float) -> timedelta:
        ms = node.median_ms * math.exp(self.random.gauss(0, node.spread)) * slower
        return timedelta(milliseconds=max(ms, 1))

    def _add(self, node: Node, attempt: int) -> StepReport:
        parent = self.parents.get(node.inside)
        step = StepReport(
            id=str(len(self.steps) + 1),
            node=node.name,
            kind=node.kind,
            parent_id=parent.id if parent else None,
            position=len(self.steps),
            attempt=attempt,
            started_at=self.at,
            provider=(MODELS[node.model].provider if node.model in MODELS else UNPRICED.get(node.model)) or None,
            model=node.model or None,
            tool=node.tool or None,
            external_system=node.system or None,
        )
        self.steps.append(step)
        return step

    def _try(self, node: Node, attempt: int) -> bool:
        """One try of a node; whether it went well."""
        odds = odds_of(self.shape, node, self.days, self.release, self.input_type, self.random)
        step = self._add(node, attempt)
        self.at = step.ended_at = self.at + self._duration(node, odds.slower)
        step.status = Status.SUCCEEDED
        if self.random.random() < odds.failure:
            step.status = Status.TIMED_OUT if odds.times_out else Status.FAILED
            step.error = Failure(type=odds.error[0], message=odds.error[1])
            self.failed = step
            return False
        step.tokens, step.cost_usd = _usage(node, self.random)
        return True

    def _visit(self, node: Node) -> bool:
        """A node with its tries; whether the run goes on."""
        if any(other.inside == node.name for other in self.shape.nodes):
            self.parents[node.name] = self._add(node, 1)
            return True
        for attempt in range(1, node.tries + 1):
            if self._try(node, attempt):
                self.failed = None
                return True
            self.at += timedelta(seconds=attempt)
        return False

    def _close_parents(self) -> None:
        for parent in self.parents.values():
            ends = [step.ended_at for step in self.steps if step.parent_id == parent.id and step.ended_at]
            parent.ended_at = max(ends, default=parent.started_at)
            parent.status = Status.FAILED if self.failed and self.failed.parent_id == parent.id else Status.SUCCEEDED

    def report(self) -> ExecutionReport:
        """The execution, as it is known at the end of the demo: what would end later is still running."""
        for node in self.shape.nodes:
            if not self._visit(node):
                break
        self._close_parents()
        status = self.failed.status if self.failed else Status.SUCCEEDED
        if self.failed is None and self.random.random() < 0.004:
            status = Status.CANCELLED
        told = self._told()
        if self.at >= self.end:
            told.status = Status.RUNNING
            told.steps = [step for step in self.steps if step.ended_at and step.ended_at < self.end]
            return told
        told.status, told.finished_at = status, self.at
        told.error = self.failed.error if self.failed else None
        told.resources = self._resources()
        return told

    def _told(self) -> ExecutionReport:
        random, country = self.random, self.random.choice(_COUNTRIES)
        return ExecutionReport(
            id=self.id,
            workflow=self.shape.name,
            workflow_type=self.shape.type,
            release=self.release,
            environment="staging" if random.random() < 0.04 else "production",
            trigger=self.shape.trigger,
            input_type=self.input_type or None,
            started_at=self.start,
            input={
                "country": country,
                "size": random.randint(1, 400),
                "channel": random.choice(("web", "app", "mail")),
            },
            tags={"generated": "true", "tier": random.choice(("gold", "silver", "basic"))},
            user=f"customer-{random.randint(1, 400)}" if self.shape.trigger in {"webhook", "api"} else None,
            feedback=self._feedback(),
            attributes={"generated": True},
            steps=self.steps,
            logs=self._logs(),
            is_imported=True,
        )

    def _resources(self) -> Resources:
        used = round(self.shape.memory_mb * self.random.lognormvariate(0, 0.15)) * 2**20
        calls = sum(1 for step in self.steps if step.external_system or step.model)
        return Resources(memory_bytes=used, memory_limit_bytes=self.shape.memory_mb * 2**21, api_call_count=calls)

    def _feedback(self) -> list[Feedback] | None:
        if self.failed or self.shape.type != "langgraph" or self.random.random() > 0.08:
            return None
        return [Feedback(key="helpful", score=float(self.random.random() < 0.85))]

    def _logs(self) -> list[LogReport] | None:
        step = self.failed
        if step is None or step.error is None:
            return None
        return [
            LogReport(message=f"starting {step.node}", at=step.started_at, level="info", step_id=step.id, position=0),
            LogReport(
                message=f"{step.error.type}: {step.error.message}",
                at=step.ended_at,
                level="error",
                step_id=step.id,
                position=1,
            ),
        ]


def _rerun(first: ExecutionReport, shape: Shape, end: datetime, random: Random) -> ExecutionReport:
    """A second attempt, some minutes after the first failed."""
    start = (first.finished_at or end) + timedelta(minutes=random.uniform(1, 9))
    again = Run(shape, 0, start, end, random)
    again.id = first.id
    report = again.report()
    report.attempt = 2
    return report


def generate(shape: Shape, end: datetime, executions: int, seed: str) -> Iterator[ExecutionReport]:
    """All runs of a workflow in the `DAYS` before `end`, in order of their start."""
    random = Random(f"{seed}/{shape.name}")  # noqa: S311 - nothing secret: the same seed has to give the same runs
    for number, start in enumerate(starts_of(shape, end, executions, random)):
        report = Run(shape, number, start, end, random).report()
        yield report
        soon = (report.finished_at or end) + timedelta(minutes=10)
        if random.random() < 0.15 and report.status is Status.FAILED and soon < end:
            yield _rerun(report, shape, end, random)
