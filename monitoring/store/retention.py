"""What is too old goes, by each team's policy: executions, their records, figures, the audit log.

Whole partitions go where nobody keeps a row of them, batches of rows elsewhere; what went is in `RetentionRun`.
Imported history stays until the team confirms its deletion; what is held stays.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import OperationalError, connection
from django.utils import timezone

from accounts.cluster import is_cluster
from accounts.models import RetentionPolicy, Team
from accounts.services.retention import policy_of
from accounts.tenancy import team_context
from monitoring.models.execution import DATED, RetentionClass
from monitoring.models.retention_run import RetentionKind
from monitoring.store.archive import ArchiveFailed, Store, store_of, write_part
from monitoring.store.clearing import (
    Archive,
    Pace,
    clear,
    execution_bytes,
    has_kept_imports,
    remove_events,
    remove_executions,
    remove_figures,
    remove_records,
    rewrite,
    rows_by_team,
)
from monitoring.store.expiry_days import Partition, imported_days, owners_of, partitions
from monitoring.store.holds import end_due
from monitoring.store.partitions import forget_partitions
from monitoring.store.rollups import purge_minutes
from monitoring.store.run_log import RunLog

logger = logging.getLogger(__name__)

REFERENCE_KEPT = timedelta(days=90)
QUEUE_KEPT = timedelta(days=1)
# Tables that have the shorter limit of payloads.
CARRIED = frozenset({"payload", "log_line"})
# A partition is written anew where at least this share of its rows goes.
REWRITTEN_FROM = 0.25
_KINDS = {RetentionClass.PRODUCTION: RetentionKind.PRODUCTION, RetentionClass.DEBUG: RetentionKind.DEBUG}


@dataclass(frozen=True, slots=True)
class Limits:
    """From which day on a team keeps what, at one instant."""

    policy: RetentionPolicy
    today: date

    def days(self, class_: int, table: str = "execution") -> int:
        """For how many days rows of a table are kept, counted from their day."""
        own = self.policy.debug_days if class_ == RetentionClass.DEBUG else self.policy.production_days
        short = self.policy.payload_days
        return min(own, short) if short is not None and table in CARRIED else own

    def first(self, class_: int, table: str = "execution") -> date:
        """The oldest day that is kept."""
        return self.today - timedelta(days=self.days(class_, table))

    def kind(self, class_: int, table: str, day: date) -> RetentionKind:
        """Which limit a row of this day is past."""
        return _KINDS[RetentionClass(class_)] if day < self.first(class_) else RetentionKind.PAYLOADS


@dataclass(slots=True)
class Dropped:
    """How much was removed: executions, rows beside them, partitions dropped or emptied, rollup rows of minutes."""

    executions: int = 0
    rows: int = 0
    tables: int = 0
    minutes: int = 0


@dataclass(slots=True)
class _Run:
    """One pass over all teams."""

    now: datetime
    pace: Pace
    limits: dict[UUID, Limits]
    logs: dict[UUID, RunLog]
    imports: dict[tuple[UUID, int], set[date]] = field(default_factory=dict)
    dropped: Dropped = field(default_factory=Dropped)
    # Of a row of executions on the disk.
    row_bytes: float = 0.0
    # Teams whose archive could not be written: no record of theirs goes.
    waiting: set[UUID] = field(default_factory=set)


def drop_expired(now: datetime, *, pace: Pace | None = None) -> Dropped:
    """Removes what is too old, in every team, in short transactions. Running it twice removes nothing more."""
    teams = list(Team.objects.order_by("id").values_list("id", flat=True))
    limits = {team_id: Limits(policy_of(team_id), now.date()) for team_id in teams}
    run = _Run(now, pace or Pace(), limits, {team_id: RunLog(team_id, now) for team_id in teams})
    run.row_bytes = execution_bytes()
    for team_id in teams:
        end_due(team_id, now)
    for class_ in DATED:
        for team_id in teams:
            _drop_executions(run, team_id, class_)
    for class_ in DATED:
        _drop_records(run, class_)
    if run.dropped.tables:
        forget_partitions()
    for team_id in teams:
        _drop_analysis(team_id, now)
        _drop_figures(run, team_id)
        run.dropped.minutes += purge_minutes(team_id, now)
        run.logs[team_id].save()
    return run.dropped


def _drop_executions(run: _Run, team_id: UUID, class_: int) -> None:
    """Removes the team's expired executions and seals their days."""
    limits = run.limits[team_id]
    keeps_imports = not limits.policy.deletes_imported
    run.imports[team_id, class_] = imported_days(team_id, class_, limits.first(class_)) if keeps_imports else set()
    try:
        store = store_of(limits.policy)
        removed = remove_executions(
            team_id,
            class_,
            limits.first(class_),
            now=run.now,
            pace=run.pace,
            keeps_imports=keeps_imports,
            archive=_archiver(store, team_id, class_) if store else None,
        )
        for days in removed:
            for day, count in days.items():
                kind, place = _KINDS[RetentionClass(class_)], store.url if store else ""
                space = int(count * run.row_bytes)
                run.logs[team_id].add(
                    kind, limits.days(class_), day, executions=count, reusable=space, archived_to=place
                )
                run.dropped.executions += count
    except ArchiveFailed as failed:
        # Nothing goes that is not kept elsewhere first.
        logger.error("retention of team %s waits for its archive: %s", team_id, failed)
        run.waiting.add(team_id)
        kind, last = _KINDS[RetentionClass(class_)], limits.first(class_) - timedelta(days=1)
        run.logs[team_id].fail(kind, limits.days(class_), last, f"Not deleted: {failed}")


def _archiver(store: Store, team_id: UUID, class_: int) -> Archive:
    """Writes each batch into the archive, day by day."""

    def keep(batch: Sequence[tuple[UUID, date]]) -> None:
        for day in sorted({day for _, day in batch}):
            ids = [id for id, one in batch if one == day]
            write_part(store, team_id, class_, day, ids, str(min(ids)))

    return keep


def _drop_records(run: _Run, class_: int) -> None:
    """Removes expired records of a class, partition by partition."""
    if not run.limits:
        return
    floor = min(limits.first(one) for limits in run.limits.values() for one in DATED)
    for table in ("step", "facet", "payload", "log_line"):
        newest = max(limits.first(class_, table) for limits in run.limits.values())
        found = [one for one in partitions(table, class_) if one.day < newest]
        if not found:
            continue
        owners = owners_of(table, class_, [one.day for one in found])
        deleted = _deleted(set().union(*owners.values()) - run.limits.keys())
        for one in found:
            try:
                _drop_day(run, one, owners.get(one.day, set()) - deleted, floor)
            except OperationalError:
                # Somebody is at it for long: it goes in an hour.
                logger.warning("partition of %s on %s is in use", table, one.day)


def _deleted(teams: set[UUID]) -> set[UUID]:
    """Those that are no teams any more: what is left of them keeps no partition."""
    return teams - set(Team.objects.filter(id__in=teams).order_by("id").values_list("id", flat=True))


def _drop_day(run: _Run, part: Partition, owners: set[UUID], floor: date) -> None:
    """Removes what is due of one partition; all of it where nobody keeps a row."""
    known = owners & run.limits.keys()
    due = {one for one in known if part.day < run.limits[one].first(part.class_, part.table)} - run.waiting
    with_imports = {
        one for one in due if part.day in run.imports[one, part.class_] and has_kept_imports(one, part.class_, part.day)
    }
    # Reports for such a day may still bring a payload or a line, so that these partitions stay as long as any.
    stays = part.table in CARRIED and part.day >= floor
    if owners == due and not with_imports:
        if due or not stays:
            shares = clear(part, sorted(due), keeps=stays)
            run.dropped.tables += 1
            for team_id, (rows, size) in shares.items():
                _note(run, team_id, part, rows, freed=size)
        return
    _remove_of_some(run, part, due - with_imports, with_imports)


def _remove_of_some(run: _Run, part: Partition, whole: set[UUID], with_imports: set[UUID]) -> None:
    """Removes what some teams have in a partition that others keep; of `whole` ones it is everything.

    Where that is much, the rest is copied and the partition goes: that takes less than deleting row by row.
    """
    removed = {one: remove_records(one, part, pace=run.pace, keeps_imports=True) for one in sorted(with_imports)}
    if not whole and not any(removed.values()):
        # History that stays is passed by each hour.
        return
    counts = rows_by_team(part)
    total = sum(counts.values()) + sum(removed.values())
    is_rewritten = not is_cluster()
    is_much = is_rewritten and sum(counts.get(one, 0) for one in whole) >= REWRITTEN_FROM * total
    left_out = sorted(whole) if is_much else []
    for one in sorted(whole):
        removed[one] = max(counts.get(one, 0), 1) if is_much else remove_records(one, part, pace=run.pace)
    gone = sum(removed.values())
    is_worth_it = is_rewritten and gone and gone >= REWRITTEN_FROM * total
    freed = rewrite(part, left_out, pace=run.pace) if is_worth_it else 0
    for team_id, rows in removed.items():
        if rows:
            reusable = 0 if freed else int(part.bytes * rows / max(total, gone))
            _note(run, team_id, part, rows, freed=int(freed * rows / gone), reusable=reusable)


def _note(run: _Run, team_id: UUID, part: Partition, rows: int, *, freed: int = 0, reusable: int = 0) -> None:
    limits = run.limits[team_id]
    kind = limits.kind(part.class_, part.table, part.day)
    days = limits.days(part.class_, part.table)
    run.logs[team_id].add(kind, days, part.day, rows=rows, freed=freed, reusable=reusable)
    run.dropped.rows += rows


def _drop_figures(run: _Run, team_id: UUID) -> None:
    """Removes figures and events of the audit log that are past their limits."""
    policy, log = run.limits[team_id].policy, run.logs[team_id]
    day = run.now.date() - timedelta(days=policy.metrics_days)
    if rows := remove_figures(team_id, day, pace=run.pace):
        log.add(RetentionKind.METRICS, policy.metrics_days, day - timedelta(days=1), rows=rows)
    since = min(run.now, timezone.now()) - timedelta(days=policy.audit_days)
    if events := remove_events(team_id, since):
        log.add(RetentionKind.AUDIT, policy.audit_days, since.date(), rows=events)


def _drop_analysis(team_id: UUID, now: datetime) -> None:
    """Removes references that were not made again for long, and queued executions that nobody got to diagnose."""
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM healthy_reference WHERE team_id = %s AND built_at < %s", [team_id, now - REFERENCE_KEPT]
        )
        cursor.execute("DELETE FROM due_diagnosis WHERE team_id = %s AND added_at < %s", [team_id, now - QUEUE_KEPT])
