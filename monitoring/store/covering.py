"""Usage that is told twice: by a step, and again by steps below it. Only what the lowest ones tell counts.

Frameworks repeat the sum of their calls on what surrounds them. Where a step's numbers are more than the sum of what
counts below it, nobody can say which is right: what is below counts. A number that is smaller than what it would be the
sum of is none: that step used it itself, as in a chain whose steps name the step before as their parent, and both
count. In both cases the execution is marked for review.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from monitoring.store.fields import STEP, TOKEN_NAMES, Row

_ID, _PARENT, _TOLD, _COVERED, _DETAIL = (
    STEP.index[name] for name in ("id", "parent_id", "told_cost_usd", "is_covered", "usage_detail")
)
_FIRST, _LAST = STEP.index[TOKEN_NAMES[0]], STEP.index[TOKEN_NAMES[-1]]
_TOKENS = slice(_FIRST, _LAST + 1)
_NOTHING = [None] * len(TOKEN_NAMES)
_INPUT, _WRITTEN, _OUTPUT, _REASONING = (
    STEP.index[name] for name in ("input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
)
# Senders add up told costs as floats.
_COST_TOLERANCE = Decimal("0.000001")

# Five token buckets and the told cost; None: not told.
_Usage = list[Any]


def is_telling(row: Row) -> bool:
    """Whether a step tells usage: tokens, or what they cost."""
    return row[_TOLD] is not None or row[_TOKENS] != _NOTHING


def is_nested(steps: Mapping[int, Row]) -> bool:
    """Whether a step that tells usage has any step below it: only then it can be told twice."""
    telling = {number for number, row in steps.items() if is_telling(row)}
    return bool(telling) and not telling.isdisjoint([row[_PARENT] for row in steps.values()])


def cover(steps: Mapping[int, Row]) -> bool:
    """Sets `is_covered` of all steps of an execution; whether one tells something else than the steps below it."""
    below = _below(steps)
    is_doubtful = False
    for number, row in steps.items():
        row[_COVERED] = False
        if number in below and is_telling(row):
            own = _usage(row)
            row[_COVERED] = _may_be_sum(own, below[number])
            is_doubtful = is_doubtful or _differs(own, below[number])
    return is_doubtful


def uncover(rows: Iterable[Row]) -> None:
    """Says of steps that nothing below them tells usage."""
    for row in rows:
        row[_COVERED] = False


def is_flawed(row: Row) -> bool:
    """Whether a step tells a part that is greater than its whole."""
    detail = row[_DETAIL]
    if detail is None:
        return row[_REASONING] is not None and row[_OUTPUT] is not None and row[_REASONING] > row[_OUTPUT]
    part = detail.get
    parts = (
        (row[_OUTPUT], (row[_REASONING] or 0) + part("output_audio", 0) + part("output_image", 0)),
        (row[_INPUT], part("input_audio", 0) + part("input_image", 0)),
        (row[_WRITTEN], part("cache_write_1h", 0)),
    )
    return any(whole is not None and inside > whole for whole, inside in parts)


def _usage(row: Row) -> _Usage:
    return [*row[_TOKENS], row[_TOLD]]


def _add(one: _Usage | None, other: _Usage) -> _Usage:
    if one is None:
        return other
    return [b if a is None else a if b is None else a + b for a, b in zip(one, other, strict=True)]


def _below(steps: Mapping[int, Row]) -> dict[int, _Usage]:
    """What counts below each step that has such steps, from the lowest up.

    Steps that are, by their parents, below themselves are never done: nothing of them is added to one another.
    """
    waiting: dict[int, int] = {}
    for row in steps.values():
        if row[_PARENT] in steps:
            waiting[row[_PARENT]] = waiting.get(row[_PARENT], 0) + 1
    ready = [number for number in steps if number not in waiting]
    below: dict[int, _Usage] = {}
    while ready:
        row = steps[ready.pop()]
        number, parent = row[_ID], row[_PARENT]
        if parent not in steps:
            continue
        told, own = below.get(number), _usage(row) if is_telling(row) else None
        if own is not None and (told is None or not _may_be_sum(own, told)):
            told = _add(told, own)
        if told is not None:
            below[parent] = _add(below.get(parent), told)
        waiting[parent] -= 1
        if not waiting[parent]:
            ready.append(parent)
    return below


def _may_be_sum(told: _Usage, below: _Usage) -> bool:
    """Whether no number of a step is smaller than the sum below it."""
    *tokens, cost = told
    *others, sum_cost = below
    pairs = zip(tokens, others, strict=True)
    if any(count is not None and other is not None and count < other for count, other in pairs):
        return False
    return cost is None or sum_cost is None or sum_cost - cost <= sum_cost * _COST_TOLERANCE


def _differs(told: _Usage, below: _Usage) -> bool:
    *tokens, cost = told
    *others, sum_cost = below
    if any(count is not None and count != (other or 0) for count, other in zip(tokens, others, strict=True)):
        return True
    return cost is not None and abs(cost - (sum_cost or 0)) > cost * _COST_TOLERANCE
