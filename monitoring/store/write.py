"""The one way in for records: writes parts of executions in the transaction that is open.

Executions come first, sorted by id: a new one is inserted (which locks it), a known one is locked and read. Whoever
holds an execution alone writes its steps, payloads and logs, so parts are merged here, in Python, by one
set of rules, and each row is written once. Nothing is read back where the execution is new.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from monitoring.identity import release_id
from monitoring.models.execution import DATED
from monitoring.store.criteria import is_judged_anew, judge_new
from monitoring.store.draft import Draft
from monitoring.store.failures import first_leaf, first_leaves, is_failing, save_groups, set_failure
from monitoring.store.fields import (
    CLASS_PLACE,
    DAY_PLACE,
    EXECUTION,
    FIXED_TABLES,
    LOG_LINE,
    PAYLOAD,
    STEP,
    Row,
    Table,
)
from monitoring.store.known import merge_known
from monitoring.store.labels import Seen, SeenRelease, save_releases, values_of_labels
from monitoring.store.partitions import ensure
from monitoring.store.parts import Part, Written
from monitoring.store.rating import Rater, rate
from monitoring.store.statements import columns, insert, insert_marks, insert_new, replace, run

_REPLACE_EXECUTIONS = insert(EXECUTION, replace(EXECUTION), "id, counted_at")
_REPLACE_STEPS = insert(STEP, replace(STEP))
_INSERT_FIXED = {
    PAYLOAD: insert(PAYLOAD, "ON CONFLICT DO NOTHING", "execution_id, digest"),
    LOG_LINE: insert(LOG_LINE, "ON CONFLICT DO NOTHING", "execution_id, id"),
}
_WORKFLOW, _RELEASE, _COMMIT = (EXECUTION.index[name] for name in ("workflow_id", "release_id", "commit_id"))


def write(
    team_id: UUID, parts: Sequence[Part], now: datetime, *, rater: Rater | None = None, is_careful: bool = False
) -> Written:
    """Writes parts of executions of one team; partitions and names exist already.

    `rater` knows what steps cost; without one only told costs count. Runs inside a `team_context`. Raises
    `django.db.Error`; the caller's transaction is then lost. An `IntegrityError` means that rows were left over from an
    execution that was removed: with `is_careful` they are written over.
    """
    drafts = _drafts(team_id, parts, rater)
    rows = _new_rows(drafts)
    counted = insert_new(team_id, {EXECUTION: rows[EXECUTION]} if is_careful else rows, now)
    if is_careful or len(counted) < len(drafts):
        _write_one_by_one(team_id, drafts, counted, now, rater)
    _save_late_releases(team_id, drafts, counted)
    save_groups(team_id, drafts, counted, now)
    changed = {place for draft in drafts for place in draft.changed_parts}
    return Written([place in changed for place in range(len(parts))])


def _drafts(team_id: UUID, parts: Sequence[Part], rater: Rater | None) -> list[Draft]:
    """The executions of the request, sorted by id, built as if each were new."""
    found: dict[UUID, list[tuple[int, Part]]] = {}
    for place, part in enumerate(parts):
        found.setdefault(part.execution_id, []).append((place, part))
    drafts = [Draft(team_id, found[id]) for id in sorted(found)]
    for draft in drafts:
        draft.build()
    rate(team_id, drafts, rater)
    for draft in drafts:
        draft.add_up()
        draft.fill()
        set_failure(draft.execution, first_leaf(draft.steps.values()) if is_failing(draft.execution) else None)
    judge_new(team_id, drafts)
    return drafts


def _new_rows(drafts: Sequence[Draft]) -> dict[Table, list[Row]]:
    """All rows, by table, as they are if every execution is new."""
    rows: dict[Table, list[Row]] = {EXECUTION: [draft.execution for draft in drafts]}
    rows[STEP] = [row for draft in drafts for row in draft.steps.values()]
    for table in FIXED_TABLES:
        rows[table] = [row for draft in drafts for row, _ in draft.fixed[table.name].values()]
    return rows


def _write_one_by_one(
    team_id: UUID, drafts: Sequence[Draft], counted: dict[UUID, datetime], now: datetime, rater: Rater | None
) -> None:
    """Merges parts of executions that exist into what is stored, and writes the tables one after the other.

    Adds the instants at which known executions count now to `counted`, which has the new ones.
    """
    known = [draft for draft in drafts if draft.execution[0] not in counted]
    merge_known(team_id, known, rater)
    # A line of theirs may be of another class than they are, on a day that had none yet.
    ensure((row[CLASS_PLACE], row[DAY_PLACE]) for draft in known for row in draft.lines() if _is_dated(row))
    steps = [draft.steps[number] for draft in drafts for number in sorted(draft.changed_steps)]
    if steps:
        run(_REPLACE_STEPS, [team_id, *columns(STEP, steps)])
    counted.update(_replace_executions(team_id, known))
    for table in FIXED_TABLES:
        _insert_fixed(team_id, drafts, table)
    marks = set()
    for draft in known:
        if draft.changed_parts or is_judged_anew(draft):
            marks |= draft.marks(counted[draft.execution[0]])
    insert_marks(team_id, sorted(marks), now)


def _is_dated(row: Row) -> bool:
    return row[CLASS_PLACE] in DATED


def _replace_executions(team_id: UUID, known: Sequence[Draft]) -> dict[UUID, datetime]:
    """Writes known executions whose row changed; the instants at which all of them count now."""
    leaves = first_leaves(team_id, [draft for draft in known if draft.changed_parts and is_failing(draft.execution)])
    for draft in known:
        if draft.changed_parts:
            set_failure(draft.execution, leaves.get(draft.execution[0]))
    counted = {draft.execution[0]: draft.counted_before for draft in known if draft.counted_before}
    rows = [draft.execution for draft in known if draft.execution != draft.stored]
    if rows:
        counted.update(run(_REPLACE_EXECUTIONS, [team_id, *columns(EXECUTION, rows)]))
    return counted


def _insert_fixed(team_id: UUID, drafts: Sequence[Draft], table: Table) -> None:
    """Inserts payload chunks or log lines, and notes which parts brought a new one."""
    brought = {
        (draft.execution[0], key): (draft, place)
        for draft in drafts
        for key, (_, place) in draft.fixed[table.name].items()
    }
    if not brought:
        return
    rows = [row for draft in drafts for row, _ in draft.fixed[table.name].values()]
    for execution, key in run(_INSERT_FIXED[table], [team_id, *columns(table, rows)]):
        draft, place = brought[execution, key]
        draft.changed_parts.add(place)


def _save_late_releases(team_id: UUID, drafts: Sequence[Draft], counted: dict[UUID, datetime]) -> None:
    """Makes releases of executions whose workflow, release and commit came in different parts."""
    late = [draft.execution for draft in drafts if _is_late(draft)]
    names = values_of_labels(team_id, [row[at] for row in late for at in (_RELEASE, _COMMIT) if row[at] is not None])
    rows: dict[UUID, SeenRelease] = {}
    for row in late:
        workflow, name_id, commit_id = _released(row)
        release = release_id(workflow, names[name_id])
        seen = Seen(counted[row[0]], None if commit_id is None else (commit_id, names[commit_id]))
        seen = seen.merged(rows[release].seen if release in rows else None)
        rows[release] = SeenRelease(workflow, names[name_id], name_id, seen)
    save_releases(team_id, rows)


def _released(execution: Row) -> tuple[Any, Any, Any]:
    """What an execution tells: workflow, release and commit."""
    return execution[_WORKFLOW], execution[_RELEASE], execution[_COMMIT]


def _is_late(draft: Draft) -> bool:
    """Whether there is a release that no single part tells as it is known now, nor what was stored before."""
    told = _released(draft.execution)
    if told[0] is None or told[1] is None:
        return False
    if draft.stored is not None and _released(draft.stored) == told:
        return False
    return all(_released(part.execution) != told for _, part in draft.parts)
