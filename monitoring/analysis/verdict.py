"""The verdict: is this process running stably, how far does the trouble reach, and on what facts.

Decided from 95 % Wilson intervals against objectives, from usual ranges, and from the burn of the error budget. An
objective is missed when even the favourable end of the interval is below it, kept when the unfavourable end is not, and
open in between. Sentences are made elsewhere; here are the facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from monitoring.analysis.change_point import Beginning
from monitoring.analysis.coincidence import Coincidence, EventKind
from monitoring.analysis.concentration import LOCAL_SHARE, MIN_FAILURES, MIN_LIFT
from monitoring.analysis.intervals import Interval, wilson
from monitoring.analysis.objectives import P95_SHARE, Burn
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.rhythm import Freshness, Rhythm, Streak

ENOUGH_RUNS = 50


class Kind(StrEnum):
    """The verdicts, worst first: the order in which workflows are listed."""

    NOT_STABLE = "not_stable"
    WATCH = "watch"
    NO_OBJECTIVE = "no_objective"
    NOT_ENOUGH_DATA = "not_enough_data"
    FAILURES_ONLY = "failures_only"
    STABLE = "stable"


SEVERITY = {kind: place for place, kind in enumerate(Kind)}


class Scope(StrEnum):
    """How far the failures reach."""

    OCCASIONAL = "occasional"
    LOCAL = "local"
    SYSTEMIC = "systemic"


class Subject(StrEnum):
    """What a judgement is about, in the order in which equally bad ones speak."""

    SUCCESS_RATE = "success_rate"
    P95 = "p95"
    FRESHNESS = "freshness"
    BURN = "burn"
    USUAL_ERROR_RATE = "usual_error_rate"
    USUAL_P95 = "usual_p95"


@dataclass(frozen=True, slots=True)
class Objective:
    """What a workflow should reach; `is_proposed` while it comes from its history and nobody set it."""

    value: float
    is_proposed: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """The runs of a window. `within_p95` of `timed` runs took at most the p95 objective.

    `is_failures_only`: successes are not reported, so that there is no rate.
    """

    rated: int
    succeeded: int
    timed: int = 0
    within_p95: int = 0
    is_failures_only: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A value that failures share: `share` of them, `lift` times the usual (None: new), surely or not."""

    kind: str
    value: str
    failures: int
    share: float
    lift: float | None
    is_significant: bool


@dataclass(frozen=True, slots=True)
class RaisedStep:
    """A step that fails more than usual, and what it calls (systems, models, tools)."""

    name: str
    calls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else is known of the window; everything may be missing."""

    usual_error_rate: Place | None = None
    usual_p95: Place | None = None
    burn: Burn | None = None
    freshness: Freshness | None = None
    beginning: Beginning | None = None
    coincidences: Sequence[Coincidence] = ()
    failures: int = 0
    parts: Sequence[Part] = ()
    raised_steps: Sequence[RaisedStep] = ()
    streak: Streak | None = None
    rhythm: Rhythm | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one subject says. `interval`: of the success rate, or of the share of runs inside the p95 objective."""

    subject: Subject
    kind: Kind
    interval: Interval | None = None
    objective: Objective | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """The scope with what decided it: the value that explains, the unrelated steps, the other workflows.

    `is_known` is false with fewer than 10 failures, where no pattern would be called one.
    """

    scope: Scope
    is_known: bool
    part: Part | None = None
    steps: tuple[str, ...] = ()
    workflows: Coincidence | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with all its facts; judgements worst first, `reach` None without failures."""

    kind: Kind
    success: Interval | None
    judgements: tuple[Judgement, ...]
    reach: Reach | None
    surroundings: Surroundings = field(default_factory=Surroundings)

    @property
    def decisive(self) -> Judgement | None:
        """The judgement that made the verdict; None where there was too little to judge."""
        return self.judgements[0] if self.judgements else None


def decide(
    figures: Figures,
    *,
    success_rate: Objective | None = None,
    p95_ms: Objective | None = None,
    surroundings: Surroundings | None = None,
) -> Decision:
    """The verdict on a window.

    Fewer than 50 rated runs are not enough, whatever their outcome; where only failures are reported there is none. The
    worst judgement decides: a missed objective is not stable; an open one, a figure on the bad side of its usual range
    and too fast a burn are watch. Stable needs an objective that is kept.
    """
    around = surroundings or Surroundings()
    success = wilson(figures.succeeded, figures.rated)
    reach = find_reach(around)
    if figures.is_failures_only:
        return Decision(Kind.FAILURES_ONLY, None, (), reach, around)
    if figures.rated < ENOUGH_RUNS or success is None:
        return Decision(Kind.NOT_ENOUGH_DATA, success, (), reach, around)
    judged = [*_judge_objectives(figures, success, success_rate, p95_ms), *_judge_surroundings(around)]
    order = list(Subject)
    judgements = tuple(sorted(judged, key=lambda one: (SEVERITY[one.kind], order.index(one.subject))))
    has_objective = any(one.objective is not None for one in judgements) or _has_freshness_objective(around)
    worst = judgements[0].kind if judgements else Kind.NO_OBJECTIVE
    kind = worst if has_objective or worst is not Kind.STABLE else Kind.NO_OBJECTIVE
    return Decision(kind, success, judgements, reach, around)


def judge(interval: Interval, objective: float) -> Kind:
    """Missed when the whole interval is below the objective, kept when none of it is, else open."""
    if interval.high < objective:
        return Kind.NOT_STABLE
    return Kind.STABLE if interval.low >= objective else Kind.WATCH


def _judge_objectives(
    figures: Figures, success: Interval, success_rate: Objective | None, p95_ms: Objective | None
) -> list[Judgement]:
    judged = []
    if success_rate is not None:
        judged.append(Judgement(Subject.SUCCESS_RATE, judge(success, success_rate.value), success, success_rate))
    # p95 inside the objective is the same as: at least 95 % of the runs inside it; which is a rate again.
    within = wilson(figures.within_p95, figures.timed)
    if p95_ms is not None and within is not None and figures.timed >= ENOUGH_RUNS:
        judged.append(Judgement(Subject.P95, judge(within, P95_SHARE), within, p95_ms))
    return judged


def _judge_surroundings(around: Surroundings) -> list[Judgement]:
    judged = []
    if around.freshness is not None and around.freshness.is_stale is not None:
        stale = Kind.NOT_STABLE if around.freshness.is_objective else Kind.WATCH
        judged.append(Judgement(Subject.FRESHNESS, stale if around.freshness.is_stale else Kind.STABLE))
    if around.burn is not None and around.burn.rate is not None:
        judged.append(Judgement(Subject.BURN, Kind.WATCH if around.burn.is_too_fast else Kind.STABLE))
    for subject, place in ((Subject.USUAL_ERROR_RATE, around.usual_error_rate), (Subject.USUAL_P95, around.usual_p95)):
        if place is not None:
            judged.append(Judgement(subject, Kind.WATCH if place.side is Side.ABOVE else Kind.STABLE))
    return judged


def _has_freshness_objective(around: Surroundings) -> bool:
    return around.freshness is not None and around.freshness.is_objective


def find_reach(around: Surroundings) -> Reach | None:
    """How far the failures reach; None without failures.

    Systemic: other workflows began at the same time more than chance has it, or at least two steps fail more than usual
    that call nothing in common. Local: one value has at least half of the failures and twice its usual share. Other
    workflows go before a local value, because then the value is theirs too; unrelated steps go after it.
    """
    if around.failures <= 0:
        return None
    is_known = around.failures >= MIN_FAILURES
    others = next((one for one in around.coincidences if one.kind is EventKind.WORKFLOW and one.is_unusual), None)
    part = _explaining(around.parts) if is_known else None
    steps = unrelated(around.raised_steps)
    if others is not None:
        return Reach(Scope.SYSTEMIC, True, part, steps if len(steps) > 1 else (), others)
    if part is not None:
        return Reach(Scope.LOCAL, True, part)
    if len(steps) > 1:
        return Reach(Scope.SYSTEMIC, True, None, steps)
    return Reach(Scope.OCCASIONAL, is_known)


def _explaining(parts: Sequence[Part]) -> Part | None:
    """The value with the most failures of those that explain half of them; the greater lift, then the name, decides."""
    local = [
        part
        for part in parts
        if part.is_significant and part.share >= LOCAL_SHARE and (part.lift is None or part.lift >= MIN_LIFT)
    ]
    return min(local, key=lambda p: (-p.failures, -(p.lift or float("inf")), p.kind, p.value), default=None)


def unrelated(steps: Sequence[RaisedStep]) -> tuple[str, ...]:
    """One step of each group that calls something in common: the groups are unrelated. Sorted by name."""
    groups: list[tuple[str, frozenset[str]]] = []
    for step in sorted(steps, key=lambda one: one.name):
        name, calls = step.name, step.calls
        for other in [group for group in groups if group[1] & calls]:
            groups.remove(other)
            name, calls = min(name, other[0]), calls | other[1]
        groups.append((name, calls))
    return tuple(sorted(name for name, _calls in groups))
