"""The plans of the fold's statements while PostgreSQL has no statistics of the rows: right after a bulk of reports."""

from uuid import uuid4

import pytest
from django.db import connection

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.store import rollup_sql
from monitoring.store.rollups import CLAIM
from tests.factories import NOW

pytestmark = pytest.mark.django_db
VALUES = {"grain": 3, "finer": 2, "length": "1 day", "now": NOW, "before": NOW, "limit": 20_000}


def plan_of(team: Team, statement: str) -> str:
    values = VALUES | {"team": team.id, "workflows": [uuid4()], "environments": [1], "starts": [NOW]}
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_sums_and_histograms_are_not_compared_each_with_each(team: Team) -> None:
    """Some ten thousand rows of both would take minutes in a loop within a loop."""
    plan = plan_of(team, rollup_sql.FROM_FINER)

    fresh = plan.split("CTE fresh")[1].split("CTE stale")[0]
    assert "Full Join" in fresh
    assert "Nested Loop" not in fresh.split("CTE")[0]


def test_marks_are_taken_as_one_range_of_an_index(team: Team) -> None:
    """Chosen marks that are joined with all of the team would be compared each with each."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = plan_of(team, CLAIM)

    assert "Nested Loop" not in plan
    taken = plan.split("Delete on dirty_bucket")[1].split("Index Cond: ")[1].split("Filter")[0]
    assert "team_id = " in taken
    assert "grain = 3" in taken


def test_tables_of_many_teams_are_analysed_after_some_thousand_rows() -> None:
    """A tenth of all rows, PostgreSQL's own measure, is more than a new team reports for a long time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE 'autovacuum_analyze_threshold=10000' = ANY(reloptions)"
            " AND 'autovacuum_analyze_scale_factor=0' = ANY(reloptions)"
        )
        found = {name for (name,) in cursor.fetchall()}

    assert found == {"execution", "rollup_minute", "rollup_hour", "rollup_day", "rollup_month"}
