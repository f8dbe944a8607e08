"""Live tail for who comes back: what was written since a cursor, however late its sender's clock.

The cursor is the oldest transaction that was at work when the look began. A row is new if its own transaction is not
older (`xmin`): so what commits while somebody looks is told by the next look, and nothing is left out. Some rows are
told twice (those that were committed already while an older transaction was still at work); whoever shows them knows
them by their keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from accounts.encryption import Unreadable, decrypt, encrypt
from accounts.statements import run_planned
from monitoring.filters import Filters
from monitoring.reads.executions import with_ids
from monitoring.reads.live import LATE, LEVELS, MOST, LogRow, Look
from monitoring.reads.matching import conditions
from monitoring.windows import Window

# Of executions that are still at work, lines count however long ago they began.
WORKING = timedelta(days=30)
MOST_WORKING = 500
_FLOOR = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# Rows keep the lower 32 bits of their transaction: the newest number that has them and is not from the future. A
# transaction sees what it wrote itself, under numbers that are not over yet: hence the room.
_TOP = "(SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1048576 AS top) AS t"
_WRITTEN = "t.top - ((t.top - {row}.xmin::text::bigint) & 4294967295) >= %s"
_EXECUTIONS = """SELECT execution.id FROM execution CROSS JOIN {top} WHERE {where} AND {written}
    ORDER BY counted_at DESC, execution.id DESC LIMIT %s"""
_PLACES = "SELECT id, anchor_day FROM execution WHERE {where}"
_LINES = """SELECT l.execution_id, l.id, l.logged_at, l.level, l.message
    FROM ({recent} UNION ({working} AND status IN (1, 2, 3) LIMIT {most})) AS e
    JOIN log_line l ON l.team_id = %s AND l.execution_id = e.id AND l.anchor_day = e.anchor_day
    CROSS JOIN {top}
    WHERE l.anchor_day >= %s AND {written} AND COALESCE(l.logged_at, %s) >= %s AND l.message ILIKE %s
        AND (lower(l.level) IS NULL OR lower(l.level) = ANY(%s) OR lower(l.level) <> ALL(%s))
    ORDER BY l.logged_at DESC NULLS LAST, l.position DESC, l.id DESC LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a tail shows: executions, log lines from a level on (None: none), or both; `since` is how far back."""

    filters: Filters
    since: datetime
    has_executions: bool = True
    level: str | None = None
    limit: int = MOST


def look_since(team_id: UUID, asked: Asked, cursor: int | None, now: datetime) -> tuple[Look, int]:
    """What was written since the cursor (all that is live without one), oldest first, and the next cursor.

    At most six queries. Inside the team's context.
    """
    ((floor,),) = run_planned(_FLOOR, [])
    window = Window(min(asked.since, now), now + LATE)
    filters = replace(asked.filters, window=window, sort="", after="")
    ids = _new_executions(team_id, filters, cursor or 0, asked.limit) if asked.has_executions else []
    found = _new_lines(team_id, filters, asked, cursor or 0, now) if asked.level else []
    rows = (
        {row.id: row for row in with_ids(team_id, sorted({*ids, *(line[0] for line in found)}))} if ids or found else {}
    )
    executions = [rows[id] for id in ids if id in rows]
    lines = [LogRow(rows[execution], *rest) for execution, *rest in found if execution in rows]
    is_cut = max(len(executions), len(lines)) > asked.limit
    return Look(executions[: asked.limit][::-1], lines[: asked.limit][::-1], is_cut), floor


def write_cursor(team_id: UUID, place: int) -> str:
    """The cursor as text that says nothing: numbers of transactions tell how busy the installation is."""
    return encrypt(f"{team_id}:{place}").decode()


def read_cursor(team_id: UUID, text: str) -> int | None:
    """The place that a cursor of this team names; None where it names none."""
    try:
        whose, _, place = decrypt(text.encode()).partition(":")
    except (Unreadable, UnicodeEncodeError):
        return None
    return int(place) if whose == str(team_id) else None


def _new_executions(team_id: UUID, filters: Filters, cursor: int, limit: int) -> list[UUID]:
    where, params = conditions(team_id, filters)
    sql = _EXECUTIONS.format(top=_TOP, where=where, written=_WRITTEN.format(row="execution"))
    return [id for (id,) in run_planned(sql, [*params, cursor, limit + 1])]


def _new_lines(team_id: UUID, filters: Filters, asked: Asked, cursor: int, now: datetime) -> Sequence[Any]:
    """Lines of executions that are recent or still at work. The text is looked for in lines alone."""
    about = replace(filters, q="")
    recent, recent_values = conditions(team_id, about)
    working, working_values = conditions(team_id, replace(about, window=Window(now - WORKING, now + LATE)))
    sql = _LINES.format(
        recent=_PLACES.format(where=recent),
        working=_PLACES.format(where=working),
        most=MOST_WORKING,
        top=_TOP,
        written=_WRITTEN.format(row="l"),
    )
    pattern = filters.q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    wanted = list(LEVELS[LEVELS.index(asked.level) :]) if asked.level in LEVELS else list(LEVELS)
    day = (asked.since - timedelta(days=2)).date()
    values = [*recent_values, *working_values, team_id, day, cursor, now, asked.since, f"%{pattern}%"]
    return run_planned(sql, [*values, wanted, list(LEVELS), asked.limit + 1])
