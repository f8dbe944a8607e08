"""Facets of executions that were written before they had them on their row: readers find the same in the table."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict

from accounts.models import Team
from accounts.statements import run_planned
from accounts.tenancy import team_context
from billing.models import CostSettings, TagSet
from billing.store import lines
from ingestion.records import ExecutionReport
from monitoring.filters import parse_filters
from monitoring.identity import KEY_END
from monitoring.models import Execution
from monitoring.reads import executions, leaves
from monitoring.store import erasure
from tests.factories import NOW, report, send, step, store

pytestmark = pytest.mark.django_db
# In the order of the table's columns: facets stood there, with the class and day of their execution.
_MOVE = """
INSERT INTO facet (team_id, execution_id, key_id, anchor_day, retention_class, value)
SELECT e.team_id, e.id, l.id, e.anchor_day, e.retention_class, v.value
FROM execution e, LATERAL (
    SELECT split_part(told, chr(31), 1) AS key, split_part(told, chr(31), 2) AS value
    FROM jsonb_array_elements_text(e.facets) AS f(told)
) v JOIN label l ON l.value = v.key AND l.kind = 11
"""
TOLD: dict[str, Any] = {"id": "run", "input": {"country": "FR"}, "tags": {"tier": "gold"}, "session": "s-1"}


def _whole() -> ExecutionReport:
    return report(**TOLD, steps=[step(id="s", model="m", cost_usd=Decimal(1))])


@pytest.fixture(params=["on the row", "in the table", "in both"])
def told(team: Team, request: pytest.FixtureRequest) -> Team:
    """A run with facets and one without, as this or an earlier version keeps them, or one after the other."""
    store(team, _whole(), report(id="plain"))
    if request.param != "on the row":
        with team_context(team.id), connection.cursor() as cursor:
            cursor.execute(_MOVE)
            if request.param == "in the table":
                cursor.execute("UPDATE execution SET facets = NULL")
    return team


@pytest.mark.parametrize(
    ("query", "ids"),
    [("field=input.country=FR", {"run"}), ("field=-tag.tier=gold", {"plain"}), ("field=input.country=DE", set())],
)
def test_a_filter_finds_them(told: Team, query: str, ids: set[str]) -> None:
    filters = parse_filters(QueryDict(f"from=2026-08-12T00:00Z&to=2026-08-13T00:00Z&{query}"), NOW)
    with team_context(told.id):
        assert {row.external_id for row in executions.page(told.id, filters).rows} == ids


def test_the_analysis_reads_their_values(told: Team) -> None:
    with team_context(told.id):
        ids = list(Execution.objects.values_list("id", flat=True))
        found = set(run_planned(leaves._FACETS, [told.id, ids]))
    assert {told.partition(KEY_END)[::2] for (told,) in found} == {
        ("input.country", "FR"),
        ("tag.tier", "gold"),
        ("session", "s-1"),
    }


def test_an_execution_is_found_by_its_tag_to_be_erased(told: Team) -> None:
    with team_context(told.id):
        run = Execution.objects.get(external_id="run")
    place = (run.id, run.retention_class, run.anchor_day)
    assert erasure.find_on(told.id, run.anchor_day, "gold", tag="tier") == {place}
    assert erasure.find_on(told.id, run.anchor_day, "s-1", tag="tier") == set()
    assert erasure.find_on(told.id, run.anchor_day, "s-1") == {place}


def test_costs_carry_their_tags(told: Team) -> None:
    with team_context(told.id):
        CostSettings.objects.create(tag_keys=["tier"])
    lines.fold_all(NOW)
    with team_context(told.id):
        assert [one.tags for one in TagSet.objects.all()] == [{"tier": "gold"}]


def test_the_same_report_again_changes_nothing(told: Team) -> None:
    outcome = send(told, report(id="plain"), _whole())
    assert (outcome.stored, outcome.duplicate) == (0, 2)
    with team_context(told.id):
        assert Execution.objects.get(external_id="run").facets is not None
