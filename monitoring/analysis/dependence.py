"""Is it us or them: whether something that several workflows call fails in several of them at once, or in one alone.

Each workflow has its usual share of failures: that of its calls before the window and in the rest of it, as Jeffreys'
estimate (f + 1/2) / (n + 1), so that few calls prove little (H. Jeffreys, "Theory of Probability", 3rd edition, 1961,
section 3.1). A bucket is unusual when all workflows together fail in it more often than their usual shares let expect,
by the binomial distribution of their mean share, whose tail is the wider one for workflows that differ (W. Hoeffding,
"On the distribution of the number of successes in independent trials", Annals of Mathematical Statistics 27, 1956).
Unusual buckets are left out of what is usual, until no more are found.

An unusual bucket is then looked at without the workflow with most failures beyond its usual ones. Where the others fail
more than usual as well, it is them: what is called. Where the others called often enough to have failed too if it were
them, and did not, it is us: that workflow. Else it cannot be told.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monitoring.analysis.coincidence import chance_of_at_least
from monitoring.analysis.intervals import wilson

# The chance that something as usual is called unusual, over all buckets of its window.
ALPHA = 0.001
# The same for the other workflows in a bucket that is unusual already.
ALPHA_OTHERS = 0.05
LIFT = 1.5
MIN_FAILURES, MIN_OTHER_FAILURES = 3, 2
# Under so many calls a workflow has no usual share of its own; that of all of them stands in.
MIN_USUAL = 20


class Side(StrEnum):
    """Where to look, from the most to the least striking."""

    THEM = "them"
    US = "us"
    UNCLEAR = "unclear"
    USUAL = "as usual"
    UNKNOWN = "unknown"

    @property
    def is_unusual(self) -> bool:
        """Whether it fails more than usual."""
        return self in (Side.THEM, Side.US, Side.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Caller:
    """A workflow that calls it: (failures, finished calls) per bucket of the window, and before the window."""

    name: str
    by_bucket: Sequence[tuple[int, int]]
    before: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one workflow saw in the buckets of a decision; `usual` is a share from 0 to 1."""

    name: str
    failures: int
    calls: int
    usual: float

    @property
    def expected(self) -> float:
        """How many failures would be usual."""
        return self.calls * self.usual

    @property
    def excess(self) -> float:
        """Failures beyond the usual ones."""
        return self.failures - self.expected


@dataclass(frozen=True, slots=True)
class Decision:
    """Where to look, and why.

    `buckets` are those that say so (all of them where only the window as a whole does), `failing` the workflows that
    failed more than usual in them, most excess first, `others` those that called it then as well. `chance` is how often
    something as usual would show as much in its worst bucket, corrected for the number of buckets.
    """

    side: Side
    buckets: tuple[int, ...] = ()
    failing: tuple[Evidence, ...] = ()
    others: tuple[Evidence, ...] = ()
    chance: float = 1.0

    @property
    def excess(self) -> float:
        """Failures beyond the usual ones, of the workflows that fail."""
        return sum(one.excess for one in self.failing)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Buckets that are unusual together, with what each workflow saw, most excess first."""

    buckets: tuple[int, ...]
    seen: Sequence[Evidence]
    chance: float
    side: Side


def decide(callers: Sequence[Caller]) -> Decision:
    """Where to look. All callers have the same number of buckets; their order does not matter."""
    callers = sorted(callers, key=lambda caller: caller.name)
    buckets = range(len(callers[0].by_bucket)) if callers else range(0)
    marked = _unusual(callers, buckets)
    found = [_stretch(callers, (bucket,), marked, len(buckets)) for bucket in sorted(marked)]
    if not found:
        # A rise too small for any one bucket may still show in all of them together.
        seen = _seen(callers, buckets, buckets)
        if _chance(seen) <= ALPHA:
            found = [_stretch(callers, tuple(buckets), frozenset(buckets), 1)]
    if not found:
        is_known = any(_seen(callers, (bucket,), ()) for bucket in buckets)
        return Decision(Side.USUAL if is_known else Side.UNKNOWN)
    return _together(found)


def _unusual(callers: Sequence[Caller], buckets: Collection[int]) -> frozenset[int]:
    """The unusual buckets: those found so far make nothing usual, so more may show in the next round."""
    marked: frozenset[int] = frozenset()
    limit = ALPHA / max(len(buckets), 1)
    while True:
        left = [bucket for bucket in buckets if bucket not in marked]
        found = frozenset(bucket for bucket in left if _chance(_seen(callers, (bucket,), marked)) <= limit)
        if not found:
            return marked
        marked |= found


def _seen(callers: Sequence[Caller], buckets: Collection[int], left_out: Collection[int]) -> list[Evidence]:
    """What each workflow that called saw in these buckets; nothing where nobody knows what is usual."""
    apart = {*buckets, *left_out}
    bases = [_base(caller, apart) for caller in callers]
    pooled = (sum(failures for failures, _ in bases), sum(calls for _, calls in bases))
    if pooled[1] < MIN_USUAL:
        return []
    found = []
    for caller, base in zip(callers, bases, strict=True):
        failures, calls = _sum(caller.by_bucket[bucket] for bucket in buckets)
        if calls:
            told = base if base[1] >= MIN_USUAL else pooled
            found.append(Evidence(caller.name, failures, calls, (told[0] + 0.5) / (told[1] + 1)))
    return sorted(found, key=lambda one: (-one.excess, one.name))


def _base(caller: Caller, apart: Collection[int]) -> tuple[int, int]:
    return _sum([caller.before, *(pair for bucket, pair in enumerate(caller.by_bucket) if bucket not in apart)])


def _sum(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    told = list(pairs)
    return sum(failures for failures, _ in told), sum(calls for _, calls in told)


def _chance(seen: Sequence[Evidence], least: int = MIN_FAILURES) -> float:
    """The chance of so many failures where all is as usual; 1 where there are too few to speak of."""
    failures, calls = sum(one.failures for one in seen), sum(one.calls for one in seen)
    expected = sum(one.expected for one in seen)
    if failures < least or failures < LIFT * expected:
        return 1.0
    return chance_of_at_least(failures, calls, expected / calls)


def _stretch(callers: Sequence[Caller], buckets: tuple[int, ...], marked: Collection[int], tests: int) -> _Stretch:
    seen = _seen(callers, buckets, marked)
    return _Stretch(buckets, seen, min(1.0, _chance(seen) * tests), _side(seen))


def _side(seen: Sequence[Evidence]) -> Side:
    """Without the workflow with most excess: do the others fail as well, did they not, or can it not be told?"""
    worst, others = seen[0], seen[1:]
    if _chance(others, MIN_OTHER_FAILURES) <= ALPHA_OTHERS:
        return Side.THEM
    failures, calls = sum(one.failures for one in others), sum(one.calls for one in others)
    rate = wilson(worst.failures, worst.calls)
    # The least that they would fail if it were them: the lower end of the rate of the one that does.
    if calls and rate and chance_of_at_least(calls - failures, calls, 1 - rate.low) <= ALPHA_OTHERS:
        return Side.US
    return Side.UNCLEAR


def _together(found: Sequence[_Stretch]) -> Decision:
    """One answer of all unusual stretches: those of the most striking side; of one workflow where it is not them."""
    side = min((stretch.side for stretch in found), key=list(Side).index)
    chosen = [stretch for stretch in found if stretch.side is side]
    first = min(chosen, key=lambda stretch: (stretch.chance, stretch.buckets))
    if side is not Side.THEM:
        chosen = [stretch for stretch in chosen if stretch.seen[0].name == first.seen[0].name]
    summed: dict[str, Evidence] = {}
    for one in (one for stretch in chosen for one in stretch.seen):
        before = summed.get(one.name, Evidence(one.name, 0, 0, 0.0))
        calls = before.calls + one.calls
        usual = (before.expected + one.expected) / calls
        summed[one.name] = Evidence(one.name, before.failures + one.failures, calls, usual)
    ordered = sorted(summed.values(), key=lambda one: (-one.excess, one.name))
    if side is Side.THEM:
        failing = [one for one in ordered if one.failures and one.failures >= LIFT * one.expected]
    else:
        failing = [summed[first.seen[0].name]]
    return Decision(
        side,
        tuple(bucket for stretch in chosen for bucket in stretch.buckets),
        tuple(failing),
        tuple(one for one in ordered if one not in failing),
        first.chance,
    )
