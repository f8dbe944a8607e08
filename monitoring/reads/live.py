"""What is new since the last look: executions that came, changed their status or ended, and what they logged.

There is no queue to listen to: a look asks the index on time for the newest executions, as every page does. Who stays
remembers what was told (`Follower`); who comes back brings a cursor (`look_since`). What is reported more than `LATE`
after it happened is not live, and not told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_prepared
from monitoring.filters import Filters
from monitoring.reads.executions import ExecutionRow, page
from monitoring.windows import Window

LATE = timedelta(minutes=10)
# Of one look; more came than anybody can read.
MOST, MOST_LINES = 500, 1_000
LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
_LINES = f"""SELECT execution_id, id, logged_at, level, message FROM log_line
    WHERE team_id = %(team)s AND execution_id = ANY(%(executions)s::uuid[]) AND anchor_day >= %(day)s
    ORDER BY logged_at DESC NULLS LAST, position DESC, id DESC LIMIT {MOST_LINES}"""


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line that an execution logged. `at` is None where nobody told it."""

    execution: ExecutionRow
    id: int
    at: datetime | None
    level: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found new, oldest first. `is_cut`: more came than a look tells."""

    executions: Sequence[ExecutionRow]
    lines: Sequence[LogRow] = ()
    is_cut: bool = False


@dataclass(slots=True)
class Follower:
    """Remembers what was told. `level` is the least one of log lines that is told, None: no lines."""

    team_id: UUID
    level: str | None = None
    _told: dict[UUID, str] = field(default_factory=dict)
    _lines: set[int] = field(default_factory=set)

    def look(self, filters: Filters, now: datetime, *, since: timedelta = LATE) -> Look:
        """What is new. Two queries, or three with log lines. Call inside the team's context."""
        window = Window(now - since, now + LATE)
        found = page(self.team_id, replace(filters, window=window, sort="-time", after=""), limit=MOST)
        rows = found.rows[::-1]
        fresh = [row for row in rows if self._told.get(row.id) != row.outcome]
        self._told = {row.id: row.outcome for row in rows}
        lines = self._look_at_lines(rows, now) if self.level else ()
        return Look(fresh, lines, is_cut=bool(found.next) and len(fresh) == len(rows))

    def _look_at_lines(self, rows: Sequence[ExecutionRow], now: datetime) -> list[LogRow]:
        by_id = {row.id: row for row in rows}
        told = {"team": self.team_id, "executions": list(by_id), "day": (now - timedelta(days=2)).date()}
        found = [LogRow(by_id[execution], *rest) for execution, *rest in run_prepared(_LINES, told)]
        fresh = [line for line in reversed(found) if line.id not in self._lines and self._is_wanted(line.level)]
        self._lines = {line.id for line in found}
        return fresh

    def _is_wanted(self, level: str | None) -> bool:
        """Whether a line of this level is told: one of a level that nobody knows always is."""
        if self.level is None or level is None or level.lower() not in LEVELS:
            return True
        return LEVELS.index(level.lower()) >= LEVELS.index(self.level)
