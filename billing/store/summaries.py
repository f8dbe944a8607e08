"""Coarser rows of cost rollups: of all workflows by model, and of each workflow by outcome.

They are what lists and pages over months read: hundreds of rows a day where the rollups have thousands. They are made
from the rows of no further dimension, in the transaction that makes those, so that all of them say the same.
"""

from typing import Any

from django.db.backends.utils import CursorWrapper

from billing.models import ANY_KIND, CostDimension
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


def add_summaries(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """The summaries of the parts whose rows were just made; values as in `billing.store.rollups`."""
    once = {"some_environments": sorted(set(values["environments"])), "some_buckets": sorted(set(values["buckets"]))}
    for statement in (_WORKFLOWS, _CLEAR_MODELS, _MODELS):
        cursor.execute(statement, values | once)
