"""The ledger of sources, exact at every moment: the hours that are folded and the receipts that are not yet.

Hours and receipts are read in one statement, so a fold that happens meanwhile moves nothing out of sight. Accepted is
stored and known already together.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from accounts.statements import run_planned
from monitoring.windows import EARLIEST, LATEST, Window

HOUR = timedelta(hours=1)
Step = Literal["hour", "day"]

_COUNTS = [f"{one}_count" for one in ("request", "stored", "duplicate", "rejected", "ignored", "refused", "byte")]
_LEDGER = f"""
WITH told AS (
    SELECT source_id, hour AS at, {", ".join(_COUNTS)}, lag_sum_ms, lag_max_ms, lag_count
    FROM source_hour WHERE team_id = %(team)s AND hour >= %(start)s AND hour < %(end)s {{of_source}}
    UNION ALL
    SELECT source_id, received_at, {", ".join(_COUNTS)}, COALESCE(lag_ms, 0), lag_ms, (lag_ms IS NOT NULL)::int
    FROM source_receipt WHERE team_id = %(team)s AND received_at >= %(start)s AND received_at < %(end)s {{of_source}}
)
SELECT {{key}}, {", ".join(f"sum({name})::bigint" for name in _COUNTS)},
    sum(lag_sum_ms)::bigint, max(lag_max_ms)::bigint, sum(lag_count)::bigint
FROM told GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Items by what became of them; `refused` are whole requests. Lag is the age of the newest record of a request."""

    requests: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    ignored: int = 0
    refused: int = 0
    bytes: int = 0
    lag_sum_ms: int = 0
    lag_max_ms: int | None = None
    lag_count: int = 0

    @property
    def accepted(self) -> int:
        """Items that are safe: stored, or known already."""
        return self.stored + self.duplicate

    @property
    def lag_average_ms(self) -> float | None:
        """The average lag of requests in milliseconds; None where no request told a time."""
        return self.lag_sum_ms / self.lag_count if self.lag_count else None

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        maxima = [one for one in (self.lag_max_ms, other.lag_max_ms) if one is not None]
        told = {name: getattr(self, name) + getattr(other, name) for name in _SUMMED}
        return Counts(**told, lag_max_ms=max(maxima, default=None))


_SUMMED = [one.name for one in fields(Counts) if one.name != "lag_max_ms"]


def total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return sum(counts, Counts())


def hours_by_source(team_id: UUID, window: Window) -> dict[UUID, dict[datetime, Counts]]:
    """The hours (UTC) of each source in the window in which anything came. One query."""
    found: dict[UUID, dict[datetime, Counts]] = defaultdict(dict)
    text = _LEDGER.format(of_source="", key="source_id, date_trunc('hour', at, 'UTC')")
    for source_id, hour, *counts in run_planned(text, _values(team_id, window)):
        found[source_id][hour] = Counts(*counts)
    return dict(found)


def by_time(team_id: UUID, source_id: UUID, window: Window, step: Step = "hour") -> dict[datetime, Counts]:
    """The hours or days (UTC) of one source in the window in which anything came, in their order."""
    text = _LEDGER.format(of_source="AND source_id = %(source)s", key=f"date_trunc('{step}', at, 'UTC'), true")
    rows = run_planned(text, {**_values(team_id, window), "source": source_id})
    return {at: Counts(*counts) for at, _, *counts in rows}


def all_time(team_id: UUID, source_id: UUID) -> Counts:
    """Everything that a source ever brought."""
    return total(by_time(team_id, source_id, Window(EARLIEST, LATEST), "day").values())


def last_hours(now: datetime, count: int = 24) -> Window:
    """The hour that runs and those before it, as a window of whole hours."""
    end = now.replace(minute=0, second=0, microsecond=0) + HOUR
    return Window(end - count * HOUR, end)


def _values(team_id: UUID, window: Window) -> dict[str, object]:
    return {"team": team_id, "start": window.start, "end": window.end}
