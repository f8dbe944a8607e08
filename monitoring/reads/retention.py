"""What a policy would delete now, and the log of what was deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min
from django.utils.translation import ngettext

from accounts.models import RetentionPolicy
from accounts.tenancy import team_context
from monitoring.models import DeliveryStatus, LegalHold, RetentionKind, RetentionRun, TrackerDelivery
from monitoring.models.execution import DATED, RetentionClass
from monitoring.ports import OldRows, old_deliveries
from monitoring.store.expiry_days import partitions
from monitoring.store.retention import CARRIED, Limits
from monitoring.wording import count

MAX_RUNS = 200
_TABLES = ("step", "facet", "payload", "log_line")
# Of production by when they count, which an index knows; an execution counts on its day or later.
_DUE = {
    RetentionClass.PRODUCTION: "counted_at < %(before)s::timestamptz AND anchor_day < %(before)s "
    "AND retention_class = 0",
    RetentionClass.DEBUG: "anchor_day < %(before)s AND retention_class = 1",
}


@dataclass(frozen=True, slots=True)
class Due:
    """What one limit would delete now: `bytes` is an estimate, the days are None where there is nothing."""

    kind: RetentionKind
    limit_days: int
    before: date
    executions: int
    bytes: int
    first_day: date | None
    last_day: date | None
    # Of deliveries, which belong to no execution.
    deliveries: int | None = None

    @property
    def amount(self) -> str:
        """How many, in words."""
        if self.deliveries is None:
            text = ngettext("{count} execution", "{count} executions", self.executions)
            return text.format(count=count(self.executions))
        return ngettext("{count} delivery", "{count} deliveries", self.deliveries).format(count=count(self.deliveries))


def preview(team_id: UUID, policy: RetentionPolicy, now: datetime) -> list[Due]:
    """What a policy would delete of a team at once, limit by limit. Space is estimated: of each partition of a day the
    share that the team's steps are of all its rows (as the planner knows them).
    """
    limits = Limits(policy, now.date())
    found = []
    for class_, kind in zip(DATED, (RetentionKind.PRODUCTION, RetentionKind.DEBUG), strict=True):
        first = limits.first(class_)
        days = _days(team_id, class_, first, imports=policy.deletes_imported)
        found.append(_due(kind, limits.days(class_), first, days, _bytes(class_, days, _TABLES)))
    if policy.payload_days is not None:
        carried: dict[date, tuple[int, int]] = {}
        size = 0
        for class_ in DATED:
            short = limits.first(class_, "payload")
            days = _days(team_id, class_, short, imports=policy.deletes_imported)
            days = {day: told for day, told in days.items() if day >= limits.first(class_)}
            size += _bytes(class_, days, sorted(CARRIED))
            for day, (runs, steps) in days.items():
                known = carried.get(day, (0, 0))
                carried[day] = known[0] + runs, known[1] + steps
        before = limits.first(RetentionClass.PRODUCTION, "payload")
        found.append(_due(RetentionKind.PAYLOADS, policy.payload_days, before, carried, size))
    return [*found, _due_deliveries(team_id, policy.delivery_days, now)]


def _due_deliveries(team_id: UUID, limit: int, now: datetime) -> Due:
    """Notices, messages to issue trackers and webhooks that are past the limit. The latest day is not looked for."""
    kept = timedelta(days=limit)
    with team_context(team_id):
        done = TrackerDelivery.objects.filter(team_id=team_id, created_at__lt=now - kept)
        own = done.exclude(status=DeliveryStatus.WAITING).aggregate(count=Count("id"), first=Min("created_at"))
        found = [OldRows("tracker_delivery", own["count"], own["first"]), *old_deliveries(team_id, now, kept)]
        size = sum(_share(one) for one in found)
    first = min((one.first_at.astimezone(UTC).date() for one in found if one.first_at), default=None)
    before = (now - kept).astimezone(UTC).date()
    return Due(RetentionKind.DELIVERIES, limit, before, 0, size, first, None, sum(one.count for one in found))


def _share(rows: OldRows) -> int:
    """Bytes of the table that these rows take: their share of all its rows, as the planner knows them."""
    if not rows.count:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_total_relation_size(oid) * (%(n)s / greatest(reltuples, %(n)s)) FROM pg_class "
            "WHERE oid = %(table)s::regclass",
            {"n": float(rows.count), "table": rows.table},
        )
        return int(cursor.fetchone()[0])


def _due(kind: RetentionKind, limit: int, before: date, days: dict[date, tuple[int, int]], size: int) -> Due:
    executions = sum(runs for runs, _ in days.values())
    return Due(kind, limit, before, executions, size, min(days, default=None), max(days, default=None))


def _days(team_id: UUID, class_: int, before: date, *, imports: bool) -> dict[date, tuple[int, int]]:
    """Executions and steps of the team by day, before a day."""
    kept = "" if imports else " AND NOT is_imported"
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT anchor_day, count(*), coalesce(sum(step_count), 0) FROM execution WHERE team_id = %(team)s AND "
            f"{_DUE[RetentionClass(class_)]}{kept} GROUP BY 1",
            {"team": team_id, "before": before},
        )
        return {day: (runs, int(steps)) for day, runs, steps in cursor.fetchall()}


def _bytes(class_: int, days: dict[date, tuple[int, int]], tables: Sequence[str]) -> int:
    if not days:
        return 0
    all_steps = {one.day: one.rows for one in partitions("step", class_)}
    shares = {day: steps / max(all_steps.get(day, 0), steps, 1) for day, (_, steps) in days.items()}
    sizes = (one for table in tables for one in partitions(table, class_))
    return int(sum(one.bytes * shares.get(one.day, 0) for one in sizes))


def runs(team_id: UUID, limit: int = MAX_RUNS) -> list[RetentionRun]:
    """What was deleted, the latest first."""
    with team_context(team_id):
        return list(RetentionRun.objects.filter(team_id=team_id).order_by("-ended_at", "id")[:limit])


def held_count(team_id: UUID, now: datetime) -> int:
    """How many executions are held."""
    with team_context(team_id):
        return LegalHold.objects.filter(team_id=team_id, held_at__lte=now).count()
