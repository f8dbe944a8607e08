"""Where a rule stands for one subject, and what changes with each reading: a state machine, pure.

It folds: to advance over readings in two goes gives what one go gives. A reading that is not newer than the last one
changes nothing. docs/alerts/semantics.md says it in words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Self

from alerts.analysis.conditions import Condition, NoData, State
from alerts.analysis.judging import Judged, Verdict
from monitoring.windows import EARLIEST

# The third time that it fires within an hour it flaps: from then on it stays firing until it was good for half an hour.
# So at most four incidents of one rule and subject begin in any hour.
FLAPS = 3
FLAP_WINDOW = timedelta(hours=1)
FLAP_QUIET = timedelta(minutes=30)
# What fires and has had no data for so long is over: its subject is gone.
GONE_AFTER = timedelta(hours=24)


class Change(StrEnum):
    """What may happen to a subject."""

    FIRED = "fired"
    WORSE = "worse"  # the worst value since it fired
    SILENT = "silent"  # it fires, and there is no data any more
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change, and the reading that made it. `since` is when the condition began to hold, for all changes of one
    incident the same. `is_gone`: cleared because there was no data for `GONE_AFTER`; `is_late`: found when the figures
    of a window that had been judged already changed."""

    change: Change
    judged: Judged
    since: datetime
    is_flapping: bool = False
    is_gone: bool = False
    is_late: bool = False

    @property
    def at(self) -> datetime:
        """The end of the window that made the change."""
        return self.judged.at


@dataclass(slots=True)
class Memory:
    """What is remembered of a subject between readings. All times are ends of windows (times of looks).

    `since` is when `state` began, `at` the newest reading. `bad_since` is the first of the bad readings that go on,
    `held_since` when the condition began to hold as incidents tell it. `good_since` and `silent_since` are, while it
    fires, the first of the good readings, and of those without data, that go on. `worst` is the greatest excess since
    it fired; `fired` and `cleared` are when it did lately, each oldest first; `was_silent`: that it has no data was
    told since it fired.
    """

    state: State = State.NO_DATA
    since: datetime | None = None
    at: datetime | None = None
    bad_since: datetime | None = None
    held_since: datetime | None = None
    good_since: datetime | None = None
    silent_since: datetime | None = None
    worst: float | None = None
    fired: tuple[datetime, ...] = ()
    cleared: tuple[datetime, ...] = ()
    is_flapping: bool = False
    was_silent: bool = False

    def copy(self) -> Self:
        """Another memory of the same."""
        return type(self)(*(getattr(self, one.name) for one in fields(self)))

    def as_document(self) -> dict[str, Any]:
        """The memory as JSON values; what is not told is left out. `from_document` reads it."""
        times = {name: told.isoformat() for name in _TIMES if (told := getattr(self, name)) is not None}
        rest: dict[str, Any] = {"state": self.state.value, **times}
        if self.worst is not None:
            rest["worst"] = self.worst
        rest |= {name: [one.isoformat() for one in told] for name in _LISTS if (told := getattr(self, name))}
        return rest | {name: True for name in _FLAGS if getattr(self, name)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The memory that `as_document` wrote; an empty document is a subject that was never seen."""
        told: dict[str, Any] = {name: datetime.fromisoformat(document[name]) for name in _TIMES if name in document}
        told |= {name: bool(document.get(name, False)) for name in _FLAGS}
        told |= {name: tuple(map(datetime.fromisoformat, document.get(name, ()))) for name in _LISTS}
        return cls(
            state=State(document.get("state", State.NO_DATA)),
            worst=document.get("worst"),
            **told,
        )


_LISTS = ("fired", "cleared")
_FLAGS = ("is_flapping", "was_silent")
_TIMES = ("since", "at", "bad_since", "held_since", "good_since", "silent_since")


def advance(condition: Condition, memory: Memory, judged: Iterable[Judged]) -> tuple[Memory, list[Transition]]:
    """The memory after these readings, in order of time, and what changed on the way. `memory` stays as it is."""
    after, changes = memory.copy(), list[Transition]()
    for one in judged:
        if after.at is not None and one.at <= after.at:
            continue
        after.at = one.at
        verdict = _under(condition.no_data, one.verdict)
        if after.state is State.FIRING:
            changes += _while_firing(condition, after, one, verdict)
        elif verdict is Verdict.BAD:
            changes += _while_bad(condition, after, one)
        else:
            after.bad_since = after.held_since = None
            _turn(after, State.NO_DATA if verdict is Verdict.NO_DATA else State.OK)
    return after, changes


def _under(policy: NoData, verdict: Verdict) -> Verdict:
    """What a verdict means under a policy for windows without data."""
    if verdict is not Verdict.NO_DATA or policy is NoData.UNKNOWN:
        return verdict
    return Verdict.GOOD if policy is NoData.OK else Verdict.BAD


def _turn(memory: Memory, state: State) -> None:
    if memory.state is not state or memory.since is None:
        memory.state, memory.since = state, memory.at


def _while_bad(condition: Condition, memory: Memory, one: Judged) -> list[Transition]:
    """The condition holds and it does not fire yet: it does once that lasted for `for_s`."""
    if memory.bad_since is None or memory.held_since is None:
        memory.bad_since, memory.held_since = one.at, min(one.reading.since or one.at, one.at)
    if one.at - memory.bad_since < timedelta(seconds=condition.for_s):
        _turn(memory, State.PENDING)
        return []
    _turn(memory, State.FIRING)
    memory.worst = one.excess
    memory.fired = (*_lately(memory.fired, one.at), one.at)
    memory.is_flapping = len(set(memory.fired)) >= FLAPS
    return [Transition(Change.FIRED, one, memory.held_since, memory.is_flapping)]


def _lately(times: Iterable[datetime], at: datetime) -> tuple[datetime, ...]:
    return tuple(past for past in times if at - past < FLAP_WINDOW)


def _while_firing(condition: Condition, memory: Memory, one: Judged, verdict: Verdict) -> list[Transition]:
    since = memory.held_since or one.at
    if verdict is Verdict.NO_DATA:
        return _without_data(memory, one, since)
    memory.silent_since = None
    if verdict is not Verdict.GOOD:
        memory.good_since = None
        is_worse = verdict is Verdict.BAD and (memory.worst is None or one.excess > memory.worst)
        if not is_worse:
            return []
        memory.worst = one.excess
        return [Transition(Change.WORSE, one, since, memory.is_flapping)]
    if memory.good_since is None:
        memory.good_since = one.at
    keep = timedelta(seconds=condition.keep_firing_s)
    if one.at - memory.good_since < (max(keep, FLAP_QUIET) if memory.is_flapping else keep):
        return []
    return [_clear(memory, one, State.OK)]


def _without_data(memory: Memory, one: Judged, since: datetime) -> list[Transition]:
    """What fires goes on without data, and says so once; after `GONE_AFTER` it is over."""
    if memory.silent_since is None:
        memory.silent_since = one.at
    if not memory.was_silent:
        memory.was_silent = True
        return [Transition(Change.SILENT, one, since, memory.is_flapping)]
    if one.at - memory.silent_since < GONE_AFTER:
        return []
    return [_clear(memory, one, State.NO_DATA, is_gone=True)]


def _clear(memory: Memory, one: Judged, state: State, *, is_gone: bool = False) -> Transition:
    cleared = Transition(Change.CLEARED, one, memory.held_since or one.at, memory.is_flapping, is_gone)
    memory.bad_since = memory.held_since = memory.good_since = memory.silent_since = memory.worst = None
    memory.is_flapping = memory.was_silent = False
    memory.cleared = (*_lately(memory.cleared, one.at), one.at)
    _turn(memory, state)
    return cleared


def look_back(condition: Condition, memory: Memory, judged: Sequence[Judged]) -> tuple[Memory, list[Transition]]:
    """The memory after windows that had been judged before were judged again, because their figures changed.

    `judged` are in order of time, the last one of the time of the memory. A breach that nobody was told of is told
    late, also when it is over by now. What fires goes on even where its windows look fine in hindsight: the next
    windows end it.
    """
    after = memory.copy()
    if not judged:
        return after, []
    anew, found = advance(condition, Memory(), judged)
    if after.state is State.FIRING:
        return after, _worse_than_told(after, judged)
    changes = [replace(change, is_late=True) for change in _untold(memory, found)]
    fired = [change.at for change in changes if change.change is Change.FIRED]
    cleared = [change.at for change in changes if change.change is Change.CLEARED]
    # An incident may fire late at the time at which an earlier one did, and each has an end of its own.
    after.fired, after.cleared = tuple(sorted([*after.fired, *fired])), tuple(sorted([*after.cleared, *cleared]))
    _adopt(after, anew)
    return after, changes


def _worse_than_told(memory: Memory, judged: Sequence[Judged]) -> list[Transition]:
    """The worst of these windows, where it is worse than what was told since it fires."""
    since = memory.since or judged[-1].at
    bad = [one for one in judged if one.verdict is Verdict.BAD and one.at >= since]
    worst = max(bad, key=lambda one: one.excess, default=None)
    if worst is None or (memory.worst is not None and worst.excess <= memory.worst):
        return []
    memory.worst = worst.excess
    return [Transition(Change.WORSE, worst, memory.held_since or worst.at, memory.is_flapping, is_late=True)]


def _untold(memory: Memory, found: Sequence[Transition]) -> list[Transition]:
    """Of incidents that were found anew those that overlap no told one, and the one that still goes on."""
    # What fired over an hour ago may be forgotten, when it cleared is not: so they are paired from the end.
    starts = (memory.fired[place] if -place <= len(memory.fired) else EARLIEST for place in count(-1, -1))
    told = list(zip(starts, reversed(memory.cleared), strict=False))
    kept: list[Transition] = []
    for place, change in enumerate(found):
        if change.change is not Change.FIRED:
            continue
        ended = next((one for one in found[place:] if one.change is Change.CLEARED), None)
        if ended is None:
            kept.append(change)
        elif not any(start <= ended.at and change.at <= end for start, end in told):
            kept += [change, ended]
    return kept


def _adopt(after: Memory, anew: Memory) -> None:
    """Takes on where the windows stand that were judged anew; one that is pending may have been so before them."""
    if after.state is State.PENDING and anew.state is State.PENDING:
        held = [(one.bad_since, one.held_since) for one in (after, anew) if one.bad_since and one.held_since]
        after.bad_since, after.held_since = min(held)
        return
    after.bad_since, after.held_since, after.worst = anew.bad_since, anew.held_since, anew.worst
    if after.state is not anew.state:
        after.state, after.since = anew.state, anew.since
