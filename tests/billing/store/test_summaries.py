"""Summaries say what the rows that they stand for say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.periods import Days
from billing.models import CostDimension, CostGrain, CostLine, CostOutcome, CostRollup
from billing.reads.cost import Figures, group, together
from billing.reads.cost_cut import CostCut, cover, daily
from billing.store.rollups import fold_days
from monitoring.identity import NO_WORKFLOW
from tests.billing.lines import HOUR, add_line

pytestmark = pytest.mark.django_db
SUMMARIES = (CostDimension.NONE, CostDimension.MODELS, CostDimension.WORKFLOWS)


def test_summaries_add_up_to_the_whole_with_fewer_rows(team: Team) -> None:
    for number in range(3):
        add_line(team, workflow=f"w{number}", model="gpt-5", cost_usd=Decimal("0.1000000001"))
        add_line(team, workflow=f"w{number}", model="mini", cost_usd=Decimal("0.2"), outcome=CostOutcome.FAILED)
    add_line(team, workflow="w0", hour=HOUR + timedelta(days=1), cost_usd=None, unpriced_tokens=5)
    with team_context(team.id):
        for grain in CostGrain:
            rows = CostRollup.objects.filter(grain=grain, dimension__in=SUMMARIES).order_by("dimension")
            sums = rows.values_list("dimension").annotate(Sum("cost_usd"), Sum("unpriced_tokens"), Sum("lines"))
            assert set(sums.values_list("cost_usd__sum", "unpriced_tokens__sum", "lines__sum")) == {
                (Decimal("0.9000000003"), 5, 7)
            }
        models = CostRollup.objects.filter(grain=CostGrain.MONTH, dimension=CostDimension.MODELS)
        assert {row.workflow_id for row in models} == {NO_WORKFLOW}
        assert models.count() == 2
        workflows = CostRollup.objects.filter(grain=CostGrain.MONTH, dimension=CostDimension.WORKFLOWS)
        assert {(row.provider_id, row.model_id, row.kind) for row in workflows} == {(0, 0, -1)}


def test_making_them_again_changes_nothing(team: Team) -> None:
    line = add_line(team)
    with team_context(team.id):
        before = list(CostRollup.objects.order_by("grain", "dimension").values())
        fold_days(team.id, [line.booked_on], HOUR)
        assert list(CostRollup.objects.order_by("grain", "dimension").values()) == before


# A day of the month (or of the one after), a workflow, whether the run failed, and what is known of its cost.
LINES = st.lists(
    st.tuples(
        st.integers(1, 45), st.integers(0, 1), st.booleans(), st.none() | st.decimals("0.0000000001", "99", places=10)
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, until=st.integers(1, 31))
def test_a_part_of_a_month_read_to_date_is_the_sum_of_its_days(
    team: Team, lines: list[tuple[int, int, bool, Decimal | None]], until: int
) -> None:
    """In whatever order the lines came, also into days before those that are there."""
    first, cut = date(2026, 3, 1), CostCut(team.id)
    with team_context(team.id):
        CostRollup.objects.all().delete()
        CostLine.objects.all().delete()
    for number, (day, workflow, has_failed, usd) in enumerate(lines):
        hour = datetime(2026, 3, 1, number % 24, tzinfo=UTC) + timedelta(days=day - 1)
        outcome = CostOutcome.FAILED if has_failed else CostOutcome.GOOD
        add_line(team, workflow=f"w{workflow}", hour=hour, cost_usd=usd, outcome=outcome)
    days = Days(first, first + timedelta(days=until))
    by_day: dict[object, list[Figures]] = {}
    with team_context(team.id):
        to_date = dict(group(cut, cover(days), ("workflow_id",)))
        for workflow_id, _, figures in group(cut, daily(days.start, days.end), ("workflow_id", "bucket")):
            by_day.setdefault(workflow_id, []).append(figures)
    assert to_date == {workflow: together(parts) for workflow, parts in by_day.items()}
