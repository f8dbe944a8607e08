"""What the reports of a source said about sampling: the evidence, by workflow and by where it was said."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.statements import run_planned
from ingestion.records import SamplingOrigin

MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Detected:
    """A workflow of which one in `lowest` to one in `highest` executions is reported; `told` is what said so last."""

    workflow: str
    slug: str
    origin: SamplingOrigin
    lowest: float
    highest: float
    told: str
    last_at: datetime


_DETECTED = """
SELECT w.name, w.slug, d.origin, min(d.lowest), max(d.highest), (array_agg(d.told ORDER BY d.last_at DESC, d.day))[1],
    max(d.last_at)
FROM source_sampling d JOIN workflow w ON w.team_id = d.team_id AND w.id = d.workflow_id
WHERE d.team_id = %(team)s AND d.source_id = %(source)s
GROUP BY w.name, w.slug, d.origin ORDER BY max(d.last_at) DESC, w.name, d.origin LIMIT %(limit)s
"""


def detected(team_id: UUID, source_id: UUID) -> list[Detected]:
    """The evidence, the newest first; one row more than `MAX_SHOWN` where there are more."""
    about = {"team": team_id, "source": source_id, "limit": MAX_SHOWN + 1}
    return [Detected(row[0], row[1], SamplingOrigin(row[2]), *row[3:]) for row in run_planned(_DETECTED, about)]
