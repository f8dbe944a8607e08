"""Is this process running stably? The verdict on a set of figures, with its words.

Decided from 95 % Wilson intervals against objectives that somebody set, and from nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitoring.reads.figures import Totals

ENOUGH_RUNS = 50


class Kind(StrEnum):
    """The verdicts, worst first when listed."""

    NOT_STABLE = "not_stable"
    WATCH = "watch"
    NO_OBJECTIVE = "no_objective"
    NOT_ENOUGH_DATA = "not_enough_data"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict: `word` ("Not stable"), `tone` (ok, watch, fail, idle), one `sentence`, and evidence in `facts`."""

    kind: Kind
    word: str
    tone: str
    sentence: str
    facts: tuple[str, ...] = ()


def verdict(totals: Totals, *, objective_success_rate: float | None, objective_p95_ms: float | None) -> Verdict:
    """The verdict on the figures of a window; objectives as shares of 1 and milliseconds, None where not set."""
    raise NotImplementedError
