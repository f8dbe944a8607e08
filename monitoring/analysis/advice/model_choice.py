"""Models side by side on the same node: how often they fail, how long they take, what they cost.

Models that are given other inputs cannot be compared at once: where the shares of input types differ, the difference of
failure rates is taken within input types and put together (N. Mantel and W. Haenszel, JNCI 22, 1959), with the interval
of S. Greenland and J. M. Robins, "Estimation of a common effect parameter from sparse follow-up data", Biometrics 41
(1985). Latency percentiles have the interval of order statistics, means of cost and tokens that of Student.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.arithmetic import Line, Table, Unit, Value, ends
from monitoring.analysis.intervals import Z_95, wilson
from monitoring.analysis.tail_split import student_95
from monitoring.analysis.visits import Visit

MIN_CALLS = 30
# Shares of input types differ when this part of the calls would have to change its type to make them equal.
MAX_DISTANCE = 0.1
# A model that is at most this much worse in failures is as good: a point of a percent.
NEGLIGIBLE = 0.01
_SOURCE = "N. Mantel and W. Haenszel, JNCI 22 (1959); S. Greenland and J. M. Robins, Biometrics 41 (1985)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A risk difference (other − first) with its 95 % interval, over `strata` input types that both were given."""

    value: float
    low: float
    high: float
    strata: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One model on the node, against the one with most calls (`difference` None: it is that one)."""

    model: str
    calls: int
    failed: int
    p50_ms: float | None
    p95_ms: float | None
    cost: tuple[float, float, float] | None
    tokens: float | None
    difference: Difference | None


def advise_model(visits: Sequence[Visit], node: str) -> Advice:
    """Advice on the model of one node. Models with fewer than 30 finished calls are left out."""
    by_model: defaultdict[str, list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.model and visit.is_rated:
            by_model[visit.model].append(visit)
    told = {model: calls for model, calls in by_model.items() if len(calls) >= MIN_CALLS}
    if len(told) < 2:
        few = f"{len(told)} model{'' if len(told) == 1 else 's'} with at least {MIN_CALLS} finished calls at {node}"
        return _answer(Answer.CANNOT_TELL, f"{few}: there is nothing to compare.")
    order = sorted(told, key=lambda model: (-len(told[model]), model))
    first = told[order[0]]
    apart = max(distance(first, told[model]) for model in order[1:])
    rows = [compare(model, told[model], None if model == order[0] else first) for model in order]
    lines = [
        Line("Most calls", order[0], Unit.TEXT, f"{wording.count(len(first))} calls; the others are compared with it"),
        Line("Difference of inputs", apart, Unit.SHARE, _apart_words(apart)),
    ]
    return _decide(rows, lines, node, is_apart=apart > MAX_DISTANCE)


def _decide(rows: Sequence[Compared], lines: Sequence[Line], node: str, *, is_apart: bool) -> Advice:
    first, tables = rows[0], [_table(rows)]
    limits = (
        "Models that were chosen for harder inputs look worse than they are, as far as the input type does not tell."
    )
    untold = [row.model for row in rows[1:] if row.difference is None]
    better = [row for row in rows[1:] if row.difference and row.difference.high < 0]
    same = [row for row in rows[1:] if row.difference and row.difference.high <= NEGLIGIBLE and _is_cheaper(row, first)]
    how = "within input types" if is_apart else "over all inputs"
    if better:
        best = min(better, key=lambda row: (row.difference.value if row.difference else 0.0, row.model))
        sentence = (
            f"Use {best.model} at {node}: it fails less often than {first.model}, {_words(best)} "
            f"{how}.{_costs(best, first)}"
        )
        return _answer(Answer.CHANGE, sentence, lines, tables, {"model": best.model}, limits)
    if same:
        best = min(same, key=lambda row: (row.cost[0] if row.cost else 0.0, row.model))
        sentence = (
            f"Use {best.model} at {node}: it fails no more often than {first.model} ({_words(best)} "
            f"{how}).{_costs(best, first)}"
        )
        return _answer(Answer.CHANGE, sentence, lines, tables, {"model": best.model}, limits)
    if untold and len(untold) == len(rows) - 1:
        sentence = (
            f"The models at {node} were given no input type in common, so their failure rates cannot be compared."
        )
        return _answer(Answer.CANNOT_TELL, sentence, lines, tables, {}, limits)
    sentence = (
        f"Keep {first.model} at {node}: no other model surely fails less often, or costs less without failing more."
    )
    return _answer(Answer.KEEP, sentence, lines, tables, {}, limits)


def compare(model: str, calls: Sequence[Visit], first: Sequence[Visit] | None) -> Compared:
    """The figures of one model, and its difference from the first one."""
    durations = sorted(one.duration_ms for one in calls if one.duration_ms is not None)
    tokens = [one.tokens for one in calls if one.tokens is not None]
    return Compared(
        model,
        len(calls),
        sum(one.has_failed for one in calls),
        _quantile(durations, 0.5),
        _quantile(durations, 0.95),
        mean_of([one.cost_usd for one in calls if one.cost_usd is not None]),
        sum(tokens) / len(tokens) if tokens else None,
        None if first is None else risk_difference(strata_of(calls, first)),
    )


Stratum = tuple[int, int, int, int]
"""Failed and all calls of one model, then of the other."""


def strata_of(calls: Sequence[Visit], first: Sequence[Visit]) -> list[Stratum]:
    """Counts by input type."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for place, side in ((0, calls), (2, first)):
        for one in side:
            counts = found[one.input_type]
            counts[place] += one.has_failed
            counts[place + 1] += 1
    return [(a, n, b, m) for _, (a, n, b, m) in sorted(found.items())]


def risk_difference(strata: Sequence[Stratum]) -> Difference | None:
    """The common difference of failure rates; None without a stratum that has calls on both sides.

    Sum of (a m − b n) / (n + m) over sum of n m / (n + m); the variance is that of Greenland and Robins.
    """
    both = [(a, n, b, m) for a, n, b, m in strata if n and m]
    weight = sum(n * m / (n + m) for _, n, _, m in both)
    if not weight:
        return None
    value = sum((a * m - b * n) / (n + m) for a, n, b, m in both) / weight
    spread = sum((a * (n - a) * m**3 + b * (m - b) * n**3) / (n * m * (n + m) ** 2) for a, n, b, m in both) / weight**2
    # Without any failure the formula has no spread; the rule of three stands in (3 / n on either side).
    failures = sum(a + b for a, _, b, _ in both)
    least = 3 / min(sum(n for _, n, _, _ in both), sum(m for *_, m in both)) if not failures else 0.0
    half = max(Z_95 * math.sqrt(spread), least)
    return Difference(value, value - half, value + half, len(both))


def distance(one: Sequence[Visit], other: Sequence[Visit]) -> float:
    """How far the shares of input types are apart: total variation, from 0 (equal) to 1 (nothing in common)."""
    a, b = Counter(visit.input_type for visit in one), Counter(visit.input_type for visit in other)
    return sum(abs(a[name] / len(one) - b[name] / len(other)) for name in sorted(a.keys() | b.keys())) / 2


def mean_of(values: Sequence[float]) -> tuple[float, float, float] | None:
    """A mean with its 95 % interval (Student); None without two values."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1) / len(values))
    half = student_95(len(values) - 1) * spread
    return mean, mean - half, mean + half


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    rank = share * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)


def _is_cheaper(row: Compared, first: Compared) -> bool:
    """Whether its mean cost is surely lower: the intervals are apart."""
    return row.cost is not None and first.cost is not None and row.cost[2] < first.cost[1]


def _words(row: Compared) -> str:
    found = row.difference
    if found is None:
        return ""
    low, high = wording.percent_points(found.low), wording.percent_points(found.high)
    return f"{wording.percent_points(found.value)}, 95% interval {low} to {high}"


def _costs(row: Compared, first: Compared) -> str:
    if row.cost is None or first.cost is None:
        return ""
    return f" A call costs {wording.usd(row.cost[0])} instead of {wording.usd(first.cost[0])}."


def _apart_words(apart: float) -> str:
    if apart > MAX_DISTANCE:
        return "the models are given other input types, so they are compared within each and put together"
    return "the models are given about the same input types"


def _table(rows: Sequence[Compared]) -> Table:
    columns = [
        ("Model", Unit.TEXT), ("Calls", Unit.COUNT), ("Failed", Unit.SHARE), ("From", Unit.SHARE), ("To", Unit.SHARE),
        ("Difference", Unit.SHARE), ("Difference from", Unit.SHARE), ("Difference to", Unit.SHARE),
        ("p50", Unit.MS), ("p95", Unit.MS), ("Cost a call", Unit.USD), ("Tokens a call", Unit.COUNT),
    ]  # fmt: skip
    return Table("Models at this node", columns, [_cells(row) for row in rows])


def _cells(row: Compared) -> list[Value]:
    found = row.difference
    apart: list[Value] = [found.value, found.low, found.high] if found else [None, None, None]
    rates: list[Value] = [row.failed / row.calls, *ends(wilson(row.failed, row.calls))]
    return [row.model, row.calls, *rates, *apart, row.p50_ms, row.p95_ms, row.cost[0] if row.cost else None, row.tokens]


def _answer(
    answer: Answer,
    sentence: str,
    lines: Sequence[Line] = (),
    tables: Sequence[Table] = (),
    settings: dict[str, Value] | None = None,
    limits: str = "",
) -> Advice:
    return Advice(AdviceKind.MODEL, answer, sentence, lines, tables, settings or {}, (), limits, _SOURCE)
