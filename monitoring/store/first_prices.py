"""Prices for steps that were written without one: in small transactions, hour by hour, with the totals above them.

Hours come from the rollups of the model; figures of the hours that change are marked, so they follow. What was told
goes on counting: a computed cost counts where nobody told any.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from monitoring.identity import NO_WORKFLOW
from monitoring.models import Dimension, Grain
from monitoring.store.fields import EXECUTION, STEP, TOKEN_NAMES, Row
from monitoring.store.rating import counted_cost
from monitoring.store.rollups import Bucket
from monitoring.store.statements import Mark, array, insert_marks, load, run_once, select_list
from monitoring.store.totals import (
    STEPS_TELL_COST,
    STEPS_TELL_TOKENS,
    add_difference,
    set_totals,
    step_totals,
    sum_steps,
)

_HOUR_ROWS = (
    f"FROM rollup WHERE team_id = %s AND grain = {Grain.HOUR:d} AND dimension = {Dimension.MODEL:d} AND value_id = %s "
    "AND unpriced_tokens > 0"
)
_COUNT = f"SELECT count(*) {_HOUR_ROWS}"
_NEXT = (
    f"SELECT workflow_id, environment_id, bucket {_HOUR_ROWS} "
    "AND (bucket, workflow_id, environment_id) < (%s, %s, %s) "
    "ORDER BY bucket DESC, workflow_id DESC, environment_id DESC LIMIT %s"
)
_LOCK = (
    f"SELECT counted_at, {select_list(EXECUTION)} FROM execution WHERE team_id = %s AND {{workflow}} "
    "AND environment_id = %s AND counted_at >= %s AND counted_at < %s AND unpriced_tokens > 0 AND id > %s "
    "ORDER BY id LIMIT %s FOR UPDATE"
)
_EXTRA = ("usage_detail::text", "COALESCE(ended_at, started_at)")
_STEPS = (
    f"SELECT {', '.join(_EXTRA)}, {select_list(STEP)} FROM step WHERE team_id = %s AND retention_class = %s::smallint "
    "AND anchor_day = %s AND execution_id = ANY(%s) AND COALESCE(model_id, 0) = %s AND COALESCE(provider_id, 0) = %s "
    f"AND price_id IS NULL AND NOT is_covered AND num_nonnulls({', '.join(TOKEN_NAMES)}) > 0 ORDER BY execution_id, id"
)
_PRICE_STEPS = (
    "UPDATE step s SET priced_cost_usd = t.priced, price_id = t.price, cost_usd = t.cost "
    "FROM unnest(%s::uuid[], %s::bigint[], %s::numeric[], %s::bigint[], %s::numeric[]) "
    "AS t(execution_id, id, priced, price, cost) "
    "WHERE s.team_id = %s AND s.retention_class = %s::smallint AND s.anchor_day = %s "
    "AND s.execution_id = t.execution_id AND s.id = t.id"
)
_TOTAL = (
    "UPDATE execution e SET unpriced_tokens = t.unpriced, cost_usd = t.cost, steps_tell = t.tells "
    "FROM unnest(%s::uuid[], %s::bigint[], %s::numeric[], %s::smallint[]) AS t(id, unpriced, cost, tells) "
    "WHERE e.team_id = %s AND e.id = t.id"
)
_AT = EXECUTION.index
_WORKFLOW, _ENVIRONMENT = _AT["workflow_id"], _AT["environment_id"]
_PLACE = _AT["retention_class"], _AT["anchor_day"]
_TELLS = _AT["steps_tell"]
_TOTALS = tuple(_AT[name] for name in ("unpriced_tokens", "cost_usd", "steps_tell"))
_COST, _DETAIL = STEP.index["cost_usd"], STEP.index["usage_detail"]
_TOKENS = slice(STEP.index[TOKEN_NAMES[0]], STEP.index[TOKEN_NAMES[-1]] + 1)
FIRST_ID = UUID(int=0)
_LAST_ID = UUID(int=2**128 - 1)
_LAST_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A step that has no price: when it ran, its tokens in the order of `TOKEN_NAMES`, and what few tell."""

    at: datetime
    tokens: tuple[int | None, ...]
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FirstPrice:
    """What a step costs, in US dollars, and the price that says so."""

    usd: Decimal
    price_id: int


Rate = Callable[[Unpriced], FirstPrice | None]


@dataclass(frozen=True, slots=True)
class Priced:
    """What a batch did. `after`: the last execution that was looked at; None when the hour is done."""

    after: UUID | None
    rated: int
    left: int


def count_hours(team_id: UUID, model_id: int) -> int:
    """Hours of workflows in which the model used tokens without a price."""
    return int(run_once(_COUNT, [team_id, model_id])[0][0])


def next_hours(team_id: UUID, model_id: int, before: Bucket | None, limit: int) -> list[Bucket]:
    """Such hours, the latest first, those before `before` in that order."""
    start: list[Any] = ["infinity", _LAST_ID, _LAST_NUMBER]
    if before is not None:
        start = [before.start, before.workflow_id, before.environment_id]
    return [Bucket(*row) for row in run_once(_NEXT, [team_id, model_id, *start, limit])]


def price_hour(
    team_id: UUID, hour: Bucket, names: tuple[int, int], rate: Rate, now: datetime, *, after: UUID, limit: int
) -> Priced:
    """Prices steps with these provider and model (label ids, 0: none told) of the next executions of an hour.

    In the transaction and the team's context that are open; locks the executions.
    """
    is_told = hour.workflow_id != NO_WORKFLOW
    statement = _LOCK.format(workflow="workflow_id = %s" if is_told else "workflow_id IS NULL")
    values = [hour.environment_id, hour.start, hour.start + timedelta(hours=1), after, limit]
    found = run_once(statement, [team_id, *([hour.workflow_id] if is_told else []), *values])
    counted = {values[0]: at for at, *values in found}
    rows = {values[0]: load(EXECUTION, values) for _, *values in found}
    rated = left = 0
    changed: set[UUID] = set()
    for place, ids in _by_partition(rows).items():
        there = run_once(_STEPS, [team_id, *place, ids, names[1], names[0]])
        steps = [(_unpriced(row, counted), load(STEP, row[len(_EXTRA) :])) for row in there]
        prices = [(step, price) for unpriced, step in steps if (price := rate(unpriced)) is not None]
        rated, left = rated + len(prices), left + len(steps) - len(prices)
        if prices:
            _write_steps(team_id, place, prices)
            changed |= _add_to_totals(rows, prices)
    _write_totals(team_id, [rows[id] for id in sorted(changed)])
    insert_marks(team_id, sorted({_mark(rows[id], counted[id]) for id in changed}), now)
    return Priced(max(rows) if len(rows) == limit else None, rated, left)


def _by_partition(rows: dict[UUID, Row]) -> dict[tuple[Any, ...], list[UUID]]:
    found: dict[tuple[Any, ...], list[UUID]] = {}
    for id, row in rows.items():
        found.setdefault(tuple(row[place] for place in _PLACE), []).append(id)
    return found


def _unpriced(row: Sequence[Any], counted: dict[UUID, datetime]) -> Unpriced:
    detail, ran_at, *step = row
    return Unpriced(ran_at or counted[step[0]], tuple(step[_TOKENS]), msgspec.json.decode(detail) if detail else {})


def _write_steps(team_id: UUID, place: tuple[Any, ...], prices: Sequence[tuple[Row, FirstPrice]]) -> None:
    columns = (
        array("uuid", [step[0] for step, _ in prices]),
        array("bigint", [step[1] for step, _ in prices]),
        array("numeric", [price.usd for _, price in prices]),
        array("bigint", [price.price_id for _, price in prices]),
        array("numeric", [_counted(step, price) for step, price in prices]),
    )
    run_once(_PRICE_STEPS, [*columns, team_id, *place])


def _counted(step: Row, price: FirstPrice) -> Decimal | None:
    """What a step costs once it is priced. Its own cost was told: it had no price."""
    return counted_cost(step[_COST], price.usd, step[_DETAIL])


def _add_to_totals(rows: dict[UUID, Row], prices: Sequence[tuple[Row, FirstPrice]]) -> set[UUID]:
    """Adds what steps cost to the executions above them, as new minus old; the executions whose totals changed."""
    old: dict[UUID, list[Row]] = {}
    new: dict[UUID, list[Row]] = {}
    for step, price in prices:
        cost = _counted(step, price)
        if step[_COST] != cost:
            rated = list(step)
            rated[_COST] = cost
            old.setdefault(step[0], []).append(step)
            new.setdefault(step[0], []).append(rated)
    for id, steps in old.items():
        row = rows[id]
        totals = add_difference(step_totals(row), sum_steps(steps), sum_steps(new[id]))
        set_totals(row, totals, row[_TELLS] & ~(STEPS_TELL_TOKENS | STEPS_TELL_COST))
    # Of what was told, too, the computed cost is a figure.
    return {step[0] for step, _ in prices}


def _write_totals(team_id: UUID, rows: Sequence[Row]) -> None:
    if not rows:
        return
    types = ("uuid", "bigint", "numeric", "smallint")
    columns = [array(type, [row[at] for row in rows]) for type, at in zip(types, (0, *_TOTALS), strict=True)]
    run_once(_TOTAL, [*columns, team_id])


def _mark(execution: Row, counted_at: datetime) -> Mark:
    return (
        execution[_WORKFLOW] or NO_WORKFLOW,
        execution[_ENVIRONMENT],
        counted_at.replace(second=0, microsecond=0),
    )
