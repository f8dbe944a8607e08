"""Measuring what the records of each team take: from the catalogue and rollups, never by reading records.

The bytes of a day's partitions (tables, indexes, TOAST) are shared among the teams by their executions of that day. So
it is an estimate: a team with larger payloads than others is told too little, and the others too much.
"""

from collections import defaultdict
from datetime import date, datetime
from uuid import UUID

from accounts.models import Team
from accounts.statements import run_planned
from accounts.tenancy import team_context
from ingestion.models import TeamStorage
from monitoring.models.rollup import Dimension, Grain

_SIZES = r"""SELECT to_date(right(c.relname, 8), 'YYYYMMDD'), sum(pg_total_relation_size(c.oid))::bigint
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid
    WHERE p.relname IN ('step', 'payload', 'log_line', 'facet') AND c.relname ~ '_[pd]_\d{8}$' GROUP BY 1 ORDER BY 1"""
_RUNS = f"""SELECT (bucket AT TIME ZONE 'UTC')::date, sum(runs)::bigint FROM rollup WHERE team_id = %s
    AND grain = {int(Grain.DAY)} AND dimension = {int(Dimension.NONE)} AND bucket >= %s GROUP BY 1 ORDER BY 1"""


def measure_storage(now: datetime) -> int:
    """Measures all teams; how many."""
    sizes: dict[date, int] = dict(run_planned(_SIZES))
    if not sizes:
        return 0
    teams = list(Team.objects.order_by("id").values_list("id", flat=True))
    runs = {team_id: _runs(team_id, min(sizes)) for team_id in teams}
    totals: dict[date, int] = defaultdict(int)
    for of_team in runs.values():
        for day, count in of_team.items():
            totals[day] += count
    for team_id, of_team in runs.items():
        _keep(team_id, sum(sizes.get(day, 0) * count // totals[day] for day, count in of_team.items() if count), now)
    return len(teams)


def _runs(team_id: UUID, first: date) -> dict[date, int]:
    with team_context(team_id):
        return dict(run_planned(_RUNS, [team_id, first]))


def _keep(team_id: UUID, size: int, now: datetime) -> None:
    with team_context(team_id):
        known = TeamStorage.objects.filter(team_id=team_id).first() or TeamStorage(team_id=team_id)
        known.storage_bytes, known.measured_at = size, now
        known.save()
