"""What to set on a webhook or a schedule: grace for lateness, one run at a time, a window in which repeats are dropped.

From `analysis.triggers`. Grace is the 95 % quantile of lateness, rounded up, and at least a tenth of the interval;
repeats are dropped within twice the longest time seen between the two, at least a minute.
"""

import math
from collections.abc import Sequence

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.advice.timeout import round_up
from monitoring.analysis.arithmetic import Line, Table, Unit, Value, ends
from monitoring.analysis.finding_triggers import MIN_DUPLICATES, MIN_MISSED
from monitoring.analysis.intervals import wilson
from monitoring.analysis.triggers import Start, Triggers

MIN_STARTS = 10
MIN_OVERLAPS = 5
# A schedule whose runs take longer than this part of its interval will overlap sooner or later.
FULL = 0.8
MOST_LISTED = 20
_READ = "The schedule is read from the starts: a pause that was meant looks missed until it came three times."
_SOURCE = "Rhythm as on Trends; lateness: least squares (A.-M. Legendre, 1805); E. B. Wilson, JASA 22 (1927)"


def advise_trigger(found: Triggers, starts: Sequence[Start], what: str) -> Advice:
    """Advice on how a workflow is started; `what` names it."""
    if found.starts < MIN_STARTS:
        sentence = f"{found.starts} starts of {what} are too few: {MIN_STARTS} are needed."
        return Advice(AdviceKind.TRIGGER, Answer.CANNOT_TELL, sentence, source=_SOURCE)
    settings: dict[str, Value] = {}
    said = [*_of_missed(found, settings), *_of_overlaps(found, starts, settings), *_of_duplicates(found, settings)]
    answer = Answer.CHANGE if said else Answer.KEEP
    sentence = " ".join(said) or _fine(found)
    return Advice(
        AdviceKind.TRIGGER,
        answer,
        sentence,
        _lines(found),
        _tables(found),
        settings,
        limits="" if found.schedule else _READ,
        source=_SOURCE,
    )


def _of_missed(found: Triggers, settings: dict[str, Value]) -> list[str]:
    if (found.missed or 0) < MIN_MISSED:
        return []
    length = found.rhythm.interval.total_seconds() * 1000 if found.rhythm.interval else 0.0
    late = found.lateness.p95_ms if found.lateness else 0.0
    grace = round_up(max(late, length / 10, 60_000.0 if found.schedule else 0.0))
    if found.schedule is None:
        settings["interval_ms"] = length
    settings |= {"grace_ms": grace, "catch_up": "yes"}
    return [
        f"{found.missed} of {found.expected} expected starts did not come: let the scheduler catch up on "
        "missed starts, and "
        f"alert {wording.plain_duration_ms(grace)} after one was due."
    ]


def _of_overlaps(found: Triggers, starts: Sequence[Start], settings: dict[str, Value]) -> list[str]:
    interval = found.rhythm.interval
    durations = sorted(one.duration_ms for one in starts if one.duration_ms is not None)
    if not found.rhythm.is_regular or interval is None or found.overlapping < MIN_OVERLAPS or not durations:
        return []
    p95 = durations[math.ceil(0.95 * (len(durations) - 1))]
    settings["max_concurrent_runs"] = 1
    said = (
        f"{found.overlapping} of {found.timed} scheduled runs began while another was at work: allow one run at a time"
    )
    length = interval.total_seconds() * 1000
    if p95 <= FULL * length:
        return [f"{said}."]
    wider = round_up(p95 / FULL)
    settings["interval_ms"] = wider
    return [
        f"{said}, or start every {wording.plain_duration_ms(wider)}: one run in twenty takes "
        f"{wording.duration_ms(p95)} or more, the interval is {wording.duration_ms(length)}."
    ]


def _of_duplicates(found: Triggers, settings: dict[str, Value]) -> list[str]:
    if found.duplicates < MIN_DUPLICATES or found.duplicate_gap_ms is None:
        return []
    within = round_up(max(2 * found.duplicate_gap_ms, 60_000.0))
    settings["drop_repeats_within_ms"] = within
    return [
        f"{found.duplicates} of {found.comparable} starts repeat one with the same input: drop repeats within "
        f"{wording.plain_duration_ms(within)} by an idempotency key, and answer the webhook before the work begins."
    ]


def _fine(found: Triggers) -> str:
    if found.missed is None:
        return f"Nothing to set: {found.rhythm.words}, no starts that repeat others."
    words = f"schedule {found.schedule.words}" if found.schedule else found.rhythm.words
    return f"Nothing to set: {words}, {found.missed} of {found.expected} expected starts missed."


def _lines(found: Triggers) -> list[Line]:
    lines = [
        Line("Starts", found.starts),
        Line("Rhythm", found.rhythm.words, Unit.TEXT),
        Line(
            "Expected starts",
            found.expected,
            how="no regular rhythm" if found.expected is None else _of_schedule(found),
        ),
        Line("Missed", found.missed),
        Line("Repeats within 10 s", found.duplicates, how=f"of {found.comparable} starts that told their input"),
        Line("Began while another was at work", found.overlapping, how=f"of {found.timed} with a duration"),
        Line("Most at the same time", found.most_at_once),
    ]
    share = wilson(found.missed, found.expected) if found.missed is not None and found.expected else None
    if share:
        low, high = (wording.percent(end) for end in ends(share))
        lines.insert(4, Line("Share missed", share.rate, Unit.SHARE, f"95% interval {low} to {high}"))
    if found.lateness:
        late = found.lateness
        lines += [
            Line("Usually late by", late.p50_ms, Unit.MS, f"median of {late.starts} starts, {_due(found)}"),
            Line("Late by, p95", late.p95_ms, Unit.MS),
            Line("Latest", late.most_ms, Unit.MS),
        ]
    return lines


def _of_schedule(found: Triggers) -> str:
    return f"due by {found.schedule.words}" if found.schedule else ""


def _due(found: Triggers) -> str:
    return "from when they were due" if found.schedule else "from the line through them"


def _tables(found: Triggers) -> list[Table]:
    told = [("missed after", found.missed_at), ("repeat", found.duplicate_at), ("overlap", found.overlapping_at)]
    rows = [(what, f"{at:%Y-%m-%d %H:%M:%S}") for what, moments in told for at in moments[:MOST_LISTED]]
    return [Table("When, UTC", [("What", Unit.TEXT), ("At", Unit.TEXT)], rows)] if rows else []
