"""Where an execution first left the healthy path, where its error shows, and which step caused it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from accounts.phrases import gettext as _
from monitoring.analysis.comparison import compare
from monitoring.analysis.conversation import Message, find_turn
from monitoring.analysis.evidence import Confidence, Evidence, Kind, evidence_at, priority
from monitoring.analysis.placing import UNKNOWN, Placed, place
from monitoring.analysis.reference import MIN_SUPPORT, TOLERATED, Index, Reference
from monitoring.analysis.steps import Run

# A conversation is one when at least this share of its steps say something.
SHARE_OF_TALK = 0.5
_OUTPUT = frozenset({Kind.EMPTY, Kind.SHAPE, Kind.SIZE})
_PATH = frozenset({Kind.UNEXPECTED, Kind.BRANCH, Kind.MISSING, Kind.LOOP})
# What a step inside explains of its container: a job is slow because one of its commands is.
_EXPLAINS: dict[Kind, frozenset[Kind]] = {
    Kind.DURATION: frozenset({Kind.DURATION, Kind.LOOP, Kind.UNEXPECTED, Kind.FAILED}),
    Kind.TOKENS: frozenset({Kind.TOKENS, Kind.LOOP, Kind.UNEXPECTED}),
    **dict.fromkeys(_OUTPUT, _OUTPUT | _PATH | {Kind.FAILED}),
    Kind.FAILED: frozenset({Kind.FAILED}),
}
_SLOW_ERRORS = ("timeout", "timed out", "time out", "deadline", "timed_out")


class Verdict(StrEnum):
    """Whether it left the healthy path."""

    DIVERGED = "diverged"
    AS_USUAL = "as usual"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Missing:
    """A node that healthy executions visit and this one did not; `after` is the step before its place."""

    name: str
    after: int | None


@dataclass(frozen=True, slots=True)
class Divergence:
    """The answer. `because` says in words what it rests on, or why nothing can be told.

    `first` is all evidence of the first divergent step, the plainest first. `symptom` is where the error shows (None:
    no step failed, or not for good), `cause` the evidence that it came from: the same step when nothing before it
    explains it. `evidence` is everything that was found and is no mere consequence of something inside it. Steps are
    indices into those of the execution.
    """

    verdict: Verdict
    because: str
    first: Sequence[Evidence] = ()
    cause: Evidence | None = None
    symptom: Evidence | None = None
    evidence: Sequence[Evidence] = ()

    @property
    def confidence(self) -> Confidence | None:
        """That of the first divergence."""
        return self.first[0].confidence if self.first else None


@dataclass(frozen=True, slots=True)
class FoundDivergence(Divergence):
    """The answer with the places of all steps, from which its effects are worked out."""

    placed: Placed = field(kw_only=True)

    @property
    def step_id(self) -> int | None:
        """The id of the first divergent step; None when it is one that is missing, or there is none."""
        index = self.first[0].step if self.first else None
        return None if index is None else self.placed.steps[index].id


class _NoReference:
    """Numbers places of an execution that nothing is compared with."""

    is_nested = None

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str], int] = {}

    def number(self, parent: int, name: str) -> int:
        """The number of a place."""
        return self._numbers.setdefault((parent, name), len(self._numbers) + 1)


def find_divergence(run: Run, reference: Reference | Index | None) -> FoundDivergence:
    """The first divergence of an execution from a stored reference; without one, or with too few executions behind it,
    from what its own steps show.
    """
    index = Index(reference) if isinstance(reference, Reference) else reference
    runs = index.reference.runs if index else 0
    if index is None or runs < MIN_SUPPORT:
        return _find_alone(run, runs)
    placed = place(run.steps, index)
    if not placed.steps:
        return FoundDivergence(Verdict.CANNOT_TELL, _("cannot tell, because no step was told"), placed=placed)
    basis = index.reference.basis or _("{runs} healthy executions").format(runs=runs)
    found = list(_weigh(run, placed, compare(placed, index), index))
    if found and (run.failing or any(item.confidence is not Confidence.LOW for item in found)):
        return _answer(placed, found, _("compared with {basis}").format(basis=basis))
    if found:
        text = _("cannot tell, because it did not fail and {basis} are too few to call {step} unusual")
        words = text.format(basis=basis, step=found[0].node)
        return FoundDivergence(Verdict.CANNOT_TELL, words, evidence=found, placed=placed)
    if run.failing:
        words = _("cannot tell, because it failed and every step looks as in {basis}").format(basis=basis)
        return FoundDivergence(Verdict.CANNOT_TELL, words, placed=placed)
    words = _("every step looks as in {basis}").format(basis=basis)
    return FoundDivergence(Verdict.AS_USUAL, words, placed=placed)


def missing_nodes(found: FoundDivergence) -> list[Missing]:
    """Each node that is missing altogether once, behind the step that begins last before its place."""
    order = found.placed.order
    seen: dict[str, Missing] = {}
    for item in sorted(found.evidence, key=lambda one: one.at):
        if item.kind is Kind.MISSING and item.step is None and item.node not in seen:
            before = max((n for n in range(len(order)) if order[n] < item.at), key=order.__getitem__, default=None)
            seen[item.node] = Missing(item.node, before)
    return list(seen.values())


def _alone_because(runs: int, *, is_found: bool) -> str:
    """What an answer rests on, or why there is none, with so few healthy executions."""
    if is_found:
        none = _("nothing to compare with: there is no healthy execution")
        few = _("nothing to compare with: only {runs} of {needed} healthy executions exist")
    else:
        none = _("cannot tell, because there is no healthy execution and no step failed")
        few = _("cannot tell, because only {runs} of {needed} healthy executions exist and no step failed")
    return few.format(runs=runs, needed=MIN_SUPPORT) if runs else none


def _find_alone(run: Run, runs: int) -> FoundDivergence:
    """What the steps themselves show: a turn in a conversation, failures, and an empty output right before one."""
    placed = place(run.steps, _NoReference())
    because = _alone_because(runs, is_found=True)
    if not placed.steps:
        return FoundDivergence(Verdict.CANNOT_TELL, _("cannot tell, because no step was told"), placed=placed)
    failed = [_alone(placed, number, Kind.FAILED) for number, step in enumerate(placed.steps) if step.failing]
    found = list(_lasting(placed, failed))
    in_order = sorted(range(len(placed.steps)), key=placed.order.__getitem__)
    empty = [n for n in in_order if placed.steps[n].is_empty and found and placed.order[n] < found[0].at]
    said = [Message(step.name, step.text, step.failing) for step in map(placed.steps.__getitem__, in_order)]
    turn = find_turn(said) if _talks(run) else None
    if turn is not None:
        at = in_order[turn.step]
        item = _alone(placed, at, Kind.FAILED if placed.steps[at].failing else Kind.UNEXPECTED, turn.why)
        symptom = found[0] if found else None
        return FoundDivergence(Verdict.DIVERGED, because, [item], item, symptom, [item, *found], placed=placed)
    if found:
        return _answer(placed, [*(_alone(placed, n, Kind.EMPTY) for n in empty[-1:]), *found], because)
    return FoundDivergence(Verdict.CANNOT_TELL, _alone_because(runs, is_found=False), placed=placed)


def _talks(run: Run) -> bool:
    said = sum(bool(step.text) for step in run.steps)
    return run.failing and said >= SHARE_OF_TALK * len(run.steps) and said > 1


def _alone(placed: Placed, number: int, kind: Kind, observed: str = "") -> Evidence:
    step = placed.steps[number]
    words = observed or (_("nothing") if kind is Kind.EMPTY else step.error_type or step.status)
    return Evidence(kind, step.name, number, placed.order[number], placed.place_of[number], words, "", 0, 0)


def _answer(placed: Placed, found: Sequence[Evidence], because: str) -> FoundDivergence:
    first = found[0]
    at_first = sorted(evidence_at(found, first.step, first.place), key=priority)
    symptom = next((item for item in found if item.kind is Kind.FAILED), None)
    cause = at_first[0] if symptom is None else _cause(placed, found, symptom)
    return FoundDivergence(Verdict.DIVERGED, because, at_first, cause, symptom, found, placed=placed)


def _cause(placed: Placed, found: Sequence[Evidence], symptom: Evidence) -> Evidence:
    """The earliest evidence before an error that can lead to one. Slowness can only where the error is one of time."""
    error = placed.steps[symptom.step] if symptom.step is not None else None
    slow = error is not None and (error.status == "timed_out" or _says_slow(f"{error.error_type} {error.error}"))
    leads = _OUTPUT | _PATH | ({Kind.DURATION} if slow else frozenset())
    before = [item for item in found if item.at < symptom.at and item.kind in leads]
    if not before:
        return symptom
    return min(evidence_at(before, before[0].step, before[0].place), key=priority)


def _says_slow(error: str) -> bool:
    lowered = error.lower()
    return any(word in lowered for word in _SLOW_ERRORS)


def _weigh(run: Run, placed: Placed, found: Sequence[Evidence], index: Index) -> Iterator[Evidence]:
    """Leaves out what is no news: failures that were made good or are usual, and consequences of what is inside."""
    lasting = set(_lasting(placed, [item for item in found if item.kind is Kind.FAILED]))
    kept = [item for item in found if item.kind is not Kind.FAILED or item in lasting]
    usual = [item for item in kept if item.kind is Kind.FAILED and _happens(item, index)]
    is_explained = not run.failing or any(item.kind is Kind.FAILED and item not in usual for item in kept)
    # An execution that failed, failed somewhere: at the last step that did, when all of them fail in healthy ones.
    dropped = usual if is_explained else usual[:-1]
    kept = [item for item in kept if item not in dropped]
    inside = _inside(placed, kept)
    for item in kept:
        explained = _EXPLAINS.get(item.kind, frozenset())
        if item.step is None or not explained & inside.get(item.step, set()):
            yield item


def _happens(item: Evidence, index: Index) -> bool:
    return item.place != UNKNOWN and index.place(item.place).failed > TOLERATED * index.place(item.place).runs


def _inside(placed: Placed, found: Sequence[Evidence]) -> dict[int, set[Kind]]:
    """The kinds of evidence that steps inside a step show, at any depth; only steps with evidence inside."""
    kinds: dict[int, set[Kind]] = {}
    for item in found:
        above = None if item.step is None else placed.container[item.step]
        # What a container knows already, those around it know too.
        while above is not None and item.kind not in kinds.setdefault(above, set()):
            kinds[above].add(item.kind)
            above = placed.container[above]
    return kinds


def _lasting(placed: Placed, failed: Sequence[Evidence]) -> Iterator[Evidence]:
    """Failures that were not made good, without those of containers whose inside failed."""
    again = _next_visits(placed) if failed else {}
    left = [item for item in sorted(failed, key=lambda one: one.at) if not _made_good(placed, item, again)]
    inside = _inside(placed, left)
    return (item for item in left if item.step is None or item.step not in inside)


def _made_good(placed: Placed, item: Evidence, again: dict[int, int]) -> bool:
    """Whether the next visit of the same node beside it began after this one had ended, and did not fail."""
    if item.step is None or item.step not in again:
        return False
    step, other = placed.steps[item.step], placed.steps[again[item.step]]
    end = step.start_ms if step.end_ms is None else step.end_ms
    is_later = end is None or other.start_ms is None or other.start_ms >= end
    return is_later and other.status in ("succeeded", "unknown")


def _next_visits(placed: Placed) -> dict[int, int]:
    """For each step the next one of the same node in the same container visit."""
    found: dict[int, int] = {}
    for members in placed.children.values():
        seen: dict[str, int] = {}
        for number in reversed(members):
            name = placed.steps[number].name
            if name in seen:
                found[number] = seen[name]
            seen[name] = number
    return found
