"""What steps cost: told, computed by a price, and which of the two counts.

The writer knows no prices: who calls it hands a rater down. What a step costs depends on its merged row, on the time at
which it counts, and on the prices alone, so order, repetition and splitting of parts do not matter.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from monitoring.statuses import Status
from monitoring.store.draft import Draft
from monitoring.store.fields import EXECUTION, STEP, TOKEN_NAMES, Row

# In `usage_detail`: a source whose computed costs count, where they are known, says so.
RULE, COMPUTED = "counts", "computed"

_TOLD, _PRICED, _PRICE, _COST, _DETAIL = (
    STEP.index[name] for name in ("told_cost_usd", "priced_cost_usd", "price_id", "cost_usd", "usage_detail")
)
_MODEL, _STARTED, _ENDED = (STEP.index[name] for name in ("model_id", "started_at", "ended_at"))
_TOKENS = slice(STEP.index[TOKEN_NAMES[0]], STEP.index[TOKEN_NAMES[-1]] + 1)
_NOTHING = [None] * len(TOKEN_NAMES)
_AT = EXECUTION.index
_STATUS, _START, _FINISH, _DURATION, _PLACED, _RECEIVED = (
    _AT[name] for name in ("status", "started_at", "told_finished_at", "told_duration_ms", "placed_at", "received_at")
)


class Rater(Protocol):
    """Knows what a team pays."""

    def __call__(self, team_id: UUID, steps: Sequence[tuple[Row, datetime]]) -> None:
        """Sets `priced_cost_usd` and `price_id` of merged step rows that used a model, in the order of `STEP`.

        Each comes with the time at which it counts. Both columns are NULL when it is called: where no price is found,
        or it does not cover the usage, they stay so. Inside the team's context.
        """


def counted_cost(told: Decimal | None, priced: Decimal | None, detail: Mapping[str, Any] | None) -> Decimal | None:
    """Which cost counts: the told one if there is one, else the computed one; turned round where the source says so."""
    if detail is not None and detail.get(RULE) == COMPUTED:
        return told if priced is None else priced
    return priced if told is None else told


def time_of(execution: Row) -> datetime:
    """When an execution counts, as the database computes it, see the column `counted_at` of `execution`."""
    finish, start, passed = execution[_FINISH], execution[_START], execution[_DURATION]
    if finish is None and start is not None and passed is not None and execution[_STATUS] >= int(Status.SKIPPED):
        finish = start + timedelta(milliseconds=passed)
    found: datetime = finish or start or execution[_PLACED] or execution[_RECEIVED]
    return found


def rate(team_id: UUID, drafts: Sequence[Draft], rater: Rater | None) -> None:
    """Rates the steps of executions that changed, and says what each costs."""
    asked: list[tuple[Row, datetime]] = []
    rows = []
    for draft in drafts:
        at = time_of(draft.execution)
        for row in draft.unrated(has_moved=draft.stored is not None and time_of(draft.stored).date() != at.date()):
            row[_PRICED] = row[_PRICE] = row[_COST] = None
            if row[_DETAIL] is not None or row[_TOKENS] != _NOTHING:
                rows.append(row)
                if row[_MODEL] is not None:
                    asked.append((row, row[_ENDED] or row[_STARTED] or at))
            else:
                row[_COST] = row[_TOLD]
    if asked and rater is not None:
        rater(team_id, asked)
    for row in rows:
        row[_COST] = counted_cost(row[_TOLD], row[_PRICED], row[_DETAIL])


def is_moved(draft: Draft) -> bool:
    """Whether a known execution counts on another day than it did, which may change prices of steps without a time."""
    return draft.stored is not None and time_of(draft.stored).date() != time_of(draft.execution).date()


def has_lost_cost(draft: Draft) -> bool:
    """Whether a step that had a cost has none any more: what remains of a sum is then not known from the difference."""
    return any(old[_COST] is not None and draft.steps[number][_COST] is None for number, old in draft.old_steps.items())


def adopt_told(row: Row) -> Row:
    """A stored step, as of today: rows from before prices existed have what was told as the cost that counts."""
    if row[_COST] is not None and row[_TOLD] is None and row[_PRICED] is None:
        row[_TOLD] = row[_COST]
        ranks = row[STEP.index["revisions"]]
        if ranks and "cost_usd" in ranks:
            ranks["told_cost_usd"] = ranks.pop("cost_usd")
    return row
