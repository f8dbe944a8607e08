"""Which timeout to set: the shortest one that cuts at most one in a thousand successes, and what it would save.

A timeout T cuts the succeeded visits that took longer than T; their share has a Wilson interval. It saves, of each
visit that failed anyway, the time beyond T, and of its cost the same part (as if money were spent evenly over time).
Visits that are still running have no duration and are not in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.arithmetic import Line, Table, Unit, ends
from monitoring.analysis.intervals import Interval, wilson
from monitoring.analysis.visits import SUCCEEDED, Visit

# At most this share of successes may be cut.
MAX_CUT = 0.001
MIN_SUCCESSES = 100
# A timeout that saves less than this share of the time of failed visits changes nothing.
MIN_SAVED = 0.1
MIN_FAILED = 5
_SHARES = (0.95, 0.99, 0.995, 0.999, 1.0)
# Timeouts are set in round numbers: one of these times a power of ten, in seconds, and whole minutes above.
_ROUND = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_MINUTE_MS = 60_000.0
_SOURCE = (
    "Share cut: E. B. Wilson, JASA 22 (1927). Choosing a timeout as a high quantile of what succeeds: J. Dean and "
    "L. A. Barroso, \N{LEFT DOUBLE QUOTATION MARK}The tail at scale\N{RIGHT DOUBLE QUOTATION MARK}, CACM 56 (2013)"
)


@dataclass(frozen=True, slots=True)
class Option:
    """A timeout with what it would do: successes cut, failed visits ended earlier, time and money saved on these."""

    timeout_ms: float
    cut: int
    share: Interval
    ended: int
    saved_ms: float
    saved_usd: float | None


def advise_timeout(visits: Sequence[Visit], what: str) -> Advice:
    """Advice on the timeout of these visits; `what` names them: `charge_card`, `a run`."""
    good = sorted(one.duration_ms for one in visits if one.status == SUCCEEDED and one.duration_ms is not None)
    bad = [one for one in visits if one.has_failed and one.duration_ms is not None]
    if len(good) < MIN_SUCCESSES:
        return _cannot_tell(f"{len(good)} timed successes of {what} are too few: {MIN_SUCCESSES} are needed.")
    options = [option(timeout, good, bad) for timeout in candidates(good)]
    spent = sum(one.duration_ms or 0.0 for one in bad)
    chosen = next((one for one in options if one.share.rate <= MAX_CUT), None)
    lines = [
        Line("Successes with a duration", len(good)),
        Line("Failures with a duration", len(bad)),
        Line("Time of these failures", spent, Unit.MS),
        Line("Slowest success", good[-1], Unit.MS),
    ]
    table = _table(options)
    is_worth_it = chosen is not None and len(bad) >= MIN_FAILED and chosen.saved_ms >= MIN_SAVED * spent
    if chosen is None or not is_worth_it:
        return Advice(AdviceKind.TIMEOUT, Answer.KEEP, _no(chosen, bad, what), lines, [table], source=_SOURCE)
    return _set(chosen, lines, table, spent, what)


def _set(chosen: Option, lines: Sequence[Line], table: Table, spent: float, what: str) -> Advice:
    timeout = wording.plain_duration_ms(chosen.timeout_ms)
    money = f" and {wording.usd(chosen.saved_usd)}" if chosen.saved_usd else ""
    saved = wording.percent(chosen.saved_ms / spent, 0)
    sentence = (
        f"Set a timeout of {timeout} on {what}: it cuts {wording.percent(chosen.share.rate, 2)} of successes "
        f"(at most {wording.percent(chosen.share.high, 2)}) and ends {wording.count(chosen.ended)} failing "
        "visits earlier, "
        f"which saves {wording.duration_ms(chosen.saved_ms)}{money}, {saved} of the time that failures take."
    )
    return Advice(
        AdviceKind.TIMEOUT,
        Answer.CHANGE,
        sentence,
        [
            *lines,
            Line("Time saved", chosen.saved_ms, Unit.MS, "sum of (duration − timeout) of failures that took longer"),
        ],
        [table],
        {"timeout_ms": chosen.timeout_ms},
        limits="A timeout stops waiting; whether the other side stops working, too, is not known.",
        source=_SOURCE,
    )


def candidates(good: Sequence[float]) -> list[float]:
    """Timeouts to look at, in ms, rising: high quantiles of successes (sorted), rounded up, and twice the
    slowest one."""
    found = {round_up(good[math.ceil(share * (len(good) - 1))]) for share in _SHARES}
    return sorted(found | {round_up(2 * good[-1])})


def round_up(ms: float) -> float:
    """The next timeout that somebody would set: 1, 1.5, 2, 3 ... times a power of ten; whole minutes above one."""
    if ms > _MINUTE_MS:
        return math.ceil(ms / _MINUTE_MS) * _MINUTE_MS
    power = 10.0 ** math.floor(math.log10(max(ms, 1.0)))
    return next(one * power for one in _ROUND if one * power >= ms - 1e-9)


def option(timeout: float, good: Sequence[float], bad: Sequence[Visit]) -> Option:
    """What a timeout would do to these durations (ms) of successes, and to failed visits."""
    cut = sum(ms > timeout for ms in good)
    late = [one for one in bad if (one.duration_ms or 0.0) > timeout]
    money = [one.cost_usd * (1 - timeout / (one.duration_ms or 1.0)) for one in late if one.cost_usd is not None]
    share = wilson(cut, len(good))
    assert share is not None
    saved = sum((one.duration_ms or 0.0) - timeout for one in late)
    return Option(timeout, cut, share, len(late), saved, sum(money) if money else None)


def _table(options: Sequence[Option]) -> Table:
    columns = [
        ("Timeout", Unit.MS), ("Successes cut", Unit.COUNT), ("Share", Unit.SHARE), ("From", Unit.SHARE),
        ("To", Unit.SHARE), ("Failures ended earlier", Unit.COUNT), ("Time saved", Unit.MS), ("Money saved", Unit.USD),
    ]  # fmt: skip
    rows = [
        (one.timeout_ms, one.cut, one.share.rate, *ends(one.share), one.ended, one.saved_ms, one.saved_usd)
        for one in options
    ]
    return Table("Timeouts compared", columns, rows)


def _no(chosen: Option | None, bad: Sequence[Visit], what: str) -> str:
    if len(bad) < MIN_FAILED:
        return f"No timeout: only {len(bad)} failures of {what} told how long they took, so nothing would be saved."
    if chosen is None:
        return f"No timeout: each one cuts more than {wording.percent(MAX_CUT)} of the successes of {what}."
    timeout = wording.plain_duration_ms(chosen.timeout_ms)
    return (
        f"No timeout: the shortest that spares successes is {timeout}, and failures of {what} end before it: "
        "it would save "
        f"{wording.duration_ms(chosen.saved_ms)}."
    )


def _cannot_tell(sentence: str) -> Advice:
    return Advice(AdviceKind.TIMEOUT, Answer.CANNOT_TELL, sentence, source=_SOURCE)
