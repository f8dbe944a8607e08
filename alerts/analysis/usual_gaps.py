"""How long it usually takes until the next run: what makes a workflow late. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from monitoring.analysis.rhythm import MIN_GAPS, rhythm, usual_silence

# So much of its past shows the nights of a regular workflow, and the weekends of any.
REGULAR_SPAN, ANY_SPAN = timedelta(days=2), timedelta(days=8)
# What runs more often is never late by less: a volume that drops is a figure of its own.
SHORTEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class UsualGap:
    """The time after a start by which the next one usually comes, and what is known of the rhythm in words."""

    length: timedelta
    words: str


def usual_gap(starts: Sequence[datetime], known: timedelta | None = None) -> UsualGap | None:
    """The usual time between starts (in any order); None while their past is too short to say so.

    `known` is the silence that a longer past has shown to be usual (its nights and weekends). The greatest counts: of
    that, of the silence that is usual among these starts, and of their usual gaps.
    """
    ordered = sorted(set(starts))
    if len(ordered) <= MIN_GAPS:
        return None
    found = rhythm(ordered)
    span = ordered[-1] - ordered[0]
    if known is None and span < (REGULAR_SPAN if found.is_regular else ANY_SPAN):
        return None
    silence = usual_silence(later - earlier for earlier, later in pairwise(ordered))
    regular = found.longest_usual if found.is_regular else None
    return UsualGap(max(one for one in (silence, regular, known, SHORTEST) if one is not None), found.words)
