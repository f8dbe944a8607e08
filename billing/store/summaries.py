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
# What each kind of summary has in place of the names that it adds up over.
_REPLACED: dict[CostDimension, dict[str, str]] = {
    CostDimension.MODELS: {"workflow_id": f"'{NO_WORKFLOW}'::uuid"},
    CostDimension.WORKFLOWS: {"provider_id": "0::bigint", "model_id": "0::bigint", "kind": f"{ANY_KIND}::smallint"},
}


def _statement(dimension: CostDimension) -> str:
    replaced = _REPLACED[dimension]
    kept = [name for name in _KEY if name not in replaced]
    return f"""
INSERT INTO cost_rollup (team_id, grain, bucket, dimension, {", ".join(_KEY)}, value_id,
    {", ".join((*_COUNTS, *_MONEY))}, folded_at)
SELECT %(team)s, %(grain)s, bucket, {dimension.value}, {", ".join(replaced.get(name, name) for name in _KEY)}, 0,
    {_SUMS}, %(now)s
FROM cost_rollup WHERE team_id = %(team)s AND grain = %(grain)s AND dimension = {CostDimension.NONE.value}
    AND bucket = ANY(%(buckets)s::date[])
GROUP BY bucket, {", ".join(kept)}"""


_STATEMENTS = tuple(_statement(dimension) for dimension in _REPLACED)


def add_summaries(cursor: CursorWrapper, values: dict[str, Any]) -> None:
    """The summaries of the buckets whose rows were just made; values as in `billing.store.rollups`."""
    for statement in _STATEMENTS:
        cursor.execute(statement, values)
