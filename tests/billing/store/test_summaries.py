"""Summaries say what the rows that they stand for say."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostDimension, CostGrain, CostOutcome, CostRollup
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
