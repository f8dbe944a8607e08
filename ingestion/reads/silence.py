"""For how long sources are silent, and for how long they usually are: from the ledger, which is kept by the hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import run_planned
from monitoring.analysis.rhythm import usual_silence
from monitoring.windows import HOUR, floor_to

# Weeks of the ledger that are looked at, and how much of them shows what nights and weekends are like.
HISTORY, MIN_SPAN = timedelta(weeks=4), timedelta(days=8)
# What reported less often than this has no usual silence.
MIN_HOURS = 6
# A shorter silence is nothing in a ledger by the hour.
LEAST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SourceSilence:
    """A source that reports, or should, and its last report. `usual` is the silence that is longer only for 1 % of the
    time; `LEAST` for one that reported within that time, None where too little is known."""

    id: UUID
    name: str
    last_report_at: datetime
    usual: timedelta | None


# Receipts that are not folded yet are newer than the source's own times. A revoked key reports no more, and should not.
_SOURCES = """
SELECT s.id, s.name, GREATEST(s.last_report_at, r.last_at)
FROM source s
LEFT JOIN accounts_apikey k ON k.id = s.api_key_id AND k.team_id = s.team_id
LEFT JOIN (
    SELECT source_id, max(received_at) AS last_at FROM source_receipt
    WHERE team_id = %(team)s AND refused_count = 0 GROUP BY source_id
) r ON r.source_id = s.id
WHERE s.team_id = %(team)s AND s.is_active AND GREATEST(s.last_report_at, r.last_at) IS NOT NULL
    AND (LEAST(k.revoked_at, k.expires_at) IS NULL OR LEAST(k.revoked_at, k.expires_at) > %(now)s)
ORDER BY lower(s.name), s.id
"""
_GAPS = """
SELECT source_id, hour - lag(hour) OVER (PARTITION BY source_id ORDER BY hour) FROM source_hour
WHERE team_id = %(team)s AND source_id = ANY(%(sources)s) AND hour >= %(since)s AND request_count > refused_count
"""


def silences(team_id: UUID, now: datetime) -> list[SourceSilence]:
    """The active sources of the team that ever reported, by name. At most two queries."""
    rows = run_planned(_SOURCES, {"team": team_id, "now": now})
    usual = _usual(team_id, [row[0] for row in rows if now - row[2] > LEAST], now)
    return [
        SourceSilence(source_id, name, last_at, usual.get(source_id) if now - last_at > LEAST else LEAST)
        for source_id, name, last_at in rows
    ]


def _usual(team_id: UUID, source_ids: Sequence[UUID], now: datetime) -> Mapping[UUID, timedelta]:
    """The usual silence of these sources, where their hours show one."""
    if not source_ids:
        return {}
    gaps: dict[UUID, list[timedelta]] = {}
    values = {"team": team_id, "sources": list(source_ids), "since": floor_to(now, HOUR) - HISTORY}
    for source_id, gap in run_planned(_GAPS, values):
        gaps.setdefault(source_id, [])
        if gap is not None:
            gaps[source_id].append(gap)
    return {source: usual for source, told in gaps.items() if (usual := _usual_of(told)) is not None}


def _usual_of(gaps: Sequence[timedelta]) -> timedelta | None:
    """The time between two hours with reports is silent for sure; parts of the hours themselves may be, too."""
    span = sum(gaps, timedelta(0))
    if len(gaps) < MIN_HOURS or span < MIN_SPAN:
        return None
    found = usual_silence((gap - HOUR for gap in gaps), of=span)
    return max(found or timedelta(0), LEAST)
