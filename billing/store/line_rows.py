"""Rows of `cost_line` that the fold owns: read by hour, and written where they differ."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from accounts.statements import run_planned
from billing.analysis.lines import Figures, Line, Names, WorkflowHour
from billing.models import Entry

# What the fold makes of hours. Entered and allocated lines are not its own.
ENTRIES = (Entry.USAGE, Entry.CORRECTION, Entry.RE_RATED)
_OWN = f"entry IN ({', '.join(str(entry.value) for entry in ENTRIES)})"
_COLUMNS = ("id", "entry", "booked_on", *Names._fields, *Figures._fields, "currency", "corrects_id", "reason")
_FIGURES_AT = 3 + len(Names._fields)
_REST_AT = _FIGURES_AT + len(Figures._fields)
_READ = f"""
SELECT {", ".join(f"l.{column}" for column in _COLUMNS)}
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(hours)s::timestamptz[])
    AS h(workflow_id, environment_id, hour)
CROSS JOIN LATERAL (
    SELECT * FROM cost_line WHERE team_id = %(team)s AND workflow_id = h.workflow_id
        AND environment_id = h.environment_id AND hour = h.hour AND {_OWN} OFFSET 0
) l
"""
# Those that name the rate they were made at.
_READ_ALLOCATED = f"""
SELECT {", ".join(_COLUMNS)} FROM cost_line WHERE team_id = %(team)s AND booked_on >= %(since)s
    AND entry = {Entry.ALLOCATED.value} AND price_id IS NOT NULL ORDER BY id
"""
_WRITTEN = (*_COLUMNS, "folded_at")
_INSERT = f"""
INSERT INTO cost_line (team_id, {", ".join(_WRITTEN)})
SELECT %(team)s, {", ".join(_COLUMNS)}, %(now)s
FROM json_populate_recordset(NULL::cost_line, %(rows)s::json) ORDER BY id
ON CONFLICT (team_id, id) DO UPDATE SET {", ".join(f"{column} = EXCLUDED.{column}" for column in _WRITTEN)}
"""
_encode = msgspec.json.Encoder(decimal_format="string").encode


def read_hours(team_id: UUID, hours: Sequence[WorkflowHour]) -> dict[WorkflowHour, list[Line]]:
    """All lines of the fold that are of these hours, on whichever day they count."""
    workflows, environments, starts = (list(column) for column in zip(*hours, strict=True))
    values: dict[str, Any] = {"team": team_id, "workflows": workflows, "environments": environments, "hours": starts}
    found: dict[WorkflowHour, list[Line]] = {hour: [] for hour in hours}
    for row in run_planned(_READ, values):
        line = _line(row)
        found[line.names.of].append(line)
    return found


def read_allocated(team_id: UUID, since: date) -> list[Line]:
    """The shares of fixed costs that count on a day or later, in the order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_READ_ALLOCATED, {"team": team_id, "since": since})
        return [_line(row) for row in cursor.fetchall()]


def _line(row: Sequence[Any]) -> Line:
    id, entry, booked_on = row[:3]
    names, figures = Names(*row[3:_FIGURES_AT]), Figures(*row[_FIGURES_AT:_REST_AT])
    currency, corrects_id, reason = row[_REST_AT:]
    return Line(id, entry, booked_on, names, figures, currency, corrects_id, reason)


# A workflow in an environment, on a day: what rollups are made anew for.
Part = tuple[UUID, int, date]


def replace(team_id: UUID, stored: Iterable[Line], wanted: Iterable[Line], now: datetime) -> set[Part]:
    """Puts lines in place of those that are stored; what does not differ is left alone. Which parts changed.

    `stored` may hold no line of a closed month: those never change.
    """
    before, after = {line.id: line for line in stored}, {line.id: line for line in wanted}
    gone = [line for id, line in before.items() if id not in after]
    changed = [line for id, line in after.items() if before.get(id) != line]
    with connection.cursor() as cursor:
        if gone:
            cursor.execute(
                "DELETE FROM cost_line WHERE team_id = %s AND id = ANY(%s)", [team_id, [line.id for line in gone]]
            )
        if changed:
            rows = [_document(line) for line in changed]
            cursor.execute(_INSERT, {"team": team_id, "now": now, "rows": _encode(rows).decode()})
    touched = [*gone, *changed, *(before[line.id] for line in changed if line.id in before)]
    return {(line.names.workflow_id, line.names.environment_id, line.booked_on) for line in touched}


def _document(line: Line) -> dict[str, Any]:
    about = (line.id, line.entry, line.booked_on, *line.names, *line.figures)
    values = (*about, line.currency, line.corrects_id, line.reason)
    return dict(zip(_COLUMNS, values, strict=True))
