"""The past of what a rule looks at, from rollups: by the hour for good, by the minute for 48 hours."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from accounts.statements import Row
from alerts.analysis.readings import Subject
from alerts.analysis.sliding import GREATEST, NEEDS, Buckets
from alerts.models import AlertRule
from alerts.reads.measures_sums import unrated_workflows
from alerts.reads.measures_values import DIMENSIONS
from alerts.reads.rehearsal import MAX_SUBJECTS, MAX_TIMED_SUBJECTS, RATED, Past
from monitoring.analysis.arrays import np
from monitoring.identity import NO_WORKFLOW, label_id
from monitoring.models import Dimension, Grain
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Segment, Slice, select_rows, sum_rows
from monitoring.reads.sent_histograms import read_histogram
from monitoring.windows import HOUR, MINUTE

_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
_RATED = ("succeeded", "failed", "timed_out")
# Columns of rollups that stand behind those of `alerts.analysis.sliding`: summed where there are several.
_FROM = {
    "rated": _RATED,
    "failing": ("failed", "timed_out"),
    "failures": ("failed", "timed_out"),
    "tokens": _TOKENS,
}
_COUNTS = frozenset({"runs", "rated", "failing", "failures", "duration_count", "checked", "unmet"})
_KEYS = ("workflow_id", "value_id", "bucket")


def by_grain(team_id: UUID, rule: AlertRule, grain: Grain, start: datetime, end: datetime) -> Past:
    """The figures that the rule's metric needs, by the minute or by the hour, in [start, end)."""
    length = HOUR if grain is Grain.HOUR else MINUTE
    needs, count = NEEDS.get(rule.metric, RATED), (end - start) // length
    which, parts = _slice(rule), [Segment(grain, start, end)]
    rows = _rows(team_id, which, parts, needs)
    unrated = unrated_workflows(team_id) if "rated" in needs else frozenset[UUID]()
    names = label_values(team_id, {row[1] for row in rows}) if rule.scope else {}
    grouped: dict[Subject, list[Row]] = {}
    for row in rows:
        if (subject := _subject(rule, row, names)) is not None:
            grouped.setdefault(subject, []).append(row)
    limit = MAX_TIMED_SUBJECTS if needs == ("bins",) else MAX_SUBJECTS
    chosen = sorted(grouped, key=lambda one: (-sum(row[3] for row in grouped[one]), str(one)))
    read = _read_timed if needs == ("bins",) else _read_summed
    subjects = {one: read(grouped[one], start, length, count, needs, unrated) for one in chosen[:limit]}
    return Past(start, length, count, subjects, is_cut=len(chosen) > limit)


def _slice(rule: AlertRule) -> Slice:
    if not rule.scope:
        return Slice(rule.workflow_id, rule.environment or None, Dimension.NONE, 0)
    dimension, kind = DIMENSIONS[rule.scope]
    value = label_id(kind, rule.value) if rule.value else None
    return Slice(rule.workflow_id, rule.environment or None, dimension, value)


def _rows(team_id: UUID, which: Slice, parts: Sequence[Segment], needs: Sequence[str]) -> list[Row]:
    """Rows of workflow, value, bucket, runs and then what is needed: sums, or with `bins` two packed histograms."""
    if needs == ("bins",):
        return sum_rows(team_id, which, parts, _KEYS, ("runs",), is_timed=True)
    sums = [f"({' + '.join(_FROM.get(name, (name,)))})::float8" for name in needs]
    if "tokens" in needs:
        told = " + ".join(f"COALESCE({name}, 0)" for name in _TOKENS)
        sums[needs.index("tokens")] = f"(CASE WHEN num_nonnulls({', '.join(_TOKENS)}) > 0 THEN {told} END)::float8"
    return select_rows(team_id, which, parts, ", ".join((*_KEYS, "runs", *sums)), "true")


def _subject(rule: AlertRule, row: Row, names: dict[int, str]) -> Subject | None:
    workflow_id, value_id = row[0], row[1]
    if rule.workflow_id is None and not rule.is_per_workflow:
        workflow_id = None
    elif workflow_id == NO_WORKFLOW:
        return None
    return Subject(workflow_id, names.get(value_id, str(value_id)) if rule.scope else "")


def _read_summed(
    rows: Sequence[Row], start: datetime, length: timedelta, count: int, needs: Sequence[str], unrated: Collection[UUID]
) -> Buckets:
    columns = {name: np.full(count, 0.0 if name in _COUNTS else np.nan) for name in needs}
    for row in rows:
        at, is_unrated = (row[2] - start) // length, row[0] in unrated
        for name, value in zip(needs, row[4:], strict=True):
            if value is None or (is_unrated and name in ("rated", "failing")):
                continue
            column = columns[name]
            known = 0.0 if np.isnan(column[at]) else column[at]
            column[at] = max(known, value) if name in GREATEST else known + value
    return Buckets(count, columns)


def _read_timed(
    rows: Sequence[Row], start: datetime, length: timedelta, count: int, needs: Sequence[str], unrated: Collection[UUID]
) -> Buckets:
    at: list[int] = []
    bins: list[int] = []
    times: list[int] = []
    for row in rows:
        told = read_histogram(row[4], row[5])
        at += [(row[2] - start) // length] * len(told)
        bins += told.keys()
        times += told.values()
    return Buckets(count, bins=(np.array(at, np.int64), np.array(bins, np.int64), np.array(times, np.int64)))
