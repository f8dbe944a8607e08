"""Findings about how a workflow is started: starts that were missed, came twice, or overlap.

Worth: a missed start is one execution, and so is a duplicate; of overlapping starts those that failed are worth one
each, which is not known here, so they count nothing and are told only beside others.
"""

from collections.abc import Sequence
from datetime import datetime

from monitoring import wording
from monitoring.analysis.arithmetic import Line, Unit
from monitoring.analysis.findings import Candidate, Kind, Span, is_over
from monitoring.analysis.intervals import wilson
from monitoring.analysis.triggers import Triggers

MIN_MISSED = 2
MIN_DUPLICATES = 5
# Duplicates are a finding when at least this share of starts repeats one, for certain.
MIN_DUPLICATE_SHARE = 0.005


def badly_started(found: Triggers, span: Span, average_usd: float | None) -> list[Candidate]:
    """Candidates for missed and for duplicate starts."""
    return [*_missed(found, span), *_duplicated(found, span, average_usd)]


def _missed(found: Triggers, span: Span) -> list[Candidate]:
    missed = found.missed or 0
    points = points_of(found.missed_at, span)
    if missed < MIN_MISSED or is_over(points):
        return []
    weekly = span.per_week(missed)
    return [
        Candidate(
            kind=Kind.SCHEDULE,
            subject={"what": "missed"},
            title=f"{wording.count(missed)} scheduled starts were missed",
            lines=[
                *_expected(found, missed),
                Line("Would be saved a week", weekly, Unit.PER_WEEK, "missed starts a week"),
            ],
            executions_per_week=weekly,
            worth=weekly,
            since=min(found.missed_at, default=None),
            points=points,
            of="missed",
        )
    ]


def _expected(found: Triggers, missed: int) -> list[Line]:
    """What was expected, by a told schedule or by the rhythm of the starts, and what was missed of it."""
    if found.schedule is not None:
        grace = found.schedule.grace
        late = wording.duration_ms(grace.total_seconds() * 1000) if grace else "the time until the next one is due"
        return [
            Line("Schedule", found.schedule.words, Unit.TEXT),
            Line("Expected starts", found.expected, how="due by the schedule since the first start"),
            Line("Missed", missed, how=f"not come within {late}"),
        ]
    interval = found.rhythm.interval
    if interval is None:
        return []
    every = wording.duration_ms(interval.total_seconds() * 1000)
    return [
        Line("Interval", interval.total_seconds() * 1000, Unit.MS, found.rhythm.words),
        Line("Expected starts", found.expected, how=f"starts, and one for each {every} of a gap that is too long"),
        Line("Missed", missed, how=f"in {len(found.missed_at)} gaps longer than 1.5 × {every}"),
    ]


def _duplicated(found: Triggers, span: Span, average_usd: float | None) -> list[Candidate]:
    share = wilson(found.duplicates, found.comparable)
    points = points_of(found.duplicate_at, span)
    if found.duplicates < MIN_DUPLICATES or share is None or share.low < MIN_DUPLICATE_SHARE or is_over(points):
        return []
    weekly = span.per_week(found.duplicates)
    return [
        Candidate(
            kind=Kind.SCHEDULE,
            subject={"what": "duplicate"},
            title=f"{wording.count(found.duplicates)} starts repeat one with the same input within 10 s",
            lines=[
                Line("Starts that told their input", found.comparable),
                Line("Repeats", found.duplicates, how="the same input, tags and trigger, at most 10 s after"),
                Line("Share", share.rate, Unit.SHARE,
                     f"95% interval {wording.percent(share.low)} to {wording.percent(share.high)}"),
                Line("Longest time between the two", found.duplicate_gap_ms, Unit.MS),
                Line("Would be saved a week", weekly, Unit.PER_WEEK, "repeated starts a week"),
            ],
            executions_per_week=weekly,
            worth=weekly,
            cost_per_week_usd=None if average_usd is None else weekly * average_usd,
            since=min(found.duplicate_at, default=None),
            points=points,
            of="duplicate",
        )
    ]  # fmt: skip


def points_of(moments: Sequence[datetime], span: Span) -> list[int]:
    """How many of these moments are in each part of the window."""
    points = [0] * span.parts
    for moment in moments:
        place = int((moment - span.start) / (span.end - span.start) * span.parts)
        if 0 <= place < span.parts:
            points[place] += 1
    return points
