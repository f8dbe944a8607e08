"""Findings about time, money and retries: the long tail, expensive runs, money spent on failures, retries in vain.

Each is made comparable with saved executions: time by the average duration of a run, money by the average cost of one,
and never more than the executions that it affects.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.arithmetic import Line, Table, Unit
from monitoring.analysis.concentration import MIN_FAILURES
from monitoring.analysis.finding_failures import Concentrated, is_one_episode, name_of, words_of
from monitoring.analysis.findings import Candidate, Kind, Span, excess_share
from monitoring.analysis.intervals import wilson
from monitoring.analysis.tail import LONG_TAIL, Tail
from monitoring.analysis.tail_split import Kind as Time
from monitoring.analysis.tail_split import Split

# One place holds most of the extra time when it has at least this share of it.
MIN_TAIL_SHARE = 0.5
# Money spent on failures is a finding from this share of all money on.
MIN_WASTE = 0.1
# A node whose visits are tried again at least so often (lower end of the interval) is one.
MIN_RETRIED = 0.05
MIN_STORIES = 10


@dataclass(frozen=True, slots=True)
class Slow:
    """Slow runs of a window, `points` in equal parts of it; what a run takes (ms) and costs (USD) on average."""

    runs: int
    average_ms: float | None
    average_usd: float | None = None
    points: Sequence[int] = ()


def long_tail(tail: Tail | None, split: Split | None, slow: Slow, span: Span) -> list[Candidate]:
    """One candidate where the tail is long and one place holds at least half of its extra time, for certain.

    Worth: (extra time at that place × slow runs a week) / average duration, at most the slow runs.
    """
    average_ms = slow.average_ms
    if (
        tail is None
        or split is None
        or not split.is_told
        or not split.parts
        or not average_ms
        or span.is_over(slow.points)
    ):
        return []
    most = split.parts[0]
    if (tail.ratio or 0.0) < LONG_TAIL or most.share < MIN_TAIL_SHARE or not most.is_clear:
        return []
    node, kind, target = most.key
    weekly = span.per_week(slow.runs)
    since, began = span.since(slow.points)
    worth = min(weekly, weekly * most.extra.ms / average_ms)
    place = f"{node or 'time outside of every step'}{_time_words(Time(kind), target)}"
    between = f"95% interval {_ms(most.extra.low_ms)} to {_ms(most.extra.high_ms)} (Welch)"
    return [
        Candidate(
            kind=Kind.TAIL,
            subject={"node": node, "time": kind, "target": target},
            title=f"The long tail is concentrated in {place}"[:300],
            lines=[
                Line("Slow runs", slow.runs, how=f"took over {wording.duration_ms(split.above_ms)}"),
                Line("Longest percentile / median", tail.ratio, Unit.TIMES, f"a long tail from {LONG_TAIL:g} on"),
                Line("Slow runs take longer by", split.extra.ms, Unit.MS, "mean of slow runs − of the middle half"),
                Line("Of it in this place", most.extra.ms, Unit.MS, between),
                Line("Share", most.share, Unit.SHARE, "of the extra time; other places may take less than usual"),
                Line("Average duration", average_ms, Unit.MS),
                Line("Would be saved a week", worth, Unit.PER_WEEK,
                     "extra time × slow runs a week / average duration, at most the slow runs"),
            ],
            executions_per_week=weekly,
            worth=worth,
            cost_per_week_usd=None if slow.average_usd is None else weekly * slow.average_usd,
            since=since,
            began=began,
            points=slow.points,
            where=_where(node, Time(kind), target),
            of="slow",
        )
    ]  # fmt: skip


def _ms(value: float | None) -> str:
    return wording.duration_ms(value)


def _time_words(kind: Time, target: str) -> str:
    return {
        Time.SYSTEM: f", waiting for {target}",
        Time.TOOL: f", in the tool {target}",
        Time.MODEL: f", in the model {target}",
        Time.RETRY: ", in attempts that were repeated",
        Time.WAITING: ", waiting to begin",
        Time.OWN: ", in its own work",
    }[kind]


def _where(node: str, kind: Time, target: str) -> dict[str, str]:
    param = {Time.SYSTEM: "system", Time.TOOL: "tool", Time.MODEL: "model"}.get(kind)
    told = {"step": node} if node else {}
    return {**told, param: target} if param and target else told


@dataclass(frozen=True, slots=True)
class Spending:
    """What the runs of a window cost, in US dollars: all of them, failed ones, and the expensive ones (from p95 on).

    Counts are of runs that told a cost.
    """

    runs: int = 0
    total_usd: float = 0.0
    failed_runs: int = 0
    failed_usd: float = 0.0
    expensive_runs: int = 0
    expensive_usd: float = 0.0
    limit_usd: float | None = None

    @property
    def average_usd(self) -> float | None:
        """What a run costs on average; None where none told."""
        return self.total_usd / self.runs if self.runs else None


def wasted(spent: Spending, span: Span, points: Sequence[int] = ()) -> list[Candidate]:
    """One candidate where failed runs took at least a tenth of the money. Worth: that money / average cost of a run."""
    average, share = spent.average_usd, spent.failed_usd / spent.total_usd if spent.total_usd else 0.0
    if not average or spent.failed_runs < MIN_FAILURES or share < MIN_WASTE or span.is_over(points):
        return []
    weekly, usd = span.per_week(spent.failed_runs), span.per_week(spent.failed_usd)
    since, began = span.since(points)
    return [
        Candidate(
            kind=Kind.COST,
            subject={"of": "failed runs"},
            title="Money is spent on runs that fail",
            lines=[
                Line("Cost of all runs", spent.total_usd, Unit.USD, f"{wording.count(spent.runs)} runs told one"),
                Line("Cost of failed runs", spent.failed_usd, Unit.USD, f"{wording.count(spent.failed_runs)} runs"),
                Line("Share", share, Unit.SHARE, f"a finding from {wording.percent(MIN_WASTE, 0)} on"),
                Line("Average cost of a run", average, Unit.USD),
                Line("A week", usd, Unit.USD_PER_WEEK),
                Line("Would be saved a week", min(weekly, usd / average), Unit.PER_WEEK,
                     "cost of failed runs a week / average cost of a run, at most the failed runs"),
            ],
            executions_per_week=weekly,
            worth=min(weekly, usd / average),
            cost_per_week_usd=usd,
            since=since,
            began=began,
            points=points,
        )
    ]  # fmt: skip


def expensive(found: Sequence[Concentrated], spent: Spending, span: Span, names: Mapping[str, str]) -> list[Candidate]:
    """A candidate for each part that explains the expensive runs.

    Worth: what those runs cost beyond the average, the part's `excess_share` of it, / average cost of a run.
    """
    average = spent.average_usd
    if not average or spent.expensive_runs < MIN_FAILURES:
        return []
    beyond = span.per_week(max(0.0, spent.expensive_usd - spent.expensive_runs * average))
    weekly = span.per_week(spent.expensive_runs)
    told = [one for one in found if not span.is_over(one.points) and not is_one_episode(one, span)]
    return [_expensive(one, spent, (beyond, weekly, average), span, names) for one in told]


def _expensive(
    one: Concentrated,
    spent: Spending,
    figures: tuple[float, float, float],
    span: Span,
    names: Mapping[str, str],
) -> Candidate:
    beyond, weekly, average = figures
    chosen = name_of(one)
    excess = excess_share(one.share, one.usual or 0.0)
    affected, usd = min(weekly, span.per_week(one.failures)), beyond * excess
    since, began = span.since(one.points)
    limit = wording.usd(spent.limit_usd)
    return Candidate(
        kind=Kind.COST,
        subject={"of": "expensive", "values": sorted(map(list, chosen))},
        title=f"Expensive runs are concentrated in {words_of(chosen, names)}"[:300],
        lines=[
            Line("Expensive runs", spent.expensive_runs, how=f"cost at least {limit}, the p95"),
            Line("Share in it", one.share, Unit.SHARE, f"of them have {words_of(chosen, names)}"),
            Line("Share of all runs in it", one.usual, Unit.SHARE),
            Line("Chance alone", one.p_value, Unit.SHARE, "Fisher's exact test, corrected for all that was compared"),
            Line("Beyond the average, a week", beyond, Unit.USD_PER_WEEK, "their cost − runs × average cost"),
            Line("Of it in this part", usd, Unit.USD_PER_WEEK, "× (share − usual share) / (1 − usual share)"),
            Line("Would be saved a week", min(affected, usd / average), Unit.PER_WEEK,
                 "that money / average cost of a run, at most the expensive runs"),
        ],
        executions_per_week=affected,
        worth=min(affected, usd / average),
        cost_per_week_usd=usd,
        since=since,
        began=began,
        points=one.points,
        where=dict(chosen),
        of="expensive",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Retried:
    """Retries at a node ("": of whole executions), in a sample of one in `rate`.

    `stories` are first tries, `retried` of them had another one, `saved` of these ended well. `spent_ms` and
    `spent_usd` are what the tries took that did not decide (None: not told).
    """

    node: str
    stories: int
    retried: int
    saved: int
    spent_ms: float | None
    spent_usd: float | None
    rate: int = 1
    by_attempt: Sequence[tuple[int, int, int]] = ()


def retried(found: Sequence[Retried], average_ms: float | None, span: Span) -> list[Candidate]:
    """A candidate for each node that is tried again in at least 5 % of its visits, for certain.

    Worth: tries in vain count whole, tries that helped count the time that they took / average duration of a run.
    """
    return [
        _retried(one, average_ms, span)
        for one in found
        if one.retried >= MIN_STORIES
        and (share := wilson(one.retried, one.stories)) is not None
        and share.low >= MIN_RETRIED
    ]


def _retried(one: Retried, average_ms: float | None, span: Span) -> Candidate:
    share, saved = wilson(one.retried, one.stories), wilson(one.saved, one.retried)
    assert share is not None
    assert saved is not None
    weekly = span.per_week(one.retried * one.rate)
    vain = span.per_week((one.retried - one.saved) * one.rate)
    spent = span.per_week((one.spent_ms or 0.0) * one.rate)
    worth = min(weekly, vain + (spent / average_ms if average_ms else 0.0) * saved.rate)
    what = one.node or "Whole runs"
    rows = [(number, tries, good, good / tries if tries else None) for number, tries, good in one.by_attempt]
    columns = [("Try", Unit.COUNT), ("Tries", Unit.COUNT), ("Succeeded", Unit.COUNT), ("Share", Unit.SHARE)]
    return Candidate(
        kind=Kind.RETRIES,
        subject={"node": one.node},
        title=f"{what}: {wording.percent(share.rate, 0)} of visits are tried again, "
        f"{wording.percent(1 - saved.rate, 0)} of them in vain",
        lines=[
            Line("First tries", one.stories, how=_sampled(one.rate)),
            Line("Tried again", one.retried),
            Line("Share", share.rate, Unit.SHARE,
                 f"95% interval {wording.percent(share.low)} to {wording.percent(share.high)}"),
            Line("Succeeded in the end", one.saved, how=f"{wording.percent(saved.rate)}, 95% interval "
                 f"{wording.percent(saved.low)} to {wording.percent(saved.high)}"),
            Line("Time of tries that did not decide, a week", spent, Unit.MS),
            Line("Would be saved a week", worth, Unit.PER_WEEK,
                 "in vain a week + time of the others / average duration, at most those tried again"),
        ],
        executions_per_week=weekly,
        worth=worth,
        cost_per_week_usd=None if one.spent_usd is None else span.per_week(one.spent_usd * one.rate),
        tables=[Table("Success by number of the try", columns, rows)] if rows else [],
        where={"step": one.node} if one.node else {},
        of="retried",
    )  # fmt: skip


def _sampled(rate: int) -> str:
    return "" if rate == 1 else f"in a random one of {rate} runs; figures a week are multiplied by it"
