"""What a request told, as records: the posts of a trace are one part of its execution, its patches another."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from ingestion.adapters import wire
from ingestion.adapters.langsmith import judgements, runs
from ingestion.adapters.langsmith.runs import PATCH, POST, ReadRun
from ingestion.adapters.langsmith.sent import Sent, SentRun
from ingestion.adapters.refusals import Refused
from ingestion.records import Decoded, ExecutionReport, Sampled


def ask_for(sent: Sent, now: datetime) -> frozenset[str]:
    """Ids of the runs by which items that do not tell their trace can be placed: the caller looks for them."""
    asked: set[str | None] = set()
    for run in sent.runs:
        with suppress(Refused):
            asked.add(runs.trace_of(run, now)[1])
    for judgement in sent.judgements:
        with suppress(Refused):
            asked.add(judgements.trace_of(judgement)[1])
    return frozenset(one for one in asked if one)


class _Collected:
    """Parts of executions while they are put together, by trace and revision."""

    def __init__(self) -> None:
        self.parts: list[tuple[int, ExecutionReport]] = []
        self.open: dict[tuple[str, int], ExecutionReport] = {}
        self.rooted: set[tuple[str, int]] = set()
        self.sampled: set[Sampled] = set()

    def add(self, sent: SentRun, told: ReadRun) -> None:
        """Puts a run into the part of its trace; a root that was told twice begins another one."""
        revision = PATCH if sent.is_patch else POST
        key = (told.trace_id, revision)
        report = self.open.get(key)
        is_full = report is not None and len(report.steps or ()) >= wire.MAX_STEPS
        if report is None or is_full or (told.is_root and key in self.rooted):
            report = self.open[key] = ExecutionReport(id=told.trace_id, revision=revision, items=0, steps=[], logs=[])
            self.rooted.discard(key)
            self.parts.append((sent.index, report))
        report.items += 1
        report.started_at = _earlier(report.started_at, told.trace_at)
        if told.is_root:
            self.rooted.add(key)
            runs.describe(report, told, sent.run)
            if told.extra.rate is not None and told.step.node:
                self.sampled.add(Sampled(told.step.node, told.extra.rate))
        if told.is_step:
            _append(report.steps, told.step)
        for line in told.logs:
            _append(report.logs, line)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _append(items: list[Any] | None, item: Any) -> None:
    if items is not None:
        items.append(item)


def to_records(sent: Sent, known: Mapping[str, str], now: datetime) -> Decoded:
    """The records of a request; `known` are the traces of what `ask_for` asked for. Each bad item is rejected alone."""
    collected, unknown = _Collected(), dict(sent.unknown)
    for item in sent.runs:
        try:
            told = runs.read(item, known, now)
        except Refused as refused:
            sent.reject(item.index, refused, item.run.get("id"))
            continue
        unknown.update(told.unknown)
        collected.add(item, told)
    for judgement in sent.judgements:
        try:
            collected.parts.append((judgement.index, judgements.read(judgement, known, now)))
        except Refused as refused:
            sent.reject(judgement.index, refused, judgement.told.get("id"))
    sampled = list(collected.sampled)
    return Decoded(reports=collected.parts, rejected=sent.rejected, unknown=unknown, sampled=sampled)
