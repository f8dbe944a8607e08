"""The sources of a team: what each is, when it last reported, and what came in the last 24 hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from accounts.statements import Row, run_planned
from ingestion.kinds import Completeness, SourceKind, effective_completeness
from ingestion.models import Source
from ingestion.reads.ledger import HOUR, Counts, hours_by_source, last_hours, total
from monitoring.models import Execution

SILENT_AFTER = timedelta(hours=24)
HOURS_SHOWN = 24


class State(StrEnum):
    """What a source is doing, the ones to look at first."""

    KEY_GONE = "key_gone"
    SILENT = "silent"
    WAITING = "waiting"
    REPORTING = "reporting"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """A source and its first and last report; refused requests are no report. `key_gone_at`: revoked or expired.

    `completeness` is what somebody declared (`is_declared`), else what its kind is by nature. `detected_lowest` and
    `detected_highest` are the range of N where its reports say that one in N is sent.
    """

    id: UUID
    kind: SourceKind
    name: str
    address: str
    environment: str
    workflow: str
    completeness: Completeness
    sample_rate: int | None
    is_active: bool
    has_secret: bool
    created_at: datetime
    first_report_at: datetime | None
    last_report_at: datetime | None
    first_execution_id: UUID | None
    key_name: str | None
    key_prefix: str | None
    key_gone_at: datetime | None
    detected_lowest: float | None
    detected_highest: float | None
    is_declared: bool
    cost_rule: str

    @property
    def is_detected(self) -> bool:
        """Whether it counts as sampled because its reports say so."""
        is_open = not self.is_declared and self.completeness == Completeness.COMPLETE
        return is_open and self.detected_highest is not None and self.detected_highest > 1

    def state(self, now: datetime) -> State:
        """Whether it reports. Silent is a source from which nothing came for 24 hours, whatever its rhythm."""
        if not self.is_active:
            return State.OFF
        if self.key_gone_at is not None and self.key_gone_at <= now:
            return State.KEY_GONE
        if self.last_report_at is None:
            return State.WAITING
        return State.SILENT if now - self.last_report_at > SILENT_AFTER else State.REPORTING


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source in the list: `recent` and `hourly` (accepted items) are of the last 24 hours, the running one last."""

    facts: SourceFacts
    state: State
    recent: Counts
    hourly: Sequence[int]


_FACTS = """
SELECT s.id, s.kind, s.name, s.address, s.environment, s.workflow, s.completeness, s.sample_rate, s.is_active,
    s.secret IS NOT NULL, s.created_at, LEAST(s.first_report_at, r.first_at), GREATEST(s.last_report_at, r.last_at),
    COALESCE(s.first_execution_id, r.execution_id), k.name, k.prefix, LEAST(k.revoked_at, k.expires_at),
    d.lowest, d.highest, s.completeness <> '', s.cost_rule
FROM source s
LEFT JOIN accounts_apikey k ON k.id = s.api_key_id AND k.team_id = s.team_id
LEFT JOIN (
    SELECT source_id, min(received_at) AS first_at, max(received_at) AS last_at,
        (array_agg(execution_id ORDER BY id) FILTER (WHERE execution_id IS NOT NULL))[1] AS execution_id
    FROM source_receipt WHERE team_id = %(team)s AND refused_count = 0 GROUP BY source_id
) r ON r.source_id = s.id
LEFT JOIN (
    SELECT source_id, min(lowest) AS lowest, max(highest) AS highest
    FROM source_sampling WHERE team_id = %(team)s GROUP BY source_id
) d ON d.source_id = s.id
WHERE s.team_id = %(team)s {of_source} ORDER BY lower(s.name), s.id
"""


def listing(team_id: UUID, now: datetime) -> list[SourceRow]:
    """All sources by name. The number of queries does not depend on the number of sources."""
    window = last_hours(now, HOURS_SHOWN)
    counted = hours_by_source(team_id, window)
    rows = run_planned(_FACTS.format(of_source=""), {"team": team_id})
    return [_listed(_facts(row), counted, window.start, now) for row in rows]


def find(team_id: UUID, source_id: UUID) -> SourceFacts | None:
    """One source of the team."""
    rows = run_planned(_FACTS.format(of_source="AND s.id = %(source)s"), {"team": team_id, "source": source_id})
    return _facts(rows[0]) if rows else None


def first_execution(team_id: UUID, facts: SourceFacts) -> UUID | None:
    """The execution that the source reported first, if it was stored and is still there."""
    wanted = facts.first_execution_id
    if wanted is None or not Execution.objects.filter(team_id=team_id, id=wanted).exists():
        return None
    return wanted


def has_sources(team_id: UUID) -> bool:
    """Whether the team has any."""
    return Source.objects.filter(team_id=team_id).exists()


def _listed(
    facts: SourceFacts, counted: dict[UUID, dict[datetime, Counts]], start: datetime, now: datetime
) -> SourceRow:
    hours = counted.get(facts.id, {})
    hourly = [hours.get(start + number * HOUR, Counts()).accepted for number in range(HOURS_SHOWN)]
    return SourceRow(facts, facts.state(now), total(hours.values()), hourly)


def _facts(row: Row) -> SourceFacts:
    kind = SourceKind(row[1])
    declared = effective_completeness(kind, row[6])
    name, address, environment, workflow = row[2:6]
    return SourceFacts(row[0], kind, name, address, environment, workflow, declared, *row[7:])
