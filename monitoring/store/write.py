"""The one way in for records: writes parts of executions in the transaction that is open.

Executions come first, sorted by id: a new one is inserted (which locks it), a known one is locked and read. Whoever
holds an execution alone writes its steps, payloads, logs and facets, so parts are merged here, in Python, by one
set of rules, and each row is written once. Nothing is read back where the execution is new.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import OperationalError

from monitoring.identity import release_id
from monitoring.store.draft import Draft
from monitoring.store.failures import first_leaf, first_leaves, is_failing, save_groups, set_failure
from monitoring.store.fields import EXECUTION, FACET, LOG_LINE, PAYLOAD, STEP, Row, Table
from monitoring.store.labels import save_releases, values_of_labels
from monitoring.store.parts import Part, Written
from monitoring.store.statements import columns, insert, insert_marks, load, replace, run, run_once, select_list

_INSERT_NEW = insert(EXECUTION, "DO NOTHING", "id, counted_at")
_REPLACE_EXECUTIONS = insert(EXECUTION, replace(EXECUTION), "id, counted_at")
_REPLACE_STEPS = insert(STEP, replace(STEP))
_LOCK = (
    f"SELECT counted_at, {select_list(EXECUTION)} FROM execution "
    "WHERE team_id = %s AND id = ANY(%s) ORDER BY id FOR UPDATE"
)
_READ_STEPS = (
    f"SELECT {select_list(STEP)} FROM step WHERE team_id = %s AND retention_class = %s::smallint AND anchor_day = %s "
    "AND (execution_id, id) IN (SELECT * FROM unnest(%s::uuid[], %s::bigint[]))"
)
# Rows that are the same whenever they are sent: a second time changes nothing.
_FIXED: tuple[tuple[Table, int, str], ...] = tuple(
    (table, table.index[name], insert(table, "DO NOTHING", f"execution_id, {name}"))
    for table, name in ((PAYLOAD, "digest"), (LOG_LINE, "id"), (FACET, "key_id"))
)
_WORKFLOW, _RELEASE = EXECUTION.index["workflow_id"], EXECUTION.index["release_id"]


def write(team_id: UUID, parts: Sequence[Part], now: datetime) -> Written:
    """Writes parts of executions of one team; partitions and names exist already.

    Runs inside a `team_context`. Raises `django.db.Error`; the caller's transaction is then lost.
    """
    drafts = _drafts(team_id, parts)
    counted = _insert_new(team_id, drafts)
    known = [draft for draft in drafts if draft.execution[0] not in counted]
    if known:
        _lock_and_merge(team_id, known)
    steps = [row for draft in drafts for row in _steps_to_write(draft)]
    if steps:
        run(_REPLACE_STEPS, [team_id, *columns(STEP, steps)])
    if known:
        counted.update(_replace_known(team_id, known))
        _save_late_releases(team_id, known, counted)
    changed = {place for draft in drafts for place in draft.changed_parts}
    for table, key, statement in _FIXED:
        changed |= _insert_fixed(team_id, drafts, (table, key, statement))
    save_groups(team_id, [draft for draft in drafts if draft.execution[0] in counted], counted)
    _mark(team_id, drafts, counted, changed, now)
    return Written([place in changed for place in range(len(parts))])


def _drafts(team_id: UUID, parts: Sequence[Part]) -> list[Draft]:
    """The executions of the request, sorted by id, built as if each were new."""
    found: dict[UUID, list[tuple[int, Part]]] = {}
    for place, part in enumerate(parts):
        found.setdefault(part.execution_id, []).append((place, part))
    drafts = [Draft(team_id, found[id]) for id in sorted(found)]
    for draft in drafts:
        draft.build()
        draft.fill()
        set_failure(draft.execution, first_leaf(draft.steps.values()) if is_failing(draft.execution) else None)
    return drafts


def _insert_new(team_id: UUID, drafts: Sequence[Draft]) -> dict[UUID, datetime]:
    """Inserts executions that are new; the instants at which they count, by id."""
    return dict(run(_INSERT_NEW, [team_id, *columns(EXECUTION, [draft.execution for draft in drafts])]))


def _lock_and_merge(team_id: UUID, known: Sequence[Draft]) -> None:
    """Locks executions that exist, and merges their parts into what is stored of them."""
    stored = {row[1]: row for row in run(_LOCK, [team_id, [draft.execution[0] for draft in known]])}
    if len(stored) < len(known):
        raise OperationalError("an execution was removed while it was being written")
    rows = {id: load(EXECUTION, row[1:]) for id, row in stored.items()}
    steps = _read_steps(team_id, known, rows)
    for draft in known:
        id = draft.execution[0]
        draft.build_on(rows[id], stored[id][0], steps.get(id, ()))
        draft.fill()


def _read_steps(team_id: UUID, known: Sequence[Draft], rows: dict[UUID, Row]) -> dict[UUID, list[Row]]:
    """The stored rows of those steps that the parts mention, by execution; one query per partition."""
    wanted: dict[tuple[int, str], list[tuple[UUID, int]]] = {}
    for draft in known:
        row = rows[draft.execution[0]]
        place = row[EXECUTION.index["retention_class"]], row[EXECUTION.index["anchor_day"]]
        wanted.setdefault(place, []).extend((draft.execution[0], number) for number in draft.steps)
    found: dict[UUID, list[Row]] = {}
    for (class_, day), pairs in wanted.items():
        if pairs:
            ids, numbers = zip(*pairs, strict=True)
            for values in run_once(_READ_STEPS, [team_id, class_, day, list(ids), list(numbers)]):
                found.setdefault(values[0], []).append(load(STEP, values))
    return found


def _steps_to_write(draft: Draft) -> Iterable[Row]:
    if draft.stored is None:
        return draft.steps.values()
    return [draft.steps[number] for number in sorted(draft.changed_steps)]


def _replace_known(team_id: UUID, known: Sequence[Draft]) -> dict[UUID, datetime]:
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


def _insert_fixed(team_id: UUID, drafts: Sequence[Draft], target: tuple[Table, int, str]) -> set[int]:
    """Inserts payload chunks, log lines or facets; the places of parts that brought a new one."""
    table, key, statement = target
    rows: dict[tuple[UUID, int, str], Row] = {}
    places: dict[tuple[UUID, int], int] = {}
    for draft in drafts:
        for place, part in draft.parts:
            for row in _fixed_rows(part, table):
                rows.setdefault((row[0], row[key], row[-1]), row)
                places.setdefault((row[0], row[key]), place)
    if not rows:
        return set()
    inserted = run(statement, [team_id, *columns(table, list(rows.values()))])
    return {places[execution, number] for execution, number in inserted}


def _fixed_rows(part: Part, table: Table) -> Iterable[Row]:
    if table is PAYLOAD:
        return [part.payload] if part.payload else []
    return part.logs if table is LOG_LINE else part.facets


def _save_late_releases(team_id: UUID, known: Sequence[Draft], counted: dict[UUID, datetime]) -> None:
    """Makes releases of executions whose workflow and release came in different parts."""
    late = []
    for draft in known:
        workflow, name_id = draft.execution[_WORKFLOW], draft.execution[_RELEASE]
        if draft.stored and workflow and name_id:
            if (draft.stored[_WORKFLOW], draft.stored[_RELEASE]) != (workflow, name_id):
                late.append((workflow, name_id, counted[draft.execution[0]]))
    names = values_of_labels(team_id, [name_id for _, name_id, _ in late])
    rows: dict[UUID, tuple[UUID, str, int, datetime]] = {}
    for workflow, name_id, at in late:
        id = release_id(workflow, names[name_id])
        rows[id] = (workflow, names[name_id], name_id, min(at, rows[id][3]) if id in rows else at)
    save_releases(team_id, rows)


def _mark(
    team_id: UUID, drafts: Sequence[Draft], counted: dict[UUID, datetime], changed: set[int], now: datetime
) -> None:
    """Queues the buckets in which changed executions count, and those in which they counted before."""
    marks = set()
    for draft in drafts:
        if any(place in changed for place, _ in draft.parts):
            marks.add(draft.mark(counted[draft.execution[0]]))
            if before := draft.mark_before():
                marks.add(before)
    insert_marks(team_id, sorted(marks), now)
