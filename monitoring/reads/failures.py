"""The population of the Failures page: failed executions of one workflow, and the values that its filters may take."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from accounts.statements import run_planned
from monitoring.filters import Choice, Filters
from monitoring.models import Dimension, Workflow
from monitoring.reads.matching import conditions
from monitoring.reads.rollup_rows import month_of, next_month, pending, segments
from monitoring.statuses import FAILING
from monitoring.windows import DAY, Window, ceil_to, floor_to

FAILING_WORDS = tuple(sorted(status.word for status in FAILING))
VALUES_A_FILTER = 60
# Filters that say which runs are meant, whether they failed or not; the others say how they failed.
RUN_FILTERS = ("env", "input", "release", "trigger")

FILTERED_DIMENSIONS = {
    Dimension.NODE: "step",
    Dimension.ERROR: "error",
    Dimension.INPUT_TYPE: "input",
    Dimension.SYSTEM: "system",
    Dimension.MODEL: "model",
    Dimension.TOOL: "tool",
    Dimension.RELEASE: "release",
    Dimension.TRIGGER: "trigger",
}


def failing_filters(filters: Filters, workflow: Workflow) -> Filters:
    """The same filters, narrowed to failed and timed-out runs of the workflow. Another wanted status leaves none."""
    wanted = filters["status"].wanted
    kept = tuple(word for word in FAILING_WORDS if word in wanted) if wanted else FAILING_WORDS
    excluded = filters["status"].excluded if kept else FAILING_WORDS
    status = Choice(kept or FAILING_WORDS, excluded)
    return replace(filters, choices={**filters.choices, "workflow": Choice((workflow.slug,)), "status": status})


def run_filters(filters: Filters, workflow: Workflow) -> Filters:
    """The filters that say which runs failures are compared with: the workflow, and `RUN_FILTERS`."""
    choices = {name: filters[name] for name in RUN_FILTERS if filters[name]}
    return Filters(filters.window, {**choices, "workflow": Choice((workflow.slug,))})


def failing(team_id: uuid.UUID, workflow: Workflow, filters: Filters) -> tuple[str, list[Any]]:
    """The failed executions as SQL and its parameters: a SELECT of the columns that the analysis needs."""
    where, params = conditions(team_id, failing_filters(filters, workflow))
    columns = (
        "id, counted_at, retention_class, anchor_day, failed_node_id, error_id, input_type_id, trigger_id, "
        "release_id, failure_group_id"
    )
    return f"SELECT {columns} FROM execution WHERE {where}", params


_VALUES = f"""
WITH used AS (
    SELECT dimension, value_id, sum(runs) AS runs FROM ({{spans}}) AS part GROUP BY 1, 2
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY dimension ORDER BY runs DESC, value_id) AS place FROM used
)
SELECT r.dimension, l.value FROM ranked r JOIN label l ON l.team_id = %(team)s AND l.id = r.value_id
WHERE r.place <= {VALUES_A_FILTER} ORDER BY r.dimension, lower(l.value), l.value
"""
# Grain and dimensions are constants: partitions are chosen by the one, and rows are few by the other.
_SPAN = f"""SELECT dimension, value_id, runs FROM rollup
    WHERE team_id = %(team)s AND grain = {{grain}} AND bucket >= '{{start}}' AND bucket < '{{end}}'
        AND dimension IN ({", ".join(str(int(d)) for d in FILTERED_DIMENSIONS)}) {{workflow}}"""
LONG = timedelta(days=14)


def values_in_use(
    team_id: uuid.UUID, window: Window, *, workflow_id: uuid.UUID | None = None
) -> dict[str, Sequence[str]]:
    """Per query parameter the values that occur in the window (the most frequent ones), by name.

    Of a window longer than two days these are the values of whole days, of one longer than two weeks those of whole
    months: finer grains have many times the rows, and a value too many only finds nothing.
    """
    window = window.aligned()
    if window.length > LONG:
        window = replace(window, start=month_of(window.start), end=next_month(window.end))
    elif window.length > 2 * DAY:
        window = replace(window, start=floor_to(window.start, DAY), end=ceil_to(window.end, DAY))
    workflow = "AND workflow_id = %(workflow)s" if workflow_id else ""
    spans = " UNION ALL ".join(
        _SPAN.format(grain=int(span.grain), start=span.start, end=span.end, workflow=workflow)
        for span in segments(window, pending(team_id))
    )
    sql, params = _VALUES.format(spans=spans), {"team": team_id, "workflow": workflow_id}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for dimension, value in run_planned(sql, params):
        found[FILTERED_DIMENSIONS[Dimension(dimension)]].append(value)
    return dict(found)
