"""Executions that exist already: locks them, reads what is needed of their steps, and merges the parts into them.

Of most, only the steps that the parts mention are read, and totals change by new minus old. All steps are read where a
step may be told again by others below it, or where a sum cannot be known from a difference.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import OperationalError

from monitoring.store.covering import is_telling
from monitoring.store.criteria import judge_known
from monitoring.store.draft import Draft
from monitoring.store.fields import EXECUTION, STEP, TOKEN_NAMES, Row
from monitoring.store.rating import Rater, adopt_told, has_lost_cost, is_moved, rate
from monitoring.store.statements import load, run, run_once, select_list
from monitoring.store.totals import STEPS_ARE_NESTED, STEPS_NEED_REVIEW, STEPS_TELL_COST, STEPS_TELL_TOKENS

_LOCK = (
    f"SELECT counted_at, {select_list(EXECUTION)} FROM execution "
    "WHERE team_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE"
)
_PLACE = "team_id = %s AND retention_class = %s::smallint AND anchor_day = %s"
_READ_STEPS = (
    f"SELECT {select_list(STEP)} FROM step WHERE {_PLACE} "
    "AND (execution_id, id) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))"
)
_READ_ALL = f"SELECT {select_list(STEP)} FROM step WHERE {_PLACE} AND execution_id = ANY(%s)"
# Executions with a stored step that tells usage above a step of the request, or below one that tells usage there.
_FIND_NESTED = (
    f"SELECT DISTINCT execution_id FROM step WHERE {_PLACE} AND execution_id = ANY(%s) AND (parent_id = ANY(%s) "
    f"OR (id = ANY(%s) AND num_nonnulls({', '.join(TOKEN_NAMES)}, cost_usd, told_cost_usd) > 0))"
)
_CLASS, _DAY, _TELLS = (EXECUTION.index[name] for name in ("retention_class", "anchor_day", "steps_tell"))
_PARENT = STEP.index["parent_id"]
_ANY_USAGE, _ANY_MARK = STEPS_TELL_TOKENS | STEPS_TELL_COST, STEPS_ARE_NESTED | STEPS_NEED_REVIEW


class _Stored:
    """What the database holds of executions: their rows, and when they counted."""

    def __init__(self, team_id: UUID, known: Sequence[Draft]) -> None:
        self.team_id = team_id
        found = {row[1]: row for row in run(_LOCK, [team_id, [draft.execution[0] for draft in known]])}
        if len(found) < len(known):
            raise OperationalError("an execution was removed while it was being written")
        self.rows = {id: load(EXECUTION, row[1:]) for id, row in found.items()}
        self.counted: dict[UUID, datetime] = {id: row[0] for id, row in found.items()}

    def by_place(self, drafts: Iterable[Draft]) -> Iterable[tuple[tuple[Any, Any], list[Draft]]]:
        """The executions by partition."""
        places: dict[tuple[Any, Any], list[Draft]] = {}
        for draft in drafts:
            row = self.rows[draft.execution[0]]
            places.setdefault((row[_CLASS], row[_DAY]), []).append(draft)
        return places.items()

    def tells(self, draft: Draft) -> int:
        """What its steps told before."""
        found: int = self.rows[draft.execution[0]][_TELLS]
        return found


def merge_known(team_id: UUID, known: Sequence[Draft], rater: Rater | None) -> None:
    """Locks executions that exist, and merges their parts into what is stored of them."""
    if not known:
        return
    stored = _Stored(team_id, known)
    whole = _nested(stored, known)
    _merge(stored, [draft for draft in known if draft not in whole], rater, is_whole=False)
    half = [draft for draft in known if draft not in whole and _is_half_known(stored, draft)]
    _merge(stored, [draft for draft in known if draft in whole or draft in half], rater, is_whole=True)
    for draft in known:
        draft.add_up()
        draft.fill()
    judge_known(team_id, known)


def _is_half_known(stored: _Stored, draft: Draft) -> bool:
    """Whether steps that the parts do not mention matter to what it costs now."""
    return has_lost_cost(draft) or (is_moved(draft) and bool(stored.tells(draft) & _ANY_USAGE))


def _merge(stored: _Stored, drafts: Sequence[Draft], rater: Rater | None, *, is_whole: bool) -> None:
    if not drafts:
        return
    steps = _read_steps(stored, drafts, is_whole=is_whole)
    for draft in drafts:
        id = draft.execution[0]
        draft.build_on(stored.rows[id], stored.counted[id], steps.get(id, ()), is_whole=is_whole)
    rate(stored.team_id, drafts, rater)


def _nested(stored: _Stored, known: Sequence[Draft]) -> set[Draft]:
    """The executions in which a step that tells usage may have steps below it."""
    found, asked = set(), []
    for draft in known:
        tells = stored.tells(draft)
        if tells & _ANY_MARK:
            found.add(draft)
        elif tells & _ANY_USAGE or any(map(is_telling, draft.steps.values())):
            asked.append(draft)
    for (class_, day), drafts in stored.by_place(asked):
        rows = [row for draft in drafts for row in draft.steps.values()]
        telling = [row[1] for row in rows if is_telling(row)]
        parents = {row[_PARENT] for row in rows} - {None}
        if telling or parents:
            ids = [draft.execution[0] for draft in drafts]
            told = run_once(_FIND_NESTED, [stored.team_id, class_, day, ids, telling, list(parents)])
            hit = {id for (id,) in told}
            own = parents.intersection(telling)
            found |= {d for d in drafts if d.execution[0] in hit or not own.isdisjoint(d.steps)}
    return found


def _read_steps(stored: _Stored, drafts: Sequence[Draft], *, is_whole: bool) -> dict[UUID, list[Row]]:
    """The stored rows of the steps that the parts mention, or of all, by execution; one query per partition."""
    found: dict[UUID, list[Row]] = {}
    for place, some in stored.by_place(drafts):
        pairs = [(draft.execution[0], number) for draft in some for number in draft.steps]
        if not (pairs or is_whole):
            continue
        if is_whole:
            read, asked = _READ_ALL, [[draft.execution[0] for draft in some]]
        else:
            read, asked = _READ_STEPS, [list(column) for column in zip(*pairs, strict=True)]
        for values in run_once(read, [stored.team_id, *place, *asked]):
            found.setdefault(values[0], []).append(adopt_told(load(STEP, values)))
    return found
