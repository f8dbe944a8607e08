"""One execution while it is written: what is known, and the parts of this request merged into it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from monitoring.identity import NO_WORKFLOW, PRODUCTION, LabelKind, execution_id, label_id
from monitoring.store.classes import class_of_line
from monitoring.store.covering import cover, is_flawed, is_nested, uncover
from monitoring.store.fields import CLASS_PLACE, DAY_PLACE, EXECUTION, FIXED_TABLES, LOG_LINE, PAYLOAD, STEP, Row
from monitoring.store.merge import ENDED, merge_row
from monitoring.store.parts import Part
from monitoring.store.statements import Mark
from monitoring.store.totals import (
    STEPS_ARE_NESTED,
    STEPS_NEED_REVIEW,
    add_difference,
    set_totals,
    step_totals,
    sum_steps,
)

_AT = EXECUTION.index
_CLASS, _DAY, _ORIGIN, _ENVIRONMENT = (
    _AT[name] for name in ("retention_class", "anchor_day", "origin_id", "environment_id")
)
_EXTERNAL, _ATTEMPT, _WORKFLOW = _AT["external_id"], _AT["attempt"], _AT["workflow_id"]
PRODUCTION_ID = label_id(LabelKind.ENVIRONMENT, PRODUCTION)
_REVISIONS, _STATUS, _HEARD = _AT["revisions"], _AT["status"], _AT["heard_at"]
_IMPORTED, _LEVEL = _AT["is_imported"], LOG_LINE.index["level"]
_STEP_ID = STEP.index["id"]
_STEP_STARTED, _STEP_ENDED = STEP.index["started_at"], STEP.index["ended_at"]


def default_origin(team_id: UUID, execution: Row) -> UUID:
    """The origin of an execution that tells none: its own first attempt."""
    if execution[_ATTEMPT] == 1:
        found: UUID = execution[0]
        return found
    return execution_id(team_id, execution[_EXTERNAL], 1)


class Draft:
    """One execution of the request with its merged rows; `stored` is its row in the database, None for a new one.

    `steps` are those that the parts mention; all that there are where the execution `is_whole`.
    """

    def __init__(self, team_id: UUID, parts: list[tuple[int, Part]]) -> None:
        self.team_id = team_id
        self.parts = parts
        self.stored: Row | None = None
        self.is_whole = True
        self.counted_before: datetime | None = None
        self.execution: Row = []
        self.old_steps: dict[int, Row] = {}
        self.steps: dict[int, Row] = {}
        self.changed_steps: set[int] = set()
        self.changed_parts: set[int] = set()
        # Rows that never change, by table and key, each with the place of the part that brought it first.
        self.fixed: dict[str, dict[Any, tuple[Row, int]]] = {table.name: {} for table in FIXED_TABLES}

    def build(self) -> None:
        """Merges the parts, in their order, into a new execution. Its steps are rated next."""
        first = self.parts[0][1]
        self.execution = list(first.execution)
        for number, (place, part) in enumerate(self.parts):
            changed = number == 0 or merge_row(EXECUTION, self.execution, part.execution)
            if self._merge_steps(part) | self._take_fixed(part, place) | changed:
                self.changed_parts.add(place)

    def build_on(self, stored: Row, counted_at: datetime, old_steps: Iterable[Row], *, is_whole: bool) -> None:
        """Merges the parts again, this time into what the database holds. Steps that changed are rated next."""
        self.stored, self.counted_before, self.is_whole = stored, counted_at, is_whole
        self.execution = list(stored)
        # Environment and origin that only stand for "not told" lose to told ones.
        if self.execution[_ENVIRONMENT] == PRODUCTION_ID and "environment_id" not in (stored[_REVISIONS] or ()):
            self.execution[_ENVIRONMENT] = None
        if self.execution[_ORIGIN] == default_origin(self.team_id, stored):
            self.execution[_ORIGIN] = None
        self.old_steps = {row[_STEP_ID]: row for row in old_steps}
        self.steps = {number: list(row) for number, row in self.old_steps.items()}
        self.changed_steps, self.changed_parts = set(), set()
        for place, part in self.parts:
            changed = merge_row(EXECUTION, self.execution, part.execution)
            if self._merge_steps(part) or changed:
                self.changed_parts.add(place)

    def unrated(self, *, has_moved: bool) -> Iterable[Row]:
        """The steps that are to be rated: what changed, and without a time of their own where the execution moved."""
        if self.stored is None:
            yield from self.steps.values()
            return
        for number, row in self.steps.items():
            is_untimed = row[_STEP_ENDED] is None and row[_STEP_STARTED] is None
            if number in self.changed_steps or (has_moved and is_untimed):
                yield row

    def add_up(self) -> None:
        """The totals over the steps, once these are rated."""
        rows = self.steps.values()
        marks = STEPS_NEED_REVIEW if any(map(is_flawed, rows)) else 0
        if self.is_whole and is_nested(self.steps):
            marks |= STEPS_ARE_NESTED | (STEPS_NEED_REVIEW if cover(self.steps) else 0)
        else:
            uncover(rows)
        totals = sum_steps(rows)
        if self.stored is not None and self.is_whole:
            self.changed_steps |= {number for number, row in self.steps.items() if row != self.old_steps.get(number)}
        elif self.stored is not None:
            totals = add_difference(step_totals(self.stored), sum_steps(self.old_steps.values()), totals)
        set_totals(self.execution, totals, marks)

    def _merge_steps(self, part: Part) -> bool:
        known, changed = self.steps, False
        copy = len(self.parts) > 1 or self.stored is not None
        for row in part.steps:
            number = row[_STEP_ID]
            old = known.get(number)
            if old is None:
                known[number] = list(row) if copy else row
            elif not merge_row(STEP, old, row):
                continue
            changed = True
            self.changed_steps.add(number)
        return changed

    def _take_fixed(self, part: Part, place: int) -> bool:
        """Collects rows that never change; whether the part brings one that the others before it did not.

        Copies, because `fill` puts them where the execution is: parts may be written again without the others.
        """
        before = sum(map(len, self.fixed.values()))
        if part.payload is not None:
            self.fixed[PAYLOAD.name].setdefault(part.payload[1], (list(part.payload), place))
        for row in part.logs:
            self.fixed[LOG_LINE.name].setdefault(row[1], (list(row), place))
        return sum(map(len, self.fixed.values())) > before

    def fill(self) -> None:
        """Fills in what was not told, as the database keeps it, and puts all rows where the execution is."""
        execution = self.execution
        if execution[_ENVIRONMENT] is None:
            execution[_ENVIRONMENT] = PRODUCTION_ID
        if execution[_ORIGIN] is None:
            execution[_ORIGIN] = default_origin(self.team_id, execution)
        if execution[_STATUS] >= ENDED:
            # Of what has ended nobody waits to hear: a report that comes again leaves its row alone.
            execution[_HEARD] = None
        if self.stored is not None or len(self.parts) > 1:
            for row in self.own_rows():
                row[CLASS_PLACE], row[DAY_PLACE] = execution[_CLASS], execution[_DAY]
            for row in self.lines():
                row[CLASS_PLACE] = class_of_line(execution[_CLASS], row[_LEVEL], is_imported=execution[_IMPORTED])

    def own_rows(self) -> Iterable[Row]:
        """All rows of partitioned tables."""
        yield from self.steps.values()
        for rows in self.fixed.values():
            yield from (row for row, _ in rows.values())

    def lines(self) -> Iterable[Row]:
        """Its log lines."""
        return (row for row, _ in self.fixed[LOG_LINE.name].values())

    @property
    def place(self) -> tuple[int, Any]:
        """Retention class and anchor day."""
        return self.execution[_CLASS], self.execution[_DAY]

    def marks(self, counted_at: datetime) -> set[Mark]:
        """The buckets in which this execution counts now and counted before."""
        found = {_mark(self.execution, counted_at)}
        if self.stored is not None and self.counted_before is not None:
            found.add(_mark(self.stored, self.counted_before))
        return found


def _mark(execution: Row, counted_at: datetime) -> Mark:
    minute = counted_at.replace(second=0, microsecond=0)
    return execution[_WORKFLOW] or NO_WORKFLOW, execution[_ENVIRONMENT], minute
