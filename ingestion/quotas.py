"""What a team may report and keep, and whether its next request is within that.

Rates are counted in Valkey for all processes together, in one round trip a request; a team without limits costs none.
While Valkey is gone each process counts for itself. The executions of the month come from rollups and the storage from
the last measurement, both remembered for a minute: these two limits are kept to within what comes in that time.
"""

import math
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from accounts.buckets import Buckets, Limit
from accounts.rates import Counted, count_refusal, forget_pause, take
from accounts.statements import run_prepared
from accounts.tenancy import team_context
from ingestion.sources import SourceInfo
from monitoring.models.rollup import Dimension, Grain

NAMES = ("requests_per_second", "burst", "steps_per_second", "monthly_executions", "storage_bytes")
REMEMBERED_SECONDS = 5.0
USAGE_SECONDS = 60.0
MAX_TEAMS = 10_000
# Full storage or a full month does not pass in a moment.
QUOTA_RETRY_SECONDS = 3_600

_LIMITS = f"SELECT {', '.join(NAMES)} FROM team_limits WHERE team_id = %s"
_MONTH = f"""SELECT coalesce(sum(runs), 0)::bigint FROM rollup WHERE team_id = %s AND grain = {int(Grain.MONTH)}
    AND dimension = {int(Dimension.NONE)} AND bucket = %s"""
_STORAGE = "SELECT storage_bytes FROM team_storage WHERE team_id = %s"


class LimitReached(Exception):
    """A request is beyond what the team may. `limit` is the field, `allowed` its value."""

    def __init__(self, limit: str, allowed: float, retry_after: int) -> None:
        super().__init__(limit)
        self.limit, self.allowed, self.retry_after = limit, allowed, retry_after


@dataclass(slots=True)
class _Team:
    """What this process knows of a team: its limits, its usage, its own buckets, steps that were not told yet."""

    limits: dict[str, int] = field(default_factory=dict)
    limits_until: float = 0.0
    month: int = 0
    storage: int = 0
    usage_until: float = 0.0
    buckets: Buckets = field(default_factory=Buckets)
    steps: int = 0


_teams: dict[UUID, _Team] = {}


def forget_limits() -> None:
    """Empties what this process remembers: for tests."""
    _teams.clear()
    forget_pause()


def limits_of(team_id: UUID) -> dict[str, int]:
    """The limits of a team by name, 0 where there is none: its own, else the installation's."""
    rows = run_prepared(_LIMITS, [team_id])
    own = dict(zip(NAMES, rows[0], strict=True)) if rows else {}
    return {name: settings.LIMITS[name] if own.get(name) is None else own[name] for name in NAMES}


def check(source: SourceInfo, now: datetime) -> None:
    """Counts a request of a source. Raises `LimitReached`, and then nothing of it may be taken."""
    team = _known(source.team_id)
    counted = Counted(source.team_id, source.key_id, now, is_read=False) if source.key_id else None
    try:
        _check_quotas(source.team_id, team, now, time.monotonic())
    except LimitReached:
        count_refusal(counted)
        raise
    buckets = _buckets(team, source)
    if not buckets:
        return
    team.steps = 0
    found = take(str(source.team_id), buckets, team.buckets, counted)
    if found.place:
        limit = buckets[found.place - 1]
        name = "steps_per_second" if limit.name == "steps" else "requests_per_second"
        raise LimitReached(name, limit.rate, max(1, math.ceil(found.wait)))


def count_steps(source: SourceInfo, steps: int) -> None:
    """Notes steps that were taken in: the next request tells them."""
    team = _known(source.team_id)
    if team.limits["steps_per_second"]:
        team.steps += steps


def _known(team_id: UUID) -> _Team:
    team = _teams.get(team_id)
    if team is None:
        if len(_teams) >= MAX_TEAMS:
            _teams.clear()
        team = _teams[team_id] = _Team()
    if team.limits_until < (at := time.monotonic()):
        team.limits, team.limits_until = limits_of(team_id), at + REMEMBERED_SECONDS
    return team


def _check_quotas(team_id: UUID, team: _Team, now: datetime, at: float) -> None:
    month, storage = team.limits["monthly_executions"], team.limits["storage_bytes"]
    if not (month or storage):
        return
    if team.usage_until < at:
        team.month, team.storage = usage_of(team_id, now)
        team.usage_until = at + USAGE_SECONDS
    if month and team.month >= month:
        raise LimitReached("monthly_executions", month, QUOTA_RETRY_SECONDS)
    if storage and team.storage >= storage:
        raise LimitReached("storage_bytes", storage, QUOTA_RETRY_SECONDS)


def usage_of(team_id: UUID, now: datetime) -> tuple[int, int]:
    """Executions of this month (UTC), and bytes of storage as last measured."""
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with team_context(team_id):
        runs = run_prepared(_MONTH, [team_id, month])
        storage = run_prepared(_STORAGE, [team_id])
    return runs[0][0], storage[0][0] if storage else 0


def _buckets(team: _Team, source: SourceInfo) -> list[Limit]:
    rate, steps = team.limits["requests_per_second"], team.limits["steps_per_second"]
    found = []
    if rate:
        found.append(Limit("requests", rate, team.limits["burst"] or 2 * rate, 1, 1))
    if source.key_id and (own := source.key_requests_per_second):
        found.append(Limit(f"key:{source.key_id}", own, source.key_burst or 2 * own, 1, 1))
    if steps:
        found.append(Limit("steps", steps, 2 * steps, team.steps, 0))
    return found
