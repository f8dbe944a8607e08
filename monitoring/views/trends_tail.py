"""The card of the long tail: whether the average hides the slow runs, and where these spend their time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import StreamingHttpResponse

from monitoring import wording
from monitoring.analysis.tail import Hiding, Percentile, Tail, share_of_time
from monitoring.analysis.tail_split import Kind, Part
from monitoring.reads.figures import Totals
from monitoring.reads.tail import TailSplit, slow_from, tail_of
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope

TITLES = {
    Hiding.HIDDEN: "The average hides it",
    Hiding.VISIBLE: "The average shows the tail",
    Hiding.NO_TAIL: "No hidden tail",
    Hiding.TOO_FEW: "Long tail: too few runs to say",
}
TAIL_HEAD = ("figure", "ms", "low_ms", "high_ms", "runs_beyond", "is_told")
SPLIT_HEAD = ("by", "name", "slow_ms", "usual_ms", "extra_ms", "low_ms", "high_ms", "share")
MAX_LINES = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the card: a percentile (or the mean) with its interval and the runs beyond it."""

    name: str
    value: str
    interval: str
    beyond: str


@dataclass(frozen=True, slots=True)
class Card:
    """The card as the template shows it; `has_split` where there are slow runs to look into."""

    title: str
    reading: str
    rows: Sequence[Row]
    slow_href: str
    slow_label: str
    has_split: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the split; `meter` is its share of the extra time, from 0 to 1."""

    name: str
    note: str
    slow: str
    usual: str
    extra: str
    interval: str
    share: str
    meter: float
    label: str
    is_clear: bool


@dataclass(frozen=True, slots=True)
class SplitWords:
    """The split as the template shows it: a sentence, what it rests on, and one table a way to sort the time."""

    sentence: str
    basis: str
    tables: Sequence[tuple[str, Sequence[Line]]] = field(default_factory=tuple)


def card(scope: Scope, totals: Totals) -> Card | None:
    """The card of the figures of a window; None without a run whose duration is known."""
    tail = tail_of(totals)
    if tail is None or scope.workflow is None:
        return None
    limit = slow_from(tail)
    href = scope.href("executions", workflow=scope.workflow.slug) + "&" + urlencode({"sort": "-duration"})
    return Card(
        TITLES[tail.hiding],
        _reading(tail, totals),
        [Row("Average", wording.duration_ms(tail.mean_ms), "", _above_mean(tail)), *map(_row, tail.percentiles)],
        href,
        "See the slowest executions",
        limit is not None and bool(limit.beyond),
    )


def tail_csv(slug: str, totals: Totals) -> StreamingHttpResponse:
    """The table of the card."""
    tail = tail_of(totals)
    rows: list[tuple[Any, ...]] = []
    if tail is not None:
        rows = [("average", tail.mean_ms, None, None, round(tail.above_mean * tail.runs), True)]
        rows += [(name(one), one.ms, one.low_ms, one.high_ms, one.beyond, one.is_told) for one in tail.percentiles]
    return csv_response(f"{slug}-tail.csv", TAIL_HEAD, rows)


def name(one: Percentile) -> str:
    """`p99.9`."""
    return f"p{float(f'{one.share * 100:.4g}'):g}"


def _row(one: Percentile) -> Row:
    beyond = wording.count(one.beyond)
    if not one.is_told:
        return Row(name(one), wording.duration_ms(one.ms), "too few to say", beyond)
    ends = [wording.duration_ms(end) if end is not None else "?" for end in (one.low_ms, one.high_ms)]
    return Row(name(one), wording.duration_ms(one.ms), f"{ends[0]} to {ends[1]}", beyond)


def _above_mean(tail: Tail) -> str:
    return f"{wording.count(round(tail.above_mean * tail.runs))} ({wording.percent(tail.above_mean, 0)})"


def _reading(tail: Tail, totals: Totals) -> str:
    mean, median = wording.duration_ms(tail.mean_ms), wording.duration_ms(tail.percentiles[0].ms)
    start = f"The average is {mean}, half of the runs take under {median}."
    if tail.top is None or tail.ratio is None:
        return (
            f"{start} {wording.count(tail.runs)} runs do not tell how long the slow ones take: 10 have to lie beyond."
        )
    beyond = wording.plain_percent(round(1 - tail.top.share, 3))
    told = (
        f"{start} {beyond} of runs take over {wording.duration_ms(tail.top.ms)}: "
        f"{wording.times(tail.ratio)} the median."
    )
    groups = ""
    if tail.groups:
        groups = " Runs fall into two groups: " + " and ".join(
            f"{wording.count(group.runs)} around {wording.duration_ms(group.ms)}" for group in tail.groups
        )
        groups += "."
    return told + groups + _slowest(tail, totals)


def _slowest(tail: Tail, totals: Totals) -> str:
    """The share of all time that the slowest 1 % take, or the least share of runs that can be told."""
    p99 = next(one for one in tail.percentiles if one.share == 0.99)
    which = p99 if p99.is_told else tail.top
    share = share_of_time(totals.histogram, which.beyond) if which else None
    if which is None or share is None:
        return ""
    part = wording.plain_percent(round(1 - which.share, 3))
    return f" The slowest {part} ({wording.count(which.beyond)} runs) take {wording.percent(share, 0)} of all time."


def split_words(found: TailSplit | None) -> SplitWords:
    """The split in words."""
    if found is None:
        return SplitWords("", "Too few runs to tell which are slow.")
    split = found.split
    if split is None:
        return SplitWords("", f"Where the time goes cannot be told: {found.reason}.")
    limit = f"over {wording.duration_ms(split.above_ms)} (p{found.share * 100:g})"
    low, high = (wording.duration_ms(end) for end in split.usual_ms)
    basis = (
        f"{split.slow_runs} runs {limit} against {split.usual_runs} of the middle half ({low} to {high}), "
        "drawn at random; time along the critical path; 95% intervals (Welch)."
    )
    if not split.is_told:
        basis += " So few runs are examples, not a finding."
    tables = (
        ("Step", [_line(part) for part in split.by_node[:MAX_LINES]]),
        ("Kind of time", [_line(part) for part in split.by_kind[:MAX_LINES]]),
        ("Model, tool or system", [_line(part) for part in split.by_target[:MAX_LINES]]),
    )
    return SplitWords(_sentence(split.extra.ms, split.parts), basis, [table for table in tables if table[1]])


def split_csv(slug: str, found: TailSplit | None) -> StreamingHttpResponse:
    """All lines of the split."""
    split = found.split if found else None
    rows: list[tuple[Any, ...]] = []
    if split is not None:
        for by, parts in (("step", split.by_node), ("kind", split.by_kind), ("target", split.by_target)):
            rows += [
                (
                    by,
                    _name(part),
                    part.slow_ms,
                    part.usual_ms,
                    part.extra.ms,
                    part.extra.low_ms,
                    part.extra.high_ms,
                    part.share,
                )
                for part in parts
            ]
    return csv_response(f"{slug}-tail-split.csv", SPLIT_HEAD, rows)


def _sentence(extra_ms: float, parts: Sequence[Part]) -> str:
    """`Of the 41 s that slow runs take longer, 33 s (80%) are in charge_card, waiting for payments.example.`"""
    if not parts or extra_ms <= 0:
        return "Slow runs take no more time along their critical path than usual ones."
    most = parts[0]
    node, kind, target = most.key
    where = {
        Kind.SYSTEM: f", waiting for {target}",
        Kind.TOOL: f", in the tool {target}",
        Kind.MODEL: f", in the model {target}",
        Kind.RETRY: ", in attempts that were repeated",
        Kind.WAITING: ", waiting to begin" if node else "",
        Kind.OWN: ", in its own work" if node else "",
    }[Kind(kind)]
    return (
        f"Of the {wording.duration_ms(extra_ms)} that slow runs take longer, {wording.duration_ms(most.extra.ms)} "
        f"({wording.percent(most.share, 0)}) are {f'in {node}' if node else 'outside of every step'}{where}."
    )


def _name(part: Part) -> str:
    return part.key[-1] or "outside of every step"


def _line(part: Part) -> Line:
    ends = (part.extra.low_ms, part.extra.high_ms)
    interval = " to ".join(wording.duration_ms(end) for end in ends) if None not in ends else ""
    share = wording.percent(part.share, 0) if part.share <= -0.005 or part.share > 0 else "0%"
    return Line(
        name=_name(part),
        note=part.key[0] if len(part.key) == 2 else "",
        slow=wording.duration_ms(part.slow_ms),
        usual=wording.duration_ms(part.usual_ms),
        extra=("+" if part.extra.ms > 0 else "") + wording.duration_ms(part.extra.ms),
        interval=interval,
        share=share,
        meter=min(1.0, max(0.0, part.share)),
        label=f"{share} of the time that slow runs take longer",
        is_clear=part.is_clear,
    )
