"""Removing what workflows cost: lines, rollups and their summaries. For the sample, which is nobody's money."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import run_planned
from billing.store.cost_lock import lock_costs
from billing.store.line_prices import read_months
from billing.store.rollups import fold_parts

_MONTHS = """SELECT DISTINCT date_trunc('month', booked_on)::date FROM cost_line
    WHERE team_id = %s AND workflow_id = ANY(%s::uuid[]) ORDER BY 1"""
_PARTS = """SELECT DISTINCT workflow_id, environment_id, booked_on FROM cost_line
    WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])
UNION SELECT workflow_id, environment_id, bucket FROM cost_rollup
    WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[]) AND grain = 3 AND dimension = 0"""


def closed_months_of(team_id: UUID, workflows: Sequence[UUID]) -> list[date]:
    """Closed months (their first days) that hold costs of these workflows: they never change. Inside the context."""
    months = read_months(team_id)
    return [month for (month,) in run_planned(_MONTHS, [team_id, list(workflows)]) if months.is_closed(month)]


def remove_costs(team_id: UUID, workflows: Sequence[UUID], now: datetime) -> None:
    """Removes the lines of workflows and makes all sums anew that held them. Inside the team's transaction.

    The caller has seen to it that no closed month holds any.
    """
    lock_costs(team_id, wait=True)
    about: dict[str, Any] = {"team": team_id, "ids": list(workflows)}
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, about)
        parts = cursor.fetchall()
        for table in ("cost_line", "cost_due"):
            cursor.execute(
                f"DELETE FROM {table} WHERE team_id = %(team)s AND workflow_id = ANY(%(ids)s::uuid[])", about
            )
    fold_parts(team_id, parts, now)
