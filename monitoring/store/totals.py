"""Totals of an execution over its steps, kept as "new minus old": a long stream of chunks is never summed again."""

from collections.abc import Iterable
from typing import Any

from monitoring.statuses import Status
from monitoring.store.fields import EXECUTION, STEP, TOKEN_NAMES, Row

# Counts of steps, failed steps, retries; five token buckets; unpriced tokens; cost. None: nobody told any.
Totals = list[Any]
STEPS_TELL_TOKENS, STEPS_TELL_COST = 1, 2
# A step that tells usage has steps below it; what steps tell does not fit together, and somebody should look at it.
STEPS_ARE_NESTED, STEPS_NEED_REVIEW = 4, 8

_FAILING = int(Status.TIMED_OUT)
_STATUS, _ATTEMPT, _COST, _COVERED = (STEP.index[name] for name in ("status", "attempt", "cost_usd", "is_covered"))
_TOKENS = slice(STEP.index[TOKEN_NAMES[0]], STEP.index[TOKEN_NAMES[-1]] + 1)
_COUNTS = slice(EXECUTION.index["step_count"], EXECUTION.index["retry_count"] + 1)
_TOTAL_TOKENS = slice(EXECUTION.index[TOKEN_NAMES[0]], EXECUTION.index[TOKEN_NAMES[-1]] + 1)
_UNPRICED, _TOTAL_COST = EXECUTION.index["unpriced_tokens"], EXECUTION.index["cost_usd"]
_TOLD_TOKENS, _TOLD_COST = EXECUTION.index["told_tokens"], EXECUTION.index["told_cost_usd"]
_STEPS_TELL = EXECUTION.index["steps_tell"]
_NOTHING = [None] * len(TOKEN_NAMES)


def _billable(tokens: list[int | None]) -> int:
    """All tokens but the reasoning ones, which are a part of the output."""
    return sum(count or 0 for count in tokens[:4])


def _sum(counts: Iterable[int | None]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) if told else None


def sum_steps(rows: Iterable[Row]) -> Totals:
    """The totals of these step rows alone. Usage that is told again by steps below is left out."""
    count = failed = retries = 0
    cost = None
    telling: list[tuple[list[int | None], Any]] = []
    for row in rows:
        count += 1
        status = row[_STATUS]
        if status is not None and status >= _FAILING:
            failed += 1
        if row[_ATTEMPT] > 1:
            retries += 1
        if row[_COVERED]:
            continue
        price = row[_COST]
        if price is not None:
            cost = price if cost is None else cost + price
        told = row[_TOKENS]
        if told != _NOTHING:
            telling.append((told, price))
    if not telling:
        return [count, failed, retries, *_NOTHING, None, cost]
    tokens = [_sum(column) for column in zip(*(told for told, _ in telling), strict=True)]
    unpriced = sum(_billable(told) for told, price in telling if price is None)
    return [count, failed, retries, *tokens, unpriced, cost]


def step_totals(execution: Row) -> Totals:
    """The part of an execution's stored totals that comes from its steps."""
    tells = execution[_STEPS_TELL]
    tokens = execution[_TOTAL_TOKENS] if tells & STEPS_TELL_TOKENS else _NOTHING
    unpriced = execution[_UNPRICED] if tells & STEPS_TELL_TOKENS else None
    cost = execution[_TOTAL_COST] if tells & STEPS_TELL_COST else None
    return [*execution[_COUNTS], *tokens, unpriced, cost]


def add_difference(stored: Totals, old: Totals, new: Totals) -> Totals:
    """`stored + new - old`, where nothing that was told before is not told any more."""
    return [a if b is None else (a or 0) + b - (o or 0) for a, o, b in zip(stored, old, new, strict=True)]


def set_totals(execution: Row, totals: Totals, marks: int | None = None) -> None:
    """Puts totals of steps on the execution; what was told for the whole counts where no step tells any.

    `marks` are the further bits of `steps_tell`; None: they stay.
    """
    tokens, unpriced, cost = totals[3:8], totals[8], totals[9]
    tells = (STEPS_TELL_TOKENS if tokens != _NOTHING else 0) | (STEPS_TELL_COST if cost is not None else 0)
    if cost is None:
        cost = execution[_TOLD_COST]
    if not tells & STEPS_TELL_TOKENS and execution[_TOLD_TOKENS]:
        tokens = list(execution[_TOLD_TOKENS])
        unpriced = _billable(tokens) if cost is None else 0
    execution[_COUNTS] = totals[:3]
    execution[_TOTAL_TOKENS] = tokens
    execution[_UNPRICED] = unpriced
    execution[_TOTAL_COST] = cost
    if marks is None:
        marks = (execution[_STEPS_TELL] or 0) & (STEPS_ARE_NESTED | STEPS_NEED_REVIEW)
    execution[_STEPS_TELL] = tells | marks
