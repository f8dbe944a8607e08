"""What a rule asks, as plain values: the pure side of `alerts.models.AlertRule`.

Windows are half-open and end on whole minutes. Lengths are in seconds.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop


class Comparison(StrEnum):
    """When the condition holds, given a value."""

    ABOVE = "above"
    BELOW = "below"
    # Outside the usual range (baseline), in the direction in which the metric gets worse, or in both.
    UNUSUAL = "unusual"
    UNUSUAL_EITHER = "unusual_either"


class NoData(StrEnum):
    """What a window without enough samples means."""

    # A state of its own: nothing opens; what is open stays open and says so.
    UNKNOWN = "unknown"
    # Like a value that is fine: what is open resolves.
    OK = "ok"
    # Like a value that is not: silence itself is the fault.
    FIRE = "fire"


class Severity(StrEnum):
    """How bad it is when the condition holds, from least to worst."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


SEVERITY_WORDS: dict[str, str] = {
    Severity.INFO: gettext_noop("Info"),
    Severity.WARNING: gettext_noop("Warning"),
    Severity.CRITICAL: gettext_noop("Critical"),
}

_IN_TEXT: dict[str, str] = {
    Severity.INFO: gettext_noop("info"),
    Severity.WARNING: gettext_noop("warning"),
    Severity.CRITICAL: gettext_noop("critical"),
}


def severity_in_text(severity: str) -> str:
    """A severity inside a phrase, in the language of the reader; what is none stays as it is."""
    return _(_IN_TEXT[severity]) if severity in _IN_TEXT else severity


def severity_word(severity: str) -> str:
    """A severity as a word, in the language of the reader."""
    return _(SEVERITY_WORDS[severity])


class State(StrEnum):
    """Where a rule stands for one subject."""

    OK = "ok"
    PENDING = "pending"  # the condition holds, for less than `for_s`
    FIRING = "firing"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition of a rule.

    `threshold` is in the metric's unit (None for a comparison with usual ranges); once firing, it clears only past
    `clear_threshold` (None: the same). `window_s` is the length of a window (0 for metrics without one), `delay_s` how
    long after its end it is evaluated, `min_samples` how many runs (visits) it needs. The condition must hold for
    `for_s` before it fires, and be over for `keep_firing_s` before it clears. `parameters` belong to the metric:
    `cron`, `zone`, `period_s`, `grace_s` (missed_schedule), `budget_usd` (budget_share).
    """

    metric: str
    comparison: Comparison = Comparison.ABOVE
    threshold: float | None = None
    clear_threshold: float | None = None
    window_s: int = 300
    delay_s: int = 0
    min_samples: int = 0
    for_s: int = 0
    keep_firing_s: int = 0
    no_data: NoData = NoData.UNKNOWN
    parameters: dict[str, Any] = field(default_factory=dict)
