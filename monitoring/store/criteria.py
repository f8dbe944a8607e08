"""Success criteria on the write path: which a team has, and what they say of executions.

A team without criteria pays a look into a dictionary: what a team has is remembered for a few seconds. What criteria
say depends on the merged execution and all chunks of its payload alone, so order, repetition and splitting of parts do
not matter.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.analysis.criteria import Criterion, facts, judge
from monitoring.statuses import Status
from monitoring.store.draft import Draft
from monitoring.store.fields import EXECUTION, PAYLOAD, TOKEN_NAMES, Row
from monitoring.store.payloads import merge_own
from monitoring.store.statements import run_once

REMEMBERED_SECONDS = 5.0
MAX_REMEMBERED = 10_000
# Payloads that are read in one go: they may be large.
READ_AT_ONCE = 50

# By workflow; those without any are missing.
Criteria = Mapping[UUID, Sequence[Criterion]]

_READ = "SELECT workflow_id, id, name, expression FROM success_criterion WHERE team_id = %s ORDER BY position, id"
_READ_BODIES = (
    "SELECT execution_id, body FROM payload WHERE team_id = %s AND retention_class = %s::smallint AND anchor_day = %s "
    "AND execution_id = ANY(%s)"
)
_AT = EXECUTION.index
_WORKFLOW, _STATUS, _COST, _STEPS = (_AT[name] for name in ("workflow_id", "status", "cost_usd", "step_count"))
_START, _FINISH, _DURATION = (_AT[name] for name in ("started_at", "told_finished_at", "told_duration_ms"))
_IS_UNMET, _UNMET = _AT["is_unmet"], _AT["unmet_criteria"]
_CLASS, _DAY = _AT["retention_class"], _AT["anchor_day"]
# All tokens but the reasoning ones, which are a part of the output.
_TOKENS = slice(_AT[TOKEN_NAMES[0]], _AT[TOKEN_NAMES[3]] + 1)
_MS = timedelta(milliseconds=1)

_remembered: dict[UUID, tuple[float, Criteria]] = {}


def forget_criteria() -> None:
    """Empties what this process remembers: after criteria were changed here, and for tests."""
    _remembered.clear()


def criteria_of(team_id: UUID) -> Criteria:
    """The criteria of a team, at most `REMEMBERED_SECONDS` old."""
    kept = _remembered.get(team_id)
    if kept is None or kept[0] < time.monotonic():
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        kept = _remembered[team_id] = time.monotonic() + REMEMBERED_SECONDS, read_criteria(team_id)
    return kept[1]


def read_criteria(team_id: UUID) -> Criteria:
    """The criteria of a team as they are now, in their order."""
    found: dict[UUID, list[Criterion]] = {}
    for workflow, *told in run_prepared(_READ, [team_id]):
        found.setdefault(workflow, []).append(Criterion(*told))
    return found


def judge_new(team_id: UUID, drafts: Sequence[Draft]) -> None:
    """Sets what the criteria say of executions as if each were new."""
    criteria = criteria_of(team_id)
    if criteria:
        for draft in drafts:
            judge_row(draft.execution, criteria, _new_bodies(draft))


def judge_known(team_id: UUID, drafts: Sequence[Draft]) -> None:
    """Sets what the criteria say of executions that exist, from what is stored of their payload and the new chunks."""
    criteria = criteria_of(team_id)
    asked = [draft for draft in drafts if wanted(draft.execution, criteria)]
    bodies = read_bodies(team_id, [draft.execution for draft in asked])
    found = {draft.execution[0]: draft for draft in asked}
    for execution, stored in bodies:
        judge_row(execution, criteria, [*stored, *_new_bodies(found[execution[0]])])
    for draft in drafts:
        if draft.execution[0] not in found:
            judge_row(draft.execution, criteria, ())


def is_judged_anew(draft: Draft) -> bool:
    """Whether the criteria say something else than they did, so that it counts differently."""
    return draft.stored is not None and draft.stored[_IS_UNMET] != draft.execution[_IS_UNMET]


def wanted(execution: Row, criteria: Criteria) -> Sequence[Criterion]:
    """The criteria that an execution must meet: those of its workflow once it has succeeded."""
    return criteria.get(execution[_WORKFLOW], ()) if execution[_STATUS] == Status.SUCCEEDED else ()


def judge_row(execution: Row, criteria: Criteria, bodies: Iterable[bytes]) -> None:
    """Sets the columns of an execution; `bodies` are all chunks of its payload."""
    asked = wanted(execution, criteria)
    if not asked:
        execution[_IS_UNMET] = execution[_UNMET] = None
        return
    told = facts(
        merge_own(bodies),
        duration_ms=duration_of(execution),
        cost_usd=execution[_COST],
        tokens=_sum(execution[_TOKENS]),
        steps=execution[_STEPS],
    )
    found = judge(asked, told)
    execution[_IS_UNMET] = found.is_unmet
    execution[_UNMET] = [str(id) for id in found.unmet] or None


def duration_of(execution: Row) -> float | None:
    """The duration (ms) as the database computes it, see the column `duration_ms` of `execution`."""
    told: float | None = execution[_DURATION]
    start, finish = execution[_START], execution[_FINISH]
    if told is not None or start is None or finish is None:
        return told
    passed: timedelta = finish - start
    return max(passed / _MS, 0.0)


def read_bodies(team_id: UUID, executions: Sequence[Row]) -> Iterator[tuple[Row, list[bytes]]]:
    """Each execution with the stored chunks of its payload, by partition, some at a time."""
    places: dict[tuple[int, date | datetime], list[Row]] = {}
    for row in executions:
        places.setdefault((row[_CLASS], row[_DAY]), []).append(row)
    for (class_, day), rows in places.items():
        for first in range(0, len(rows), READ_AT_ONCE):
            some = rows[first : first + READ_AT_ONCE]
            found: dict[UUID, list[bytes]] = {}
            for id, body in run_once(_READ_BODIES, [team_id, class_, day, [row[0] for row in some]]):
                found.setdefault(id, []).append(body)
            yield from ((row, found.get(row[0], [])) for row in some)


def _new_bodies(draft: Draft) -> list[bytes]:
    return [row[-1] for row, _ in draft.fixed[PAYLOAD.name].values()]


def _sum(counts: Sequence[Any]) -> int | None:
    told = [count for count in counts if count is not None]
    return sum(told) if told else None
