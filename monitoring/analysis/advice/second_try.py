"""Whether to give up slow visits and try again: what a timeout with a second try would save on visits that succeed.

A visit longer than T is given up and tried once more. If how long a try takes does not depend on the one before (a
queue, a busy machine; not a large input), the second one takes the mean of all: of each such visit d - T - mean is
saved. The interval is that of the mean saving over all visits (normal approximation). After the hedged requests of J.
Dean and L. A. Barroso, "The tail at scale", CACM 56 (2013).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.advice.retry import write_cautions
from monitoring.analysis.advice.timeout import MIN_SUCCESSES, round_up
from monitoring.analysis.arithmetic import Line, Table, Unit
from monitoring.analysis.intervals import Z_95
from monitoring.analysis.visits import SUCCEEDED, Visit

# At most this share of visits may be tried again, and at least this share of all time must be saved.
MAX_AGAIN = 0.1
MIN_SAVED = 0.05
_SHARES = (0.9, 0.95, 0.98, 0.99)
_SOURCE = (
    "J. Dean and L. A. Barroso, \N{LEFT DOUBLE QUOTATION MARK}The tail at scale\N{RIGHT DOUBLE QUOTATION MARK}, "
    "CACM 56 (2013)"
)
_LIMITS = (
    "It holds where a second try is not as slow as the first for the same reason: not where the input makes it slow. "
    "Try it on a part of the runs first."
)


@dataclass(frozen=True, slots=True)
class Second:
    """A timeout with a second try: visits tried again, and what is saved in all, with its 95 % interval (ms)."""

    timeout_ms: float
    again: int
    saved_ms: float
    low_ms: float
    high_ms: float


def advise_second_try(visits: Sequence[Visit], what: str) -> Advice:
    """Advice on giving up slow visits; `what` names them."""
    good = sorted(one.duration_ms for one in visits if one.status == SUCCEEDED and one.duration_ms is not None)
    if len(good) < MIN_SUCCESSES:
        sentence = f"{len(good)} timed successes of {what} are too few: {MIN_SUCCESSES} are needed."
        return Advice(AdviceKind.SECOND_TRY, Answer.CANNOT_TELL, sentence, source=_SOURCE)
    spent = sum(good)
    timeouts = sorted({round_up(good[math.ceil(share * (len(good) - 1))]) for share in _SHARES})
    options = [second_try(timeout, good) for timeout in timeouts]
    able = [one for one in options if one.low_ms > 0 and one.again <= MAX_AGAIN * len(good)]
    best = max(able, key=lambda one: (one.saved_ms, -one.timeout_ms), default=None)
    lines = [
        Line("Successes with a duration", len(good)),
        Line("Their time", spent, Unit.MS),
        Line("A try takes on average", spent / len(good), Unit.MS),
    ]
    if best is None or best.saved_ms < MIN_SAVED * spent:
        sentence = f"No second try: giving up slow visits of {what} would not surely save {MIN_SAVED:.0%} of the time."
        return Advice(AdviceKind.SECOND_TRY, Answer.KEEP, sentence, lines, [_table(options, spent)], source=_SOURCE)
    return _advised(best, [_table(options, spent)], lines, visits, len(good), what)


def second_try(timeout: float, good: Sequence[float]) -> Second:
    """What a timeout with a second try would do to these durations (ms)."""
    count, mean = len(good), sum(good) / len(good)
    saved = [ms - timeout - mean if ms > timeout else 0.0 for ms in good]
    total, average = sum(saved), sum(saved) / count
    spread = math.sqrt(sum((one - average) ** 2 for one in saved) / max(count - 1, 1) * count)
    half = Z_95 * spread
    return Second(timeout, sum(ms > timeout for ms in good), total, total - half, total + half)


def _advised(
    best: Second, tables: Sequence[Table], lines: Sequence[Line], visits: Sequence[Visit], count: int, what: str
) -> Advice:
    costs = [one.cost_usd for one in visits if one.status == SUCCEEDED and one.cost_usd is not None]
    price = f", at the price of {wording.usd(best.again * sum(costs) / len(costs))}" if costs else ""
    low, high = wording.duration_ms(best.low_ms), wording.duration_ms(best.high_ms)
    sentence = (
        f"Give up {what} after {wording.plain_duration_ms(best.timeout_ms)} and try once more: "
        f"{wording.percent(best.again / count)} of visits would be tried again{price}, and "
        f"{wording.duration_ms(best.saved_ms)} ({low} to {high}) saved."
    )
    return Advice(
        AdviceKind.SECOND_TRY,
        Answer.CHANGE,
        sentence,
        lines,
        tables,
        {"timeout_ms": best.timeout_ms, "retries": 1},
        write_cautions(visits),
        _LIMITS,
        _SOURCE,
    )


def _table(options: Sequence[Second], spent: float) -> Table:
    columns = [
        ("Timeout", Unit.MS), ("Tried again", Unit.COUNT), ("Time saved", Unit.MS), ("From", Unit.MS), ("To", Unit.MS),
        ("Share of all time", Unit.SHARE),
    ]  # fmt: skip
    rows = [
        (one.timeout_ms, one.again, one.saved_ms, one.low_ms, one.high_ms, one.saved_ms / spent if spent else None)
        for one in options
    ]
    return Table("A second try compared", columns, rows)
