"""Filters as SQL: what each finds among stored executions, and that nonsense finds nothing."""

from decimal import Decimal

import pytest
from django.http import QueryDict

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.filters import parse_filters
from monitoring.reads import executions
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(team: Team) -> Team:
    """Three runs, finished at 11:59 UTC: a slow one from France, a dear one of openai, and a second attempt."""
    store(
        team,
        report(id="slow", duration_ms=9_000, input={"country": "FR"}, tags={"tier": "gold"}),
        report(id="dear", duration_ms=100, cost_usd=Decimal("0.5"), steps=[step(id="1", provider="openai")]),
        report(id="again", attempt=2, retry_of="first", duration_ms=100, status=Status.FAILED),
    )
    return team


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("field=input.country=FR", {"slow"}),
        ("field=input.country=DE", set()),
        ("field=-input.country=FR", {"dear", "again"}),
        ("field=tag.tier=gold&field=input.country=DE", {"slow"}),
        ("field=nonsense", set()),
        ("slower=5000", {"slow"}),
        ("slower=5000&slower=50", {"slow", "dear", "again"}),
        ("slower=soon", set()),
        ("slower=NaN", set()),
        ("costlier=0.1", {"dear"}),
        ("retried=yes", {"again"}),
        ("retried=no", {"slow", "dear"}),
        ("retried=perhaps", set()),
        ("provider=openai", {"dear"}),
        ("hour=11", {"slow", "dear", "again"}),
        ("hour=20@Asia/Tokyo", {"slow", "dear", "again"}),
        ("hour=11@Asia/Tokyo", set()),
        ("hour=11@Nowhere/Atlantis", set()),
        ("hour=-11", set()),
        ("hour=99999999999999999999", set()),
    ],
)
def test_a_filter_finds(stored: Team, query: str, ids: set[str]) -> None:
    filters = parse_filters(QueryDict(f"from=2026-08-12T00:00Z&to=2026-08-13T00:00Z&{query}"), NOW)
    with team_context(stored.id):
        assert {row.external_id for row in executions.page(stored.id, filters).rows} == ids
