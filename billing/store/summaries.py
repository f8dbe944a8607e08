"""Coarser rows of cost rollups: of all workflows by model, of each workflow by outcome, and those by month to date.

They are what lists and pages over months read: hundreds of rows a day where the rollups have thousands. They are made
from the rows of no further dimension, in the transaction that makes those, so that all of them say the same. A row to
date holds all of its month up to and on its day, so that a part of a month is one row a workflow and not one a day.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from accounts.cluster import by_insert
from billing.models import ANY_KIND, CostDimension, CostGrain
from monitoring.identity import NO_WORKFLOW

_KEY = ("workflow_id", "environment_id", "provider_id", "model_id", "kind", "entry", "outcome")
_COUNTS = (
    *("lines", "calls", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"),
    *("reasoning_tokens", "unpriced_tokens"),
)
_MONEY = ("quantity", "cost_usd", "told_usd", "priced_usd", "list_usd", "difference_usd")
_SUMS = ", ".join((*(f"sum({name})::bigint" for name in _COUNTS), *(f"sum({name})" for name in _MONEY)))
_NONE = f"team_id = %(team)s AND grain = %(grain)s AND dimension = {CostDimension.NONE.value}"
_INSERT = f"""
INSERT INTO cost_rollup (team_id, grain, bucket, dimension, {", ".join(_KEY)}, value_id,
    {", ".join((*_COUNTS, *_MONEY))}, folded_at)
"""
# Of the parts alone whose rows were made: OFFSET 0 keeps the planner at one range of the index for each.
_WORKFLOWS = f"""{_INSERT}
SELECT %(team)s, %(grain)s, bucket, {CostDimension.WORKFLOWS.value}, workflow_id, environment_id, 0, 0, {ANY_KIND},
    entry, outcome, 0, {_SUMS}, %(now)s
FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(buckets)s::date[]) AS p(workflow, environment, day)
CROSS JOIN LATERAL (
    SELECT * FROM cost_rollup
    WHERE {_NONE} AND workflow_id = p.workflow AND environment_id = p.environment AND bucket = p.day OFFSET 0
) AS row GROUP BY bucket, workflow_id, environment_id, entry, outcome
"""
# Over all workflows of the days and environments that changed.
_OF_DAYS = "environment_id = ANY(%(some_environments)s::bigint[]) AND bucket = ANY(%(some_buckets)s::date[])"
_CLEAR_MODELS = f"""
DELETE FROM cost_rollup WHERE team_id = %(team)s AND grain = %(grain)s AND dimension = {CostDimension.MODELS.value}
    AND {_OF_DAYS}
"""
_MODELS = f"""{_INSERT}
SELECT %(team)s, %(grain)s, bucket, {CostDimension.MODELS.value}, '{NO_WORKFLOW}'::uuid, environment_id, provider_id,
    model_id, kind, entry, outcome, 0, {_SUMS}, %(now)s
FROM cost_rollup WHERE {_NONE} AND {_OF_DAYS}
GROUP BY bucket, environment_id, provider_id, model_id, kind, entry, outcome
"""
# What is of later days of the month holds what changed as well. One workflow at a time, as rollups are cleared.
_CLEAR_TO_DATE = f"""DELETE FROM cost_rollup
WHERE team_id = %s AND grain = {CostGrain.DAY.value} AND dimension = {CostDimension.TO_DATE.value}
    AND workflow_id = %s AND environment_id = %s AND bucket >= %s AND bucket < %s::date + interval '1 month'
"""
_RUNNING = ", ".join(
    (
        *(f"(sum(row.{name}) OVER run)::bigint AS {name}" for name in _COUNTS),
        *(f"sum(row.{name}) OVER run AS {name}" for name in _MONEY),
    )
)
_TO_DATE = f"""{_INSERT}
SELECT %(team)s, {CostGrain.DAY.value}, bucket, {CostDimension.TO_DATE.value}, {", ".join(_KEY)}, 0,
    {", ".join((*_COUNTS, *_MONEY))}, %(now)s
FROM (
    SELECT p.first, row.bucket, {", ".join(f"row.{name}" for name in _KEY)}, {_RUNNING}
    FROM unnest(%(workflows)s::uuid[], %(environments)s::bigint[], %(firsts)s::date[], %(months)s::date[])
        AS p(workflow, environment, first, month)
    CROSS JOIN LATERAL (
        SELECT * FROM cost_rollup WHERE team_id = %(team)s AND grain = {CostGrain.DAY.value}
            AND dimension = {CostDimension.WORKFLOWS.value} AND workflow_id = p.workflow
            AND environment_id = p.environment AND bucket >= p.month AND bucket < p.month + interval '1 month' OFFSET 0
    ) AS row
    WINDOW run AS (PARTITION BY p.month, {", ".join(f"row.{name}" for name in _KEY)} ORDER BY row.bucket)
) AS summed WHERE bucket >= first
"""


def add_summaries(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """The summaries of the parts whose rows were just made; values as in `billing.store.rollups`."""
    once = {"some_environments": sorted(set(values["environments"])), "some_buckets": sorted(set(values["buckets"]))}
    for statement in (_WORKFLOWS + by_insert(), _CLEAR_MODELS, _MODELS + by_insert()):
        cursor.execute(statement, values | once)
    if values["grain"] == CostGrain.DAY:
        _add_to_date(cursor, values, zip(values["workflows"], values["environments"], values["buckets"], strict=True))


def _add_to_date(cursor: CursorWrapper, values: dict[str, Any], parts: Iterable[tuple[UUID, int, date]]) -> None:
    """The rows to date of each workflow and month, from the first day on that changed."""
    firsts: dict[tuple[UUID, int, date], date] = {}
    for workflow, environment, day in parts:
        key = (workflow, environment, day.replace(day=1))
        firsts[key] = min(day, firsts.get(key, day))
    cleared = [(values["team"], *key[:2], first, key[2]) for key, first in firsts.items()]
    cursor.executemany(_CLEAR_TO_DATE, cleared)
    workflows, environments, months = (list(column) for column in zip(*firsts, strict=True))
    told = {"workflows": workflows, "environments": environments, "months": months, "firsts": list(firsts.values())}
    cursor.execute(_TO_DATE + by_insert(), {"team": values["team"], "now": values["now"], **told})
