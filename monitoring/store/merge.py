"""Merging a reported row into what is known: pure, in place, the same for executions and steps.

Everything is a greatest element of a total order per column, so the result depends only on the set of parts:
(told, ended [statuses only], revision, the column's own rule).
"""

from typing import Any

from monitoring.statuses import Status
from monitoring.store.fields import EXECUTION, STEP, Row, Table

# An ended status is this or greater.
ENDED = int(Status.SKIPPED)
_RELEASE, _COMMIT = EXECUTION.index["release_id"], EXECUTION.index["commit_id"]
_ERROR_ID = {EXECUTION.name: EXECUTION.index["told_error_id"], STEP.name: STEP.index["error_id"]}


def merge_row(table: Table, known: Row, told: Row) -> bool:
    """Merges `told` into `known`; whether anything changed."""
    revisions = table.index["revisions"]
    if known[revisions] or told[revisions]:
        return _merge_revised(table, known, told)
    changed, silent = table is EXECUTION and _merge_commit(known, told, 0, 0), table.silent
    for place, rule in table.rules:
        new = told[place]
        if new is None:
            continue
        old = known[place]
        if old == new:
            continue
        winner = new if old is None else rule(old, new)
        if winner != old:
            known[place] = winner
            # The same report that came again, or earlier by another way, says nothing new.
            changed = changed or place not in silent
    return _merge_error(table, known, told) or changed


def _merge_commit(known: Row, told: Row, rank: int, told_rank: int) -> bool:
    """The commit comes along with the release that wins, before that is merged; of the same release the greater one."""
    if told[_RELEASE] is None:
        return False
    ours = known[_RELEASE] is not None, rank, known[_RELEASE] or 0, known[_COMMIT] is not None, known[_COMMIT] or 0
    theirs = True, told_rank, told[_RELEASE], told[_COMMIT] is not None, told[_COMMIT] or 0
    if theirs <= ours or known[_COMMIT] == told[_COMMIT]:
        return False
    known[_COMMIT] = told[_COMMIT]
    return True


def _error_order(row: Row, place: int, id_place: int) -> tuple[str, int]:
    return row[place], row[id_place] or 0


def _merge_error(table: Table, known: Row, told: Row) -> bool:
    """The greater error text wins and brings the id of its fingerprint along."""
    place, id_place = table.index["error"], _ERROR_ID[table.name]
    if told[place] is None:
        return False
    if known[place] is None or _error_order(told, place, id_place) > _error_order(known, place, id_place):
        known[place], known[id_place] = told[place], told[id_place]
        return True
    return False


def _is_ended(table: Table, name: str, value: Any) -> bool:
    return name == "status" and value >= ENDED


def _merge_revised(table: Table, known: Row, told: Row) -> bool:
    """Merges rows of which one at least was told with a revision; slower, and rare."""
    place = table.index["revisions"]
    ours: dict[str, int] = dict(known[place] or {})
    theirs: dict[str, int] = told[place] or {}
    before = list(known)
    if table is EXECUTION:
        _merge_commit(known, told, ours.get("release_id", 0), theirs.get("release_id", 0))
    for column, rule in table.rules:
        name = table.names[column]
        old, new = known[column], told[column]
        if new is None:
            continue
        ranks = [(_is_ended(table, name, v), r.get(name, 0)) for v, r in ((old, ours), (new, theirs)) if v is not None]
        if old is None or ranks[0] < ranks[1]:
            known[column], rank = new, ranks[-1]
        else:
            rank = ranks[0]
            known[column] = rule(old, new) if ranks[0] == ranks[1] else old
        ours[name] = rank[1]
    _merge_revised_error(table, known, told, ours)
    known[place] = {name: revision for name, revision in ours.items() if revision} or None
    return any(
        old != new for place, (old, new) in enumerate(zip(before, known, strict=True)) if place not in table.silent
    )


def _merge_revised_error(table: Table, known: Row, told: Row, ours: dict[str, int]) -> None:
    theirs = (told[table.index["revisions"]] or {}).get("error", 0)
    place, id_place = table.index["error"], _ERROR_ID[table.name]
    if told[place] is None:
        return
    if known[place] is not None and theirs == ours.get("error", 0):
        _merge_error(table, known, told)
    elif known[place] is None or theirs > ours.get("error", 0):
        known[place], known[id_place] = told[place], told[id_place]
        ours["error"] = theirs


def revisions_of(table: Table, row: Row, revision: int) -> dict[str, int] | None:
    """What to put into `revisions` of a row that was told with this revision."""
    if not revision:
        return None
    told = set()
    for field, value in zip(table.fields, row, strict=True):
        # An execution's status is never NULL: 0 also stands for "not told".
        if field.rule and field.has_revision and value is not None and (field.name != "status" or value):
            told.add(field.name)
    if row[table.index["error"]] is not None:
        told.add("error")
    return dict.fromkeys(sorted(told), revision) or None
