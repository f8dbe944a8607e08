"""Lines of usage, made from the records of hours."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.statements import make_stages, run_for_any_team, run_planned
from billing.analysis.deriving import Prices, usage_line
from billing.analysis.lines import Figures, Line, Names, WorkflowHour
from billing.store import line_sql, tag_sets

# A row of usage: names, which parts exceed their totals, figures without what prices say of them.
Counted = tuple[Names, int, Figures]
_EXCESS = line_sql.NAMES.index("excess")
_TAGS = line_sql.NAMES.index("tags")


def stage(team_id: UUID, hours: Sequence[WorkflowHour]) -> None:
    """Puts the executions that count in these hours in the stage of this transaction, in place of those before."""
    workflows, environments, starts = (list(column) for column in zip(*hours, strict=True))
    values: dict[str, Any] = {"team": team_id, "workflows": workflows, "environments": environments, "hours": starts}
    make_stages(line_sql.MAKE_STAGE)
    run_for_any_team(line_sql.STAGE_RUNS, values)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cost_run")


def hours_of_other_tries(team_id: UUID) -> set[WorkflowHour]:
    """Hours with other tries of the staged executions: whether they were tried again may be known only now."""
    with connection.cursor() as cursor:
        cursor.execute(line_sql.OTHER_TRIES, {"team": team_id})
        return {WorkflowHour(*row) for row in cursor.fetchall()}


def read_usage(team_id: UUID) -> list[Counted]:
    """The usage of the staged executions, added up by what tells lines apart; makes the sets of tags that it needs."""
    keys = tag_sets.tag_keys(team_id)
    days = run_planned(line_sql.DAYS)
    if not days:
        return []
    values = {"team": team_id, "tag_ids": tag_sets.facet_ids(keys), "tag_keys": keys}
    # Results in binary: reading times and numbers as text would take longer than adding them up.
    rows = run_planned(line_sql.usage(days), values)
    sets = tag_sets.save_tag_sets(team_id, (row[_TAGS] for row in rows))
    return [_counted(row, sets) for row in rows]


def _counted(row: Sequence[Any], sets: dict[str | None, int]) -> Counted:
    names = [*row[:_TAGS], sets[row[_TAGS]], *row[_TAGS + 1 : _EXCESS]]
    return Names(*names), row[_EXCESS], Figures(*row[_EXCESS + 1 :])


def lines_of(counted: Iterable[Counted], prices: Prices) -> dict[WorkflowHour, list[Line]]:
    """Lines of usage by hour."""
    found: dict[WorkflowHour, list[Line]] = {}
    for names, excess, figures in counted:
        found.setdefault(names.of, []).append(usage_line(names, excess, figures, prices))
    return found


def price_ids(counted: Iterable[Counted], stored: Iterable[Line]) -> set[int]:
    """The prices that lines were made at."""
    told = chain((names.price_id for names, _, _ in counted), (line.names.price_id for line in stored))
    return {id for id in told if id is not None}
