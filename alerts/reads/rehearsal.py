"""The past of what a rule looks at, by bucket: from records by the minute, or from rollups by the minute or hour.

Rollups by the minute are kept for 48 hours; what is told of whole executions is counted from their records instead,
bounded. All reads are packed by PostgreSQL into one row a subject: a million executions are some bytes each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.statements import Row, run_planned
from alerts.analysis.catalogue import STEPS, Scope
from alerts.analysis.readings import Subject
from alerts.analysis.sliding import NEEDS, Buckets
from alerts.models import AlertRule
from alerts.reads.measures_values import DIMENSIONS
from monitoring.analysis.arrays import np
from monitoring.analysis.histogram import BIN_SQL
from monitoring.identity import LabelKind, label_id
from monitoring.reads.labels import label_values
from monitoring.statuses import Status
from monitoring.windows import MINUTE

# Above these the past is read by the hour, from rollups; a subject more costs 43,200 windows.
MAX_RUNS = 2_000_000
MAX_SUBJECTS, MAX_TIMED_SUBJECTS = 100, 20
STATEMENT_MS = 10_000
_RUN_VALUES = {
    Scope.RELEASE: "release_id",
    Scope.TRIGGER: "trigger_id",
    Scope.ERROR: "error_id",
    Scope.INPUT_TYPE: "input_type_id",
}
_RATED = f"status IN ({Status.SUCCEEDED:d}, {Status.FAILED:d}, {Status.TIMED_OUT:d})"
_FAILED = f"status IN ({Status.FAILED:d}, {Status.TIMED_OUT:d})"
# Of workflows of which only failures are reported no rate is known.
_KNOWN = """(workflow_id IS NULL OR workflow_id <> ALL(ARRAY(
    SELECT id FROM workflow WHERE team_id = %(team)s AND completeness = 'failures-only')))"""
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_TOLD_TOKENS = f"""CASE WHEN num_nonnulls({", ".join(_TOKENS)}) > 0
    THEN {" + ".join(f"COALESCE({name}, 0)" for name in _TOKENS)} END"""
# Columns of `alerts.analysis.sliding` from records: NULL where nobody told.
_SUMS = {
    "runs": "count(*)",
    "rated": f"count(*) FILTER (WHERE {_RATED} AND {_KNOWN})",
    "failing": f"count(*) FILTER (WHERE {_FAILED} AND {_KNOWN})",
    "failures": f"count(*) FILTER (WHERE {_FAILED})",
    "duration_count": "count(duration_ms)",
    "duration_sum_ms": "sum(duration_ms)",
    "retries": "sum(retry_count + (attempt > 1)::int)",
    "checked": "count(is_unmet)",
    "unmet": "count(*) FILTER (WHERE is_unmet)",
    "tokens": f"sum({_TOLD_TOKENS})",
    "cost_usd": "sum(cost_usd)",
    "api_calls": "sum(api_call_count)",
    "peak_memory_bytes": "max(peak_memory_bytes)",
    "storage_bytes": "sum(storage_bytes)",
    "memory_share": "max(peak_memory_bytes / NULLIF(memory_limit_bytes, 0)::float8)",
    "storage_share": "max(storage_bytes / NULLIF(storage_limit_bytes, 0)::float8)",
}
# What a burn rate is made of.
RATED = ("rated", "failing")
_MINUTE = "floor((date_part('epoch', counted_at) - %(start)s) / 60)::int"
# What only log lines mention is no run yet.
_WHERE = """team_id = %(team)s AND counted_at >= %(from)s AND counted_at < %(to)s
    AND (workflow_id IS NOT NULL OR status <> 0 OR step_count > 0)"""


@dataclass(frozen=True, slots=True)
class Past:
    """Buckets of one length from `start` on, by subject; `is_cut`: there were more subjects than are read."""

    start: datetime
    length: timedelta
    count: int
    subjects: dict[Subject, Buckets]
    is_cut: bool = False


def can_count_records(rule: AlertRule) -> bool:
    """Whether its figures are told of whole executions: what steps did is read from rollups."""
    return rule.scope not in STEPS


_SEALED = "SELECT max(day) + 1 FROM sealed_day WHERE team_id = %(team)s AND retention_class = 0"
_HOURS = """SELECT bucket, sum(runs)::bigint FROM rollup WHERE team_id = %(team)s AND grain = 2 AND dimension = 0
    AND bucket >= %(from)s AND bucket < %(to)s {where} GROUP BY 1 ORDER BY 1 DESC"""


def records_from(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> datetime:
    """The earliest whole hour from which on executions are counted one by one: not before retention removed their
    records, and not more than `MAX_RUNS`. `end` where there is none."""
    start = kept_from(team_id, start)
    told = told_of(team_id, rule, start, end)
    counted, earliest = 0, end
    for bucket, runs in run_planned(_HOURS.format(where=which_rows(rule)), told):
        counted += runs
        if counted > MAX_RUNS:
            return earliest
        earliest = bucket
    return min(start, end)


def kept_from(team_id: UUID, start: datetime) -> datetime:
    """From when on records are kept: `start`, or the end of the last day whose records retention removed."""
    ((sealed,),) = run_planned(_SEALED, {"team": team_id})
    if sealed is None:
        return start
    return max(start, datetime(sealed.year, sealed.month, sealed.day, tzinfo=start.tzinfo))


def by_minute(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> Past:
    """The figures that the rule's metric needs, by the minute, counted from executions in [start, end)."""
    needs, count = NEEDS.get(rule.metric, RATED), (end - start) // MINUTE
    if needs == ("bins",):
        rows, limit = _timed_rows(team_id, rule, start, end), MAX_TIMED_SUBJECTS
    else:
        rows, limit = _summed_rows(team_id, rule, start, end, needs), MAX_SUBJECTS
    names = label_values(team_id, [row[1] for row in rows if row[1] is not None])
    read = _read_timed if needs == ("bins",) else _read_summed
    subjects = {Subject(id, names.get(value, "")): read(packed, count, needs) for id, value, packed in rows[:limit]}
    return Past(start, MINUTE, count, subjects, is_cut=len(rows) > limit)


def _keys(rule: AlertRule) -> str:
    """What splits executions into subjects: workflow and value, each NULL where it does not."""
    by_workflow = rule.workflow_id is None and rule.is_per_workflow
    whose = "workflow_id" if by_workflow or rule.workflow_id else "NULL::uuid"
    value = _RUN_VALUES.get(Scope(rule.scope)) if rule.scope else None
    return f"{whose} AS whose, {value or 'NULL::bigint'} AS value"


def which_rows(rule: AlertRule) -> str:
    """The part of a condition that narrows rows to what a rule looks at."""
    text = " AND workflow_id = %(workflow)s" if rule.workflow_id else ""
    if rule.workflow_id is None and rule.is_per_workflow:
        text += " AND workflow_id IS NOT NULL"
    return text + (" AND environment_id = %(environment)s" if rule.environment else "")


def told_of(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> dict[str, object]:
    """The parameters of the statements."""
    known = DIMENSIONS.get(rule.scope)
    return {
        "team": team_id,
        "workflow": rule.workflow_id,
        "environment": label_id(LabelKind.ENVIRONMENT, rule.environment) if rule.environment else None,
        "value": label_id(known[1], rule.value) if known and rule.value else None,
        "from": start,
        "to": end,
        "start": start.timestamp(),
    }


def _where(rule: AlertRule) -> str:
    value = _RUN_VALUES.get(Scope(rule.scope)) if rule.scope else None
    text = _WHERE + which_rows(rule)
    if value is not None:
        text += f" AND {value} = %(value)s" if rule.value else f" AND {value} IS NOT NULL"
    return text


def _summed_rows(team_id: UUID, rule: AlertRule, start: datetime, end: datetime, needs: Sequence[str]) -> list[Row]:
    sums = ", ".join(f"COALESCE(({_SUMS[name]})::float8, 'NaN') AS c{number}" for number, name in enumerate(needs))
    packed = " || ".join(["int4send(minute)", *(f"float8send(c{number})" for number in range(len(needs)))])
    text = f"""SELECT whose, value, string_agg({packed}, '') FROM (
        SELECT {_keys(rule)}, {_MINUTE} AS minute, count(*) AS runs, {sums} FROM execution
        WHERE {_where(rule)} GROUP BY 1, 2, 3) AS part
        GROUP BY 1, 2 ORDER BY sum(runs) DESC, 1, 2 LIMIT {MAX_SUBJECTS + 1}"""
    return bounded_rows(text, told_of(team_id, rule, start, end))


def _timed_rows(team_id: UUID, rule: AlertRule, start: datetime, end: datetime) -> list[Row]:
    text = f"""SELECT whose, value, string_agg(int4send(minute) || int2send(bin), '') FROM (
        SELECT {_keys(rule)}, {_MINUTE} AS minute, {BIN_SQL.format(ms="duration_ms")} AS bin FROM execution
        WHERE {_where(rule)} AND duration_ms IS NOT NULL) AS part
        GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT {MAX_TIMED_SUBJECTS + 1}"""
    return bounded_rows(text, told_of(team_id, rule, start, end))


def bounded_rows(text: str, told: dict[str, object]) -> list[Row]:
    """The rows of a statement that may not take long. Raises `django.db.OperationalError` when it does."""
    with transaction.atomic():
        ((before,),) = run_planned("SELECT current_setting('statement_timeout')")
        run_planned("SELECT set_config('statement_timeout', %s, true)", [str(STATEMENT_MS)])
        rows = run_planned(text, told)
        run_planned("SELECT set_config('statement_timeout', %s, true)", [before])
    return rows


def _read_summed(packed: bytes, count: int, needs: Sequence[str]) -> Buckets:
    told = np.frombuffer(packed, dtype=[("minute", ">i4"), *((name, ">f8") for name in needs)])
    at = told["minute"].astype(np.int64)
    columns = {}
    for name in needs:
        # A bucket without an execution has no runs; what was spent in it nobody told.
        empty = 0.0 if _SUMS[name].startswith("count") else np.nan
        columns[name] = np.full(count, empty)
        columns[name][at] = told[name]
    return Buckets(count, columns)


def _read_timed(packed: bytes, count: int, needs: Sequence[str]) -> Buckets:
    told = np.frombuffer(packed, dtype=[("minute", ">i4"), ("bin", ">i2")])
    at, bins = told["minute"].astype(np.int64), told["bin"].astype(np.int64)
    return Buckets(count, bins=(at, bins, np.ones(len(at), dtype=np.int64)))
