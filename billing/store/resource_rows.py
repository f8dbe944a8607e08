"""Rates of resources as the arithmetic of lines takes them, and what staged executions used of them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from billing.analysis.allocation import Activity
from billing.analysis.deriving import Months, Prices
from billing.analysis.lines import Line, WorkflowHour
from billing.analysis.resources import MINUTE, MONTH, Rate, Used, resource_lines, systems_of
from billing.models import ResourceRate
from billing.store import line_sql, resource_sql, tag_sets
from billing.store.exchange import read_exchange

_TAGS = resource_sql.NAMES.index("tags")
_FIELDS = (
    *("id", "name", "kind", "unit", "amount", "starts_on", "created_at", "currency", "workflow_id", "environment_id"),
    *("system_id", "provider_id", "key", "ends_on", "removed_at"),
)


def read_rates(team_id: UUID, *, is_monthly: bool) -> list[Rate]:
    """The fixed monthly rates of a team, or all others; also those that were removed, for closed months."""
    rows = ResourceRate.objects.filter(team_id=team_id).order_by("created_at", "id")
    rows = rows.filter(unit=MONTH) if is_monthly else rows.exclude(unit=MONTH)
    return [Rate(*row) for row in rows.values_list(*_FIELDS)]


def exchange_for(team_id: UUID, rates: Iterable[Rate]) -> Prices:
    """The exchange rates that these rates need."""
    return Prices({}, read_exchange(team_id, (rate.currency for rate in rates)))


def hours_below(team_id: UUID, rates: Iterable[Rate]) -> set[WorkflowHour]:
    """Hours of runs below the staged ones, where time is charged."""
    if not any(rate.unit == MINUTE for rate in rates):
        return set()
    with connection.cursor() as cursor:
        cursor.execute(resource_sql.HOURS_BELOW, {"team": team_id})
        return {WorkflowHour(*row) for row in cursor.fetchall()}


def staged_lines(team_id: UUID, rates: Sequence[Rate], months: Months) -> dict[WorkflowHour, list[Line]]:
    """Lines of what the staged executions used beside tokens, by hour."""
    if not rates:
        return {}
    return resource_lines(rates, _used(team_id, rates), exchange_for(team_id, rates), months)


def _used(team_id: UUID, rates: Sequence[Rate]) -> list[Used]:
    keys = tag_sets.tag_keys(team_id)
    values: dict[str, Any] = {
        "team": team_id,
        "tag_ids": tag_sets.facet_ids(keys),
        "tag_keys": keys,
        "systems": systems_of(rates),
    }
    with connection.cursor() as cursor:
        cursor.execute(line_sql.DAYS)
        days = cursor.fetchall()
        if not days:
            return []
        cursor.execute(resource_sql.used(days, has_systems=bool(values["systems"])), values)
        rows = cursor.fetchall()
    sets = tag_sets.save_tag_sets(team_id, (row[_TAGS] for row in rows))
    return [Used._make([*row[:_TAGS], sets[row[_TAGS]], *row[_TAGS + 1 :]]) for row in rows]


def read_activity(team_id: UUID, first: date, end: date) -> list[Activity]:
    """What each workflow did in an environment from day to before day, as rollups of records know it."""
    with connection.cursor() as cursor:
        cursor.execute(resource_sql.ACTIVITY, {"team": team_id, "first": first, "end": end})
        return [Activity(*row) for row in cursor.fetchall()]
