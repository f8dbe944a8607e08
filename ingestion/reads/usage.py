"""How much a team used of what it may: this month and day by day, by source and key, and what its records take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from accounts.reads.keys import Asked, asked_by_key
from accounts.statements import run_planned, run_prepared
from ingestion.models import TeamStorage
from ingestion.quotas import limits_of, usage_of
from ingestion.reads.ledger import Counts, hours_by_source, total
from monitoring.models.rollup import Dimension, Grain
from monitoring.windows import Window

# From this share of a limit on the page warns.
ALERT_SHARE = 0.8
_DAYS = f"""SELECT (bucket AT TIME ZONE 'UTC')::date, sum(runs)::bigint FROM rollup WHERE team_id = %s
    AND grain = {int(Grain.DAY)} AND dimension = {int(Dimension.NONE)} AND bucket >= %s GROUP BY 1 ORDER BY 1"""
_SOURCES = """SELECT s.id, s.name, coalesce(k.name || ' (' || k.prefix || ')', ''), k.id FROM source s
    LEFT JOIN accounts_apikey k ON k.team_id = s.team_id AND k.id = s.api_key_id WHERE s.team_id = %s"""
_KEYS = "SELECT id, name || ' (' || prefix || ')', last_used_at FROM accounts_apikey WHERE team_id = %s"


@dataclass(frozen=True, slots=True)
class SourceUsage:
    """What one source brought this month; `key` names the key it reports with."""

    id: UUID
    name: str
    key: str
    counts: Counts
    key_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What one key brought and asked this month; `refused` are requests that were refused whole, or by limits."""

    id: UUID
    name: str
    last_used_at: datetime | None
    reports: int
    accepted: int
    reads: int
    refused: int

    @property
    def requests(self) -> int:
        """Requests of both kinds, those that limits refused left out where they reported."""
        return self.reports + self.reads


@dataclass(frozen=True, slots=True)
class Usage:
    """The month so far. `storage_at` is None where storage was not measured yet. Limits are 0 where there is none."""

    month: date
    executions: int
    storage_bytes: int
    storage_at: datetime | None
    days: Sequence[tuple[date, int]]
    sources: Sequence[SourceUsage]
    keys: Sequence[KeyUsage]
    limits: dict[str, int]

    def share(self, limit: str) -> float | None:
        """How much of the limit of executions or storage is used, as a share of 1; None without a limit."""
        used = {"monthly_executions": self.executions, "storage_bytes": self.storage_bytes}[limit]
        return used / self.limits[limit] if self.limits[limit] else None


def usage(team_id: UUID, now: datetime) -> Usage:
    """What the team used in the month (UTC) of `now`."""
    start = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    executions, storage = usage_of(team_id, now)
    measured = TeamStorage.objects.filter(team_id=team_id).first()
    by_source = hours_by_source(team_id, Window(start, now))
    sources = [
        SourceUsage(id, name, key, total(by_source[id].values()), key_id)
        for id, name, key, key_id in run_prepared(_SOURCES, [team_id])
        if id in by_source
    ]
    return Usage(
        month=start.date(),
        executions=executions,
        storage_bytes=storage,
        storage_at=measured.measured_at if measured else None,
        days=[(day, runs) for day, runs in run_planned(_DAYS, [team_id, start])],
        sources=sorted(sources, key=lambda one: (-one.counts.accepted, one.name, one.id)),
        keys=_by_key(team_id, sources, start.date()),
        limits=limits_of(team_id),
    )


def _by_key(team_id: UUID, sources: Sequence[SourceUsage], since: date) -> list[KeyUsage]:
    """Keys that brought or asked something from a day on, those with most requests first."""
    asked, found = asked_by_key(team_id, since), []
    for id, name, last_used_at in run_prepared(_KEYS, [team_id]):
        counts, told = total(one.counts for one in sources if one.key_id == id), asked.get(id, Asked())
        if counts.requests or told.reads or told.refused:
            refused = counts.refused + told.refused
            found.append(KeyUsage(id, name, last_used_at, counts.requests, counts.accepted, told.reads, refused))
    return sorted(found, key=lambda one: (-one.requests, one.name, one.id))
