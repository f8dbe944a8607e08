"""The written signals of a cause: for which cause each speaks, how strongly, and why. Data, not code.

Weights are like logarithms of likelihood ratios: 1 means about e (2.7) times, 2 about seven times as likely under the
cause as otherwise. They add up (I. J. Good, "Weight of evidence: a brief survey", Bayesian Statistics 2, 1985). They
were set by hand from the reasons given, in steps of a half; `docs/analysis/cause.md` says which with failures in view.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from monitoring.analysis.error_kinds import ErrorKind


class Cause(StrEnum):
    """Where to look first; the value is how it is said."""

    DESIGN = gettext_noop("process design")
    EXTERNAL = gettext_noop("external dependency")
    LATENCY = gettext_noop("latency")
    UNDECIDED = gettext_noop("undecided")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)


DECIDABLE = (Cause.DESIGN, Cause.EXTERNAL, Cause.LATENCY)
_D, _E, _L = DECIDABLE


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal: what it is called, what it weighs for (or against, below 0) each cause, and the reason.

    The reason is translated where it is given out.
    """

    name: str
    weights: tuple[tuple[Cause, float], ...]
    reason: str


_ERROR_WEIGHTS: dict[ErrorKind, dict[Cause, float]] = {
    ErrorKind.TIMEOUT: {_L: 2.0, _E: 0.5, _D: -1.0},
    ErrorKind.CONNECTION: {_E: 2.0, _D: -1.5, _L: -0.5},
    ErrorKind.SERVER_ERROR: {_E: 2.0, _D: -1.0, _L: -0.5},
    ErrorKind.RATE_LIMIT: {_E: 1.5, _D: 0.5, _L: -0.5},
    ErrorKind.QUOTA: {_E: 1.5, _L: -1.0},
    ErrorKind.AUTH: {_D: 0.5, _E: 0.5, _L: -1.0},
    ErrorKind.WORKER_LOST: {_E: 1.5, _D: -0.5},
    ErrorKind.DATABASE: {_E: 1.0, _L: 0.5},
    ErrorKind.SCHEMA: {_D: 2.0, _E: -1.0, _L: -1.5},
    ErrorKind.CODE: {_D: 2.5, _E: -1.5, _L: -1.5},
    ErrorKind.CONFIGURATION: {_D: 2.0, _E: -1.0, _L: -1.5},
    ErrorKind.TOOL_ARGUMENTS: {_D: 2.0, _E: -1.0, _L: -1.5},
    ErrorKind.BAD_REQUEST: {_D: 1.5, _E: -0.5, _L: -1.0},
    ErrorKind.NOT_FOUND: {_D: 1.0, _E: 0.0, _L: -1.0},
    ErrorKind.RULE: {_D: 1.5, _E: -0.5, _L: -1.5},
    ErrorKind.ASSERTION: {_D: 1.5, _E: -0.5, _L: -1.0},
    ErrorKind.CONTEXT_LENGTH: {_D: 2.0, _E: -1.0, _L: -1.0},
    ErrorKind.CONTENT: {_D: 1.0, _L: -1.0},
    ErrorKind.LOOP_LIMIT: {_D: 2.0, _E: -0.5},
    ErrorKind.OUT_OF_MEMORY: {_D: 1.5, _E: -0.5, _L: -0.5},
    ErrorKind.DISK_FULL: {_D: 1.0, _E: 0.0, _L: -0.5},
}
_ERROR_REASONS = {
    ErrorKind.TIMEOUT: gettext_noop("a limit of time was reached"),
    ErrorKind.CONNECTION: gettext_noop("the other side could not be reached"),
    ErrorKind.SERVER_ERROR: gettext_noop("the other side says that the error is its own"),
    ErrorKind.RATE_LIMIT: gettext_noop("the other side limits, or the process asks too often"),
    ErrorKind.QUOTA: gettext_noop("the account at the other side is used up"),
    ErrorKind.AUTH: gettext_noop("a right or secret is missing or ran out, on either side"),
    ErrorKind.WORKER_LOST: gettext_noop("the machine went away under the process"),
    ErrorKind.DATABASE: gettext_noop("a shared database is too busy or locked"),
    ErrorKind.SCHEMA: gettext_noop("data did not have the shape that the step needs"),
    ErrorKind.CODE: gettext_noop("code or an expression is wrong for this input"),
    ErrorKind.CONFIGURATION: gettext_noop("something that the process needs is not set up"),
    ErrorKind.TOOL_ARGUMENTS: gettext_noop("a tool was called with what it does not take"),
    ErrorKind.BAD_REQUEST: gettext_noop("the other side understood, and refused what was asked"),
    ErrorKind.NOT_FOUND: gettext_noop("what was asked for is not there"),
    ErrorKind.RULE: gettext_noop("the process asked for what a rule does not allow"),
    ErrorKind.ASSERTION: gettext_noop("the result was there, and was not as it should be"),
    ErrorKind.CONTEXT_LENGTH: gettext_noop("the process gave a model more than it takes"),
    ErrorKind.CONTENT: gettext_noop("a model refused what it was given"),
    ErrorKind.LOOP_LIMIT: gettext_noop("the process went round without an end"),
    ErrorKind.OUT_OF_MEMORY: gettext_noop("the process needs more memory than it has"),
    ErrorKind.DISK_FULL: gettext_noop("the process needs more room than it has"),
}
ERROR_SIGNALS = {
    kind: Signal(f"error: {kind}", tuple(weights.items()), _ERROR_REASONS[kind])
    for kind, weights in _ERROR_WEIGHTS.items()
}
SAME_INPUT_FAILS = Signal(
    "same input always fails",
    ((_D, 2.0), (_E, -1.0), (_L, -0.5)),
    gettext_noop("what depends on the input alone lies in how the process handles it"),
)
SAME_INPUT_VARIES = Signal(
    "same input fails and succeeds",
    ((_D, -1.0), (_E, 0.5), (_L, 0.5)),
    gettext_noop("the input alone does not decide"),
)
OTHERS_FAIL = Signal(
    "same system fails elsewhere",
    ((_E, 2.5), (_D, -1.5), (_L, -0.5)),
    gettext_noop("workflows that share nothing else fail at the same system at the same time"),
)
OPEN_INCIDENT = Signal(
    "an incident was open",
    ((_E, 1.5), (_D, -0.5)),
    gettext_noop("somebody's alert rule says the same of what the step calls, from the figures of others"),
)
OTHERS_SUCCEED = Signal(
    "same system works elsewhere",
    ((_E, -1.5), (_D, 0.5)),
    gettext_noop("others call the same system at the same time and succeed"),
)
NO_CALL = Signal(
    "nothing outside was called",
    ((_E, -1.5), (_D, 0.5)),
    gettext_noop("the failing step calls no external system, model or tool"),
)
BEGAN_WITH_RELEASE = Signal(
    "began with a release",
    ((_D, 2.0), (_E, -1.0), (_L, -0.5)),
    gettext_noop("the process changed, then it failed"),
)
BEGAN_WITH_INCIDENT = Signal(
    "began with an incident",
    ((_E, 1.5), (_D, -0.5)),
    gettext_noop("something else went wrong at the same time"),
)
CONSTANT = Signal(
    "constant over time",
    ((_D, 1.0), (_E, -1.0)),
    gettext_noop("outages of others come and go; what is built in stays"),
)
BURSTS = Signal(
    "in bursts",
    ((_E, 1.0), (_L, 0.5), (_D, -1.0)),
    gettext_noop("what is built in does not come and go by the hour"),
)
RETRY_SUCCEEDED = Signal(
    "retry succeeded",
    ((_E, 1.0), (_L, 0.5), (_D, -1.5)),
    gettext_noop("the same work, a little later, went well"),
)
RETRIES_FAILED = Signal(
    "retries failed too",
    ((_D, 1.0), (_E, -0.5)),
    gettext_noop("waiting did not help"),
)
FAILED_SLOWLY = Signal(
    "slower than usual before it failed",
    ((_L, 1.0), (_D, -0.5)),
    gettext_noop(
        "the step was still at work for longer than it usually takes; failing takes time for other reasons, too"
    ),
)
FAILED_AT_ONCE = Signal(
    "failed faster than it usually ends",
    ((_L, -1.5), (_D, 0.5)),
    gettext_noop("there was no waiting that could have been too long"),
)
FAILED_IN_USUAL_TIME = Signal(
    "failed in its usual time",
    ((_L, -1.0),),
    gettext_noop("the step took as long as it does when it succeeds"),
)
SLOW_NOT_FAILED = Signal(
    "slow rather than failed",
    ((_L, 3.0), (_D, -0.5)),
    gettext_noop("it ended well, and took longer than usual"),
)
WAITED = Signal(
    "waited longer than usual",
    ((_L, 1.5),),
    gettext_noop("the time went by between the steps or in a queue, not at work"),
)
MEMORY_NEAR_LIMIT = Signal(
    "memory near its limit",
    ((_D, 1.0), (_E, -0.5)),
    gettext_noop("the process fills what it has"),
)


class Divergence(StrEnum):
    """How the first step that left the healthy path did so."""

    FAILED = gettext_noop("failed")
    MISSING = gettext_noop("missing")
    UNEXPECTED = gettext_noop("unexpected")
    WRONG_BRANCH = gettext_noop("wrong branch")
    TOO_MANY_LOOPS = gettext_noop("too many loops")
    DURATION = gettext_noop("duration outside its usual range")
    OUTPUT_CHANGED = gettext_noop("output shape or size changed")
    EMPTY_OUTPUT = gettext_noop("empty output")
    TOKENS = gettext_noop("tokens outside their usual range")

    @property
    def words(self) -> str:
        """The value in the reader's language."""
        return _(self.value)


DIVERGENCE_SIGNALS: dict[Divergence, Signal] = {
    kind: Signal(f"first divergence: {kind}", weights, reason)
    for kind, weights, reason in (
        (Divergence.MISSING, ((_D, 1.0),), gettext_noop("the process did not take a step that healthy runs take")),
        (Divergence.UNEXPECTED, ((_D, 1.0),), gettext_noop("the process took a step that healthy runs do not take")),
        (
            Divergence.WRONG_BRANCH,
            ((_D, 1.5), (_L, -0.5)),
            gettext_noop("the process decided otherwise than healthy runs do"),
        ),
        (
            Divergence.TOO_MANY_LOOPS,
            ((_D, 1.5), (_E, -0.5)),
            gettext_noop("the process went round more often than healthy runs do"),
        ),
        (Divergence.DURATION, ((_L, 1.5),), gettext_noop("time went wrong first")),
        (
            Divergence.OUTPUT_CHANGED,
            ((_D, 0.5), (_E, 0.5), (_L, -0.5)),
            gettext_noop("what a step gave changed, by us or by others"),
        ),
        (
            Divergence.EMPTY_OUTPUT,
            ((_D, 0.5), (_E, 0.5), (_L, -0.5)),
            gettext_noop("a step gave nothing, by us or by others"),
        ),
        (Divergence.TOKENS, ((_D, 0.5),), gettext_noop("more or less was asked of a model than usual")),
    )
}
