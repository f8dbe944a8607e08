"""What one source's page shows beside its ledger: refusals, unknown attributes, loose lines, metrics. All bounded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.statements import run_planned
from ingestion.models import SourceAttribute
from monitoring.windows import Window

MAX_SHOWN = 200
MAX_EXPORTED = 10_000


@dataclass(frozen=True, slots=True)
class Refused:
    """A reason for which items were refused, over all days, with the last sample."""

    field: str
    reason: str
    count: int
    first_day: datetime
    last_at: datetime
    sample: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """An attribute that nothing understood: its name, the type of one value, when it was first seen."""

    name: str
    example_type: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A log line that belongs to no execution."""

    logged_at: datetime
    level: str | None
    message: str
    labels: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Metric:
    """The latest value of a number that the source measured; of a histogram it is the sum, `count` its values."""

    name: str
    kind: str
    unit: str
    measured_at: datetime
    value: float
    count: int | None
    series: int


_REFUSED = """
SELECT field, reason, sum(item_count)::bigint, min(day)::timestamp AT TIME ZONE 'UTC', max(last_at),
    (array_agg(sample ORDER BY last_at DESC) FILTER (WHERE sample IS NOT NULL))[1]
FROM source_rejection WHERE team_id = %s AND source_id = %s
GROUP BY field, reason ORDER BY max(last_at) DESC, field, reason LIMIT %s
"""


def refused(team_id: UUID, source_id: UUID, limit: int = MAX_SHOWN) -> list[Refused]:
    """Reasons, the latest first."""
    return [Refused(*row) for row in run_planned(_REFUSED, [team_id, source_id, limit])]


def unknown_attributes(team_id: UUID, source_id: UUID) -> list[Unknown]:
    """Attributes that nothing understood, by name; the ledger keeps at most 1,000 a source."""
    found = SourceAttribute.objects.filter(team_id=team_id, source_id=source_id).order_by("name")
    return [Unknown(*row) for row in found.values_list("name", "example_type", "first_seen_at")]


# Words are looked for in so many of the newest lines of the window: a search costs the same whatever a source sent.
MAX_SEARCHED = 100_000
_LINES = """
SELECT logged_at, level, message, labels FROM (
    SELECT * FROM source_line WHERE team_id = %(team)s AND source_id = %(source)s
        AND logged_at >= %(start)s AND logged_at < %(end)s ORDER BY logged_at DESC, id LIMIT %(most)s
) newest
WHERE message ILIKE ALL(%(patterns)s::text[]) AND (%(level)s::text = '' OR level = %(level)s::text)
ORDER BY logged_at DESC, id LIMIT %(limit)s
"""
_LEVELS = """
SELECT DISTINCT level FROM (
    SELECT level FROM source_line WHERE team_id = %(team)s AND source_id = %(source)s
        AND logged_at >= %(start)s AND logged_at < %(end)s ORDER BY logged_at DESC, id LIMIT 10000
) newest WHERE level <> '' ORDER BY 1 LIMIT 50
"""
_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\%_"})


def lines(
    team_id: UUID, source_id: UUID, window: Window, *, text: str = "", level: str = "", limit: int = MAX_SHOWN
) -> list[Line]:
    """Loose lines of the window, the latest first: those with all words of `text`, in any order, and this level."""
    patterns = [f"%{word.translate(_SPECIAL)}%" for word in text.split()]
    about = {"patterns": patterns, "level": level, "limit": limit, "most": MAX_SEARCHED}
    rows = run_planned(_LINES, {**_place(team_id, source_id, window), **about})
    return [Line(at, told, message, labels or {}) for at, told, message, labels in rows]


def levels(team_id: UUID, source_id: UUID, window: Window) -> list[str]:
    """The levels that the newest lines of the window have."""
    return [level for (level,) in run_planned(_LEVELS, _place(team_id, source_id, window))]


def _place(team_id: UUID, source_id: UUID, window: Window) -> dict[str, Any]:
    return {"team": team_id, "source": source_id, "start": window.start, "end": window.end}


# The index leads from name to name: a source with many points is not read whole.
_METRICS = """
WITH RECURSIVE names AS (
    (SELECT name FROM source_metric WHERE team_id = %(team)s AND source_id = %(source)s ORDER BY name LIMIT 1)
    UNION ALL
    SELECT (SELECT m.name FROM source_metric m WHERE m.team_id = %(team)s AND m.source_id = %(source)s
        AND m.name > names.name ORDER BY m.name LIMIT 1) FROM names WHERE names.name IS NOT NULL
)
SELECT latest.name, latest.kind, latest.unit, latest.measured_at, latest.value, latest.sample_count, (
    SELECT count(DISTINCT at_once.labels) FROM source_metric at_once
    WHERE at_once.team_id = %(team)s AND at_once.source_id = %(source)s AND at_once.name = latest.name
        AND at_once.measured_at = latest.measured_at)
FROM names CROSS JOIN LATERAL (
    SELECT * FROM source_metric m WHERE m.team_id = %(team)s AND m.source_id = %(source)s AND m.name = names.name
    ORDER BY m.measured_at DESC, m.id LIMIT 1
) latest ORDER BY latest.name LIMIT %(limit)s
"""


def metrics(team_id: UUID, source_id: UUID, limit: int = MAX_SHOWN) -> list[Metric]:
    """The latest point of each metric, by name; `series` are the label sets measured at that instant."""
    values = {"team": team_id, "source": source_id, "limit": limit}
    return [Metric(*row) for row in run_planned(_METRICS, values)]
