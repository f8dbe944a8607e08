"""Retries as one story: what changed from attempt to attempt, whether trying again helped, and what it cost.

The same for attempts of an execution and of a step: an attempt is one try, and all tries of one thing share an origin.
Times and durations in ms, money in US dollars as Decimal; what is not told stays None and is never counted as 0.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from accounts.phrases import gettext_noop

_FAILED = frozenset({"failed", "timed_out"})
_OPEN = frozenset({"queued", "running", "waiting"})
# Amounts differ each time: they have changed where one is at least so many times the other.
NOTABLE = 2.0
# Among so many stories that may go on (the latest ones) the one that an attempt belongs to is looked for.
_LOOKED_AT = 50


class Change(StrEnum):
    """What may differ between two attempts; the value is also what an export writes."""

    STATUS = gettext_noop("status")
    ERROR = gettext_noop("error")
    RELEASE = gettext_noop("release")
    INPUT = gettext_noop("input")
    MODEL = gettext_noop("model")
    OUTPUT = gettext_noop("output shape")


class Outcome(StrEnum):
    """How the story ends."""

    NOT_RETRIED = gettext_noop("not retried")
    HELPED = gettext_noop("a retry succeeded")
    FIXED = gettext_noop("succeeded after a change")
    IN_VAIN = gettext_noop("every retry failed")
    NEEDLESS = gettext_noop("tried again after it had succeeded")
    OPEN = gettext_noop("still open")
    STOPPED = gettext_noop("stopped without a result")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `number` counts from 1; `error` is the normalised text or its fingerprint; `input_digest` says whether
    two inputs are the same; `output_shape` is what `steps.describe` says of the output; `steps` has the status of each
    node's last visit. `model` and `tokens` are of a step.
    """

    number: int
    status: str
    start_ms: float | None = None
    duration_ms: float | None = None
    error: str | None = None
    release: str | None = None
    input_digest: str | None = None
    cost_usd: Decimal | None = None
    model: str | None = None
    tokens: int | None = None
    output_shape: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        """Whether it ended in failure."""
        return self.status in _FAILED


@dataclass(frozen=True, slots=True)
class Turn:
    """From one attempt to the next: the pause in ms (None: not told), what changed as (before, after), and the nodes
    that failed before and not now, or the other way round. `same_error` is None unless both failed and told one.
    `times_longer` and `times_tokens` are after by before; None where not told or less than `NOTABLE` apart.
    """

    before: int
    after: int
    pause_ms: float | None
    changes: Mapping[Change, tuple[str | None, str | None]]
    same_error: bool | None
    healed: Sequence[str]
    broken: Sequence[str]
    times_longer: float | None = None
    times_tokens: float | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """All attempts in order. `succeeded_at` is the number of the first that succeeded.

    `spent_ms` and `spent_usd` are what the attempts other than the deciding one took (that is the first success, else
    the last attempt), `paused_ms` the pauses up to it; attempts that did not tell are counted in `untold_times` and
    `untold_costs`. `same_error` says whether all failures were one error, None with fewer than two that told theirs.
    """

    attempts: Sequence[Attempt]
    turns: Sequence[Turn]
    outcome: Outcome
    succeeded_at: int | None
    spent_ms: float
    paused_ms: float
    spent_usd: Decimal
    untold_times: int
    untold_costs: int
    same_error: bool | None


@dataclass(frozen=True, slots=True)
class Benefit:
    """Over many stories: how many succeeded at which attempt, and what retries gave and cost.

    `retried` stories had more than one attempt, `saved` of them first failed and succeeded later. `at_attempt` counts
    first successes by number of the attempt, `tries` how many stories had that attempt finished at all.
    """

    stories: int
    retried: int
    saved: int
    in_vain: int
    at_attempt: Mapping[int, int]
    tries: Mapping[int, int]
    spent_ms: float
    paused_ms: float
    spent_usd: Decimal


def tell_story(attempts: Iterable[Attempt]) -> Story | None:
    """The attempts of one execution or step as a story; None without any. The order given does not matter.

    Of two attempts with one number the one that began first counts as the first.
    """
    ordered = sorted(attempts, key=_order)
    if not ordered:
        return None
    success = next((place for place, one in enumerate(ordered) if one.status == "succeeded"), None)
    decisive = len(ordered) - 1 if success is None else success
    turns = [_turn(before, after) for before, after in itertools.pairwise(ordered)]
    wasted = [one for place, one in enumerate(ordered) if place != decisive]
    return Story(
        ordered,
        turns,
        _outcome(ordered, turns, success),
        None if success is None else ordered[success].number,
        sum(one.duration_ms for one in wasted if one.duration_ms is not None),
        sum(turn.pause_ms for turn in turns[:decisive] if turn.pause_ms is not None),
        sum((one.cost_usd for one in wasted if one.cost_usd is not None), Decimal(0)),
        sum(one.duration_ms is None for one in wasted),
        sum(one.cost_usd is None for one in wasted),
        _same([one.error for one in ordered if one.has_failed and one.error]),
    )


def split_tries(tries: Sequence[Attempt]) -> list[list[int]]:
    """The visits of one node, in order of time, put together to the stories of the things that were tried: indices.

    A first attempt begins a story (a further turn of a loop is a thing of its own). A later one goes on with a story
    whose last attempt has the next lower number: rather with the same input, rather one that failed, rather the latest.
    """
    stories: list[list[int]] = []
    open_at: dict[int, list[list[int]]] = {}
    for place, one in enumerate(tries):
        below = [number for number in open_at if number < one.number and open_at[number]]
        story = _taken_up(tries, open_at[max(below)], one) if one.number > 1 and below else []
        if not story:
            stories.append(story)
        story.append(place)
        open_at.setdefault(one.number, []).append(story)
    return stories


def _taken_up(tries: Sequence[Attempt], waiting: list[list[int]], one: Attempt) -> list[int]:
    """Takes the story that an attempt goes on with out of those that may go on."""

    def likeness(place: int) -> tuple[bool, bool, int]:
        last = tries[waiting[place][-1]]
        return last.input_digest == one.input_digest, last.status != "succeeded", place

    return waiting.pop(max(range(max(0, len(waiting) - _LOOKED_AT), len(waiting)), key=likeness))


def _order(one: Attempt) -> tuple[int, float, str, str]:
    return one.number, one.start_ms if one.start_ms is not None else float("inf"), one.status, one.error or ""


def _same(errors: Sequence[str]) -> bool | None:
    return len(set(errors)) == 1 if len(errors) > 1 else None


def _turn(before: Attempt, after: Attempt) -> Turn:
    pairs: dict[Change, Callable[[Attempt], str | None]] = {
        Change.STATUS: lambda one: one.status,
        Change.ERROR: lambda one: one.error,
        Change.RELEASE: lambda one: one.release,
        Change.INPUT: lambda one: one.input_digest,
        Change.MODEL: lambda one: one.model,
        Change.OUTPUT: lambda one: one.output_shape,
    }
    told = {change: (value(before), value(after)) for change, value in pairs.items()}
    # What one side does not tell is no change, except an error that came or went.
    changes = {
        change: pair
        for change, pair in told.items()
        if pair[0] != pair[1] and (change is Change.ERROR or None not in pair)
    }
    both_failed = before.has_failed and after.has_failed and before.error and after.error
    return Turn(
        before.number,
        after.number,
        _pause(before, after),
        changes,
        before.error == after.error if both_failed else None,
        _turned(before.steps, after.steps),
        _turned(after.steps, before.steps),
        _ratio(before.duration_ms, after.duration_ms),
        _ratio(before.tokens, after.tokens),
    )


def _ratio(before: float | None, after: float | None) -> float | None:
    """After by before where they are notably apart; None too where one is not told or 0."""
    if not before or not after or before < 0 or after < 0:
        return None
    ratio = after / before
    return ratio if max(ratio, 1 / ratio) >= NOTABLE else None


def _turned(failing: Mapping[str, str], fine: Mapping[str, str]) -> list[str]:
    """The nodes that failed on one side and succeeded on the other."""
    return sorted(node for node, status in failing.items() if status in _FAILED and fine.get(node) == "succeeded")


def _pause(before: Attempt, after: Attempt) -> float | None:
    """From the end of one attempt to the start of the next; attempts that overlap have no pause."""
    if before.start_ms is None or before.duration_ms is None or after.start_ms is None:
        return None
    return max(0.0, after.start_ms - before.start_ms - max(0.0, before.duration_ms))


def _outcome(attempts: Sequence[Attempt], turns: Sequence[Turn], success: int | None) -> Outcome:
    if len(attempts) == 1:
        return Outcome.NOT_RETRIED
    if success == 0:
        return Outcome.NEEDLESS
    if success is not None:
        changed = {change for turn in turns[:success] for change in turn.changes}
        return Outcome.FIXED if changed & {Change.RELEASE, Change.INPUT, Change.MODEL} else Outcome.HELPED
    if attempts[-1].status in _OPEN:
        return Outcome.OPEN
    return Outcome.IN_VAIN if attempts[-1].has_failed else Outcome.STOPPED


def sum_up(stories: Iterable[Story]) -> Benefit:
    """What retries gave and cost over many stories: success after a retry is counted by number of the attempt."""
    told = list(stories)
    at_attempt: dict[int, int] = {}
    tries: dict[int, int] = {}
    for story in told:
        if story.succeeded_at is not None:
            at_attempt[story.succeeded_at] = at_attempt.get(story.succeeded_at, 0) + 1
        for number in {one.number for one in story.attempts if one.status not in _OPEN}:
            tries[number] = tries.get(number, 0) + 1
    return Benefit(
        stories=len(told),
        retried=sum(len(story.attempts) > 1 for story in told),
        saved=sum(story.outcome in (Outcome.HELPED, Outcome.FIXED) for story in told),
        in_vain=sum(story.outcome is Outcome.IN_VAIN for story in told),
        at_attempt=dict(sorted(at_attempt.items())),
        tries=dict(sorted(tries.items())),
        spent_ms=sum(story.spent_ms for story in told),
        paused_ms=sum(story.paused_ms for story in told),
        spent_usd=sum((story.spent_usd for story in told), Decimal(0)),
    )
