"""The card of the long tail: whether the average hides the slow runs, and where these spend their time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.analysis.tail import Hiding, Percentile, Tail, share_of_time
from monitoring.analysis.tail_split import Kind, Part
from monitoring.joining import both
from monitoring.reads.figures import Totals
from monitoring.reads.tail import TailSplit, slow_from, tail_of
from monitoring.views.csv import csv_response
from monitoring.views.shell import Scope

TITLES = {
    Hiding.HIDDEN: gettext_noop("The average hides it"),
    Hiding.VISIBLE: gettext_noop("The average shows the tail"),
    Hiding.NO_TAIL: gettext_noop("No hidden tail"),
    Hiding.TOO_FEW: gettext_noop("Long tail: too few runs to say"),
}
TAIL_HEAD = ("figure", "ms", "low_ms", "high_ms", "runs_beyond", "is_told")
SPLIT_HEAD = ("by", "name", "slow_ms", "usual_ms", "extra_ms", "low_ms", "high_ms", "share")
MAX_LINES = 6
KINDS = {
    Kind.RETRY: gettext_noop("retries"),
    Kind.WAITING: gettext_noop("waiting"),
    Kind.SYSTEM: gettext_noop("external system"),
    Kind.TOOL: gettext_noop("tool"),
    Kind.MODEL: gettext_noop("model"),
    Kind.OWN: gettext_noop("own work"),
}
# Where most of the extra time is: in a step, and outside of all.
_IN_STEP = {
    Kind.SYSTEM: gettext_noop("in {step}, waiting for {target}"),
    Kind.TOOL: gettext_noop("in {step}, in the tool {target}"),
    Kind.MODEL: gettext_noop("in {step}, in the model {target}"),
    Kind.RETRY: gettext_noop("in {step}, in attempts that were repeated"),
    Kind.WAITING: gettext_noop("in {step}, waiting to begin"),
    Kind.OWN: gettext_noop("in {step}, in its own work"),
}
_OUTSIDE = {
    Kind.SYSTEM: gettext_noop("outside of every step, waiting for {target}"),
    Kind.TOOL: gettext_noop("outside of every step, in the tool {target}"),
    Kind.MODEL: gettext_noop("outside of every step, in the model {target}"),
    Kind.RETRY: gettext_noop("outside of every step, in attempts that were repeated"),
    Kind.WAITING: gettext_noop("outside of every step"),
    Kind.OWN: gettext_noop("outside of every step"),
}


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
        _(TITLES[tail.hiding]),
        _reading(tail, totals),
        [Row(_("Average"), wording.duration_ms(tail.mean_ms), "", _above_mean(tail)), *map(_row, tail.percentiles)],
        href,
        _("See the slowest executions"),
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
        return Row(name(one), wording.duration_ms(one.ms), _("too few to say"), beyond)
    ends = [wording.duration_ms(end) if end is not None else "?" for end in (one.low_ms, one.high_ms)]
    return Row(name(one), wording.duration_ms(one.ms), _("{low} to {high}").format(low=ends[0], high=ends[1]), beyond)


def _above_mean(tail: Tail) -> str:
    return f"{wording.count(round(tail.above_mean * tail.runs))} ({wording.percent(tail.above_mean, 0)})"


def _reading(tail: Tail, totals: Totals) -> str:
    mean, median = wording.duration_ms(tail.mean_ms), wording.duration_ms(tail.percentiles[0].ms)
    told = [_("The average is {mean}, half of the runs take under {median}.").format(mean=mean, median=median)]
    if tail.top is None or tail.ratio is None:
        words = _("{count} runs do not tell how long the slow ones take: 10 have to lie beyond.")
        return " ".join([*told, words.format(count=wording.count(tail.runs))])
    words = _("{share} of runs take over {limit}: {times} the median.")
    beyond = wording.plain_percent(round(1 - tail.top.share, 3)).replace(".0%", "%")
    told.append(words.format(share=beyond, limit=wording.duration_ms(tail.top.ms), times=wording.times(tail.ratio)))
    if tail.groups:
        group_words = _("{count} around {duration}")
        groups = both(
            group_words.format(count=wording.count(group.runs), duration=wording.duration_ms(group.ms))
            for group in tail.groups
        )
        told.append(_("Runs fall into two groups: {groups}.").format(groups=groups))
    return " ".join([*told, *_slowest(tail, totals)])


def _slowest(tail: Tail, totals: Totals) -> list[str]:
    """The share of all time that the slowest 1 % take, or the least share of runs that can be told."""
    p99 = next(one for one in tail.percentiles if one.share == 0.99)
    which = p99 if p99.is_told else tail.top
    share = share_of_time(totals.histogram, which.beyond) if which else None
    if which is None or share is None:
        return []
    part = wording.percent(1 - which.share).replace(".0%", "%")
    words = _("The slowest {part} ({count} runs) take {share} of all time.")
    return [words.format(part=part, count=wording.count(which.beyond), share=wording.percent(share, 0))]


def split_words(found: TailSplit | None) -> SplitWords:
    """The split in words."""
    if found is None:
        return SplitWords("", _("Too few runs to tell which are slow."))
    split = found.split
    if split is None:
        return SplitWords("", _("Where the time goes cannot be told: {reason}.").format(reason=found.reason))
    low, high = (wording.duration_ms(end) for end in split.usual_ms)
    basis = _(
        "{slow} runs over {limit} ({percentile}) against {usual} of the middle half ({low} to {high}), drawn at "
        "random; time along the critical path; 95% intervals (Welch)."
    ).format(
        slow=split.slow_runs,
        limit=wording.duration_ms(split.above_ms),
        percentile=f"p{found.share * 100:g}",
        usual=split.usual_runs,
        low=low,
        high=high,
    )
    if not split.is_told:
        basis += " " + _("So few runs are examples, not a finding.")
    tables = (
        (_("Step"), [_line(part) for part in split.by_node[:MAX_LINES]]),
        (_("Kind of time"), [_line(part, _kind_words(part.key[-1])) for part in split.by_kind[:MAX_LINES]]),
        (_("Model, tool or system"), [_line(part) for part in split.by_target[:MAX_LINES]]),
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
        return _("Slow runs take no more time along their critical path than usual ones.")
    most = parts[0]
    node, kind, target = most.key
    where = (_IN_STEP if node else _OUTSIDE)[Kind(kind)]
    return _("Of the {extra} that slow runs take longer, {part} ({share}) are {place}.").format(
        extra=wording.duration_ms(extra_ms),
        part=wording.duration_ms(most.extra.ms),
        share=wording.percent(most.share, 0),
        place=_(where).format(step=node, target=target),
    )


def _name(part: Part) -> str:
    return part.key[-1] or _("outside of every step")


def _kind_words(kind: str) -> str:
    return _(KINDS[Kind(kind)])


def _line(part: Part, title: str = "") -> Line:
    low, high = part.extra.low_ms, part.extra.high_ms
    interval = ""
    if low is not None and high is not None:
        interval = _("{low} to {high}").format(low=wording.duration_ms(low), high=wording.duration_ms(high))
    share = wording.percent(part.share, 0) if part.share <= -0.005 or part.share > 0 else "0%"
    return Line(
        name=title or _name(part),
        note=_kind_words(part.key[0]) if len(part.key) == 2 else "",
        slow=wording.duration_ms(part.slow_ms),
        usual=wording.duration_ms(part.usual_ms),
        extra=("+" if part.extra.ms > 0 else "") + wording.duration_ms(part.extra.ms),
        interval=interval,
        share=share,
        meter=min(1.0, max(0.0, part.share)),
        label=_("{share} of the time that slow runs take longer").format(share=share),
        is_clear=part.is_clear,
    )
