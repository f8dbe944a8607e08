"""Where to look first: process design, external dependency, latency, or undecided; from written signals.

Each signal that the facts show adds its weights (`monitoring/analysis/signals.py`). The cause with the greatest sum is
suggested when it is great enough and far enough ahead; else it is undecided, and says why. At most one signal of each
family speaks, so that one thing seen twice counts once. What is not known says nothing, for or against.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from accounts import formats
from accounts.phrases import gettext as _
from monitoring import wording
from monitoring.analysis import signals
from monitoring.analysis.change_point import Beginning, rate_beginning
from monitoring.analysis.change_point import Kind as ChangeKind
from monitoring.analysis.coincidence import Coincidence, EventKind
from monitoring.analysis.error_kinds import classify
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.signals import DECIDABLE, Cause, Divergence, Signal

# A cause needs about four and a half to one for it, and about three to one over the next.
ENOUGH = 1.5
MARGIN = 1.0
MIN_SAME_INPUT = 3
MIN_OTHERS = 2
MIN_RETRIES = 2
MEMORY_SHARE = 0.95
# Bursts and constancy need so many failures, and so many stretches that expect two of them.
MIN_FAILURES = 10
MIN_STRETCHES = 5
_EXPECTED = 2.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one failed (or slow) execution, or of a failure group; None and 0 where it is not.

    `calls` is what the failing step calls ("" when nothing, None when not told). `same_input_*` count tries of the same
    input, `retries_*` later attempts of the same work. `others_calling` workflows besides this one called the same
    system around that time, `others_failing` of them failed there. `by_bucket` are (failures, runs) over time.
    `duration` places the step in its usual range, `waiting` the whole execution. `memory_share` is of the limit.
    `open_incidents` says in words which incidents of what the step calls were open, those of this workflow left out.
    """

    error_type: str | None = None
    error_message: str | None = None
    status_code: int | None = None
    is_failure: bool = True
    calls: str | None = None
    same_input_failed: int = 0
    same_input_succeeded: int = 0
    others_calling: int = 0
    others_failing: int = 0
    coincidences: Sequence[Coincidence] = ()
    by_bucket: Sequence[tuple[int, int]] = ()
    retries_failed: int = 0
    retries_succeeded: int = 0
    duration: Place | None = None
    waiting: Place | None = None
    memory_share: float | None = None
    divergence: Divergence | None = None
    open_incidents: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one signal says for (weight above 0) or against one cause; `words` are the facts, `reason` is the rule."""

    cause: Cause
    signal: str
    weight: float
    words: str
    reason: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The suggested cause with the scores of all, the lead over the next, and the evidence, strongest first."""

    cause: Cause
    scores: dict[Cause, float]
    lead: float
    evidence: tuple[Evidence, ...]
    words: str

    def speaking_for(self, cause: Cause) -> tuple[Evidence, ...]:
        """The evidence for a cause."""
        return tuple(one for one in self.evidence if one.cause is cause and one.weight > 0)

    def speaking_against(self, cause: Cause) -> tuple[Evidence, ...]:
        """The evidence against a cause."""
        return tuple(one for one in self.evidence if one.cause is cause and one.weight < 0)


Found = tuple[Signal, str]


def suggest(facts: Facts) -> Suggestion:
    """The cause that the facts speak for. The same facts always give the same answer."""
    found = [one for family in _FAMILIES if (one := family(facts)) is not None]
    evidence = [
        Evidence(cause, signal.name, weight, words, _(signal.reason))
        for signal, words in found
        for cause, weight in signal.weights
        if weight
    ]
    scores = {cause: sum(one.weight for one in evidence if one.cause is cause) for cause in DECIDABLE}
    ordered = _ordered(scores)
    lead = scores[ordered[0]] - scores[ordered[1]]
    cause = ordered[0] if scores[ordered[0]] >= ENOUGH and lead >= MARGIN else Cause.UNDECIDED
    evidence.sort(key=lambda one: (-abs(one.weight), DECIDABLE.index(one.cause), one.signal))
    return Suggestion(cause, scores, lead, tuple(evidence), suggestion_words(cause, scores, is_known=bool(found)))


def _ordered(scores: Mapping[Cause, float]) -> list[Cause]:
    return sorted(DECIDABLE, key=lambda cause: (-scores[cause], DECIDABLE.index(cause)))


def suggestion_words(cause: Cause, scores: Mapping[Cause, float], *, is_known: bool) -> str:
    """A suggestion with its scores in a sentence; `is_known`: some signal spoke."""
    ordered = _ordered(scores)
    first, second = ordered[0], ordered[1]
    sums = ", ".join(f"{one.words} {_signed(scores[one])}" for one in ordered)
    if cause is not Cause.UNDECIDED:
        return f"{cause.words[:1].upper()}{cause.words[1:]}: {sums}"
    if not is_known:
        return _("Undecided: nothing that would speak for a cause is known")
    if scores[first] < ENOUGH:
        text = _("Undecided: too little speaks for {cause} ({scores}; {enough} is needed)")
        return text.format(cause=first.words, scores=sums, enough=f"{ENOUGH:g}")
    text = _("Undecided: {first} and {second} are too close ({scores}; a lead of {margin} is needed)")
    return text.format(first=first.words, second=second.words, scores=sums, margin=f"{MARGIN:g}")


def _signed(score: float) -> str:
    return f"{'+' if score > 0 else ''}{formats.number(f'{score:.1f}')}" if score else "0"


def _of_error(facts: Facts) -> Found | None:
    if not facts.is_failure:
        return None
    told = classify(facts.error_type, facts.error_message, facts.status_code)
    signal = signals.ERROR_SIGNALS.get(told.kind)
    words = _("The error tells of: {kind} (it says: {text})").format(kind=told.kind.words, text=told.matched[:60])
    return (signal, words) if signal else None


def _of_input(facts: Facts) -> Found | None:
    failed, succeeded = facts.same_input_failed, facts.same_input_succeeded
    if failed and succeeded:
        text = _("The same input failed {failed} and succeeded {succeeded} times")
        return signals.SAME_INPUT_VARIES, text.format(failed=failed, succeeded=succeeded)
    if failed >= MIN_SAME_INPUT:
        return signals.SAME_INPUT_FAILS, _("The same input failed {failed} of {failed} times").format(failed=failed)
    return None


def _of_others(facts: Facts) -> Found | None:
    name = facts.calls or _("the same system")
    if facts.others_failing > 0:
        calling = max(facts.others_calling, facts.others_failing)
        text = _("{failing} of {calling} other workflows failed at {name} around that time")
        return signals.OTHERS_FAIL, text.format(failing=facts.others_failing, calling=calling, name=name)
    if facts.open_incidents:
        text = _("Open at {name} around that time: {incident}")
        return signals.OPEN_INCIDENT, text.format(name=name, incident=facts.open_incidents[0])
    if facts.others_calling >= MIN_OTHERS:
        text = _("{calling} other workflows called {name} around that time and succeeded")
        return signals.OTHERS_SUCCEED, text.format(calling=facts.others_calling, name=name)
    if facts.calls == "":
        return signals.NO_CALL, _("The failing step calls nothing outside")
    return None


def _of_beginning(facts: Facts) -> Found | None:
    """The less likely by chance of a release and an incident; the release when both are equally so."""
    signal_of = {EventKind.RELEASE: signals.BEGAN_WITH_RELEASE, EventKind.INCIDENT: signals.BEGAN_WITH_INCIDENT}
    near = [one for one in facts.coincidences if one.kind in signal_of and one.is_unusual]
    first = min(near, key=lambda one: (one.chance, list(signal_of).index(one.kind)), default=None)
    return (signal_of[first.kind], _("It began with {event}").format(event=first.words)) if first else None


def _of_time(facts: Facts) -> Found | None:
    pattern = time_pattern(facts.by_bucket)
    failures, runs = (sum(column) for column in zip(*facts.by_bucket, strict=True)) if facts.by_bucket else (0, 0)
    if pattern is Pattern.UNCLEAR:
        return None
    if pattern is Pattern.CONSTANT:
        signal, text = signals.CONSTANT, _("{failures} failures in {runs} runs, evenly over time")
    else:
        signal, text = signals.BURSTS, _("{failures} failures in {runs} runs, in bursts")
    return signal, text.format(failures=wording.count(failures), runs=wording.count(runs))


def _of_retries(facts: Facts) -> Found | None:
    failed, succeeded = facts.retries_failed, facts.retries_succeeded
    if succeeded > failed:
        text = _("{succeeded} of {retries} retries succeeded")
        return signals.RETRY_SUCCEEDED, text.format(succeeded=succeeded, retries=succeeded + failed)
    if failed >= MIN_RETRIES and not succeeded:
        return signals.RETRIES_FAILED, _("{failed} of {failed} retries failed too").format(failed=failed)
    return None


def _of_duration(facts: Facts) -> Found | None:
    place = facts.duration
    if place is None:
        return None
    if not facts.is_failure:
        words = _("It took {duration}").format(duration=place.words)
        return (signals.SLOW_NOT_FAILED, words) if place.side is Side.ABOVE else None
    by_side = {Side.ABOVE: signals.FAILED_SLOWLY, Side.BELOW: signals.FAILED_AT_ONCE}
    words = _("The step took {duration}").format(duration=place.words)
    return by_side.get(place.side, signals.FAILED_IN_USUAL_TIME), words


def _of_waiting(facts: Facts) -> Found | None:
    if facts.waiting is None or facts.waiting.side is not Side.ABOVE:
        return None
    return signals.WAITED, _("It waited between its steps for {duration}").format(duration=facts.waiting.words)


def _of_memory(facts: Facts) -> Found | None:
    if facts.memory_share is None or facts.memory_share < MEMORY_SHARE:
        return None
    words = _("Memory reached {share} of its limit").format(share=wording.percent(facts.memory_share))
    return signals.MEMORY_NEAR_LIMIT, words


def _of_divergence(facts: Facts) -> Found | None:
    signal = signals.DIVERGENCE_SIGNALS.get(facts.divergence) if facts.divergence else None
    if signal is None or facts.divergence is None:
        return None
    return signal, _("First divergence: {kind}").format(kind=facts.divergence.words)


_FAMILIES = (
    _of_error, _of_input, _of_others, _of_beginning, _of_time,
    _of_retries, _of_duration, _of_waiting, _of_memory, _of_divergence,
)  # fmt: skip


@lru_cache(maxsize=256)
def course_beginning(by_bucket: tuple[tuple[int, int], ...]) -> Beginning:
    """When a course of (failures, runs) by bucket began. Kept, because a page asks three times for the same course."""
    return rate_beginning([x for x, _n in by_bucket], [n for _x, n in by_bucket])


class Pattern(StrEnum):
    """How failures lie in time."""

    CONSTANT = "constant"
    BURSTS = "bursts"
    UNCLEAR = "unclear"


def time_pattern(by_bucket: Iterable[tuple[int, int]]) -> Pattern:
    """Whether failures (of runs, by bucket in order of time) come evenly or in bursts, since they began.

    Buckets are put together until they expect two failures. Index of dispersion: their chi-square over its degrees of
    freedom (R. A. Fisher, "Statistical Methods for Research Workers", 1925, section 19); bursts when over 2 and three
    standard deviations above 1, constant when under 1.5. Under 10 failures or 5 stretches nothing is said.
    """
    pairs: Sequence[tuple[int, int]] = tuple(by_bucket)
    began = course_beginning(tuple(pairs))
    if began.kind is ChangeKind.BEGAN and began.bucket is not None:
        pairs = pairs[began.bucket :]
    failures, runs = sum(x for x, _n in pairs), sum(n for _x, n in pairs)
    if failures < MIN_FAILURES:
        return Pattern.UNCLEAR
    if failures == runs:
        return Pattern.CONSTANT
    rate = failures / runs
    stretches = _stretches(pairs, rate)
    if len(stretches) < MIN_STRETCHES:
        return Pattern.UNCLEAR
    freedom = len(stretches) - 1
    index = sum((x - n * rate) ** 2 / (n * rate * (1 - rate)) for x, n in stretches) / freedom
    if index > max(2.0, 1 + 3 * math.sqrt(2 / freedom)):
        return Pattern.BURSTS
    return Pattern.CONSTANT if index < 1.5 else Pattern.UNCLEAR


def _stretches(pairs: Sequence[tuple[int, int]], rate: float) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    events = trials = 0
    for x, n in pairs:
        events, trials = events + x, trials + n
        if trials * min(rate, 1 - rate) >= _EXPECTED:
            made.append((events, trials))
            events = trials = 0
    return made
