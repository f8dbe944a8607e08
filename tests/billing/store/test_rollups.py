"""Rollups are the lines, added up: by day and month, by each further dimension."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostDimension, CostGrain, CostLine, CostRollup
from billing.store.rollups import fold_days
from tests.billing.lines import HOUR, add_line

pytestmark = pytest.mark.django_db


def test_rollups_are_the_sums_of_lines_by_day_and_month(team: Team) -> None:
    """Twice on one day, once on the next: two days, one month, to the last digit."""
    add_line(team, cost_usd=Decimal("0.1000000001"))
    add_line(team, cost_usd=Decimal("0.2000000002"), hour=HOUR + timedelta(hours=3))
    add_line(team, cost_usd=None, unpriced_tokens=7, hour=HOUR + timedelta(days=1))
    with team_context(team.id):
        days = CostRollup.objects.filter(grain=CostGrain.DAY, dimension=CostDimension.NONE).order_by("bucket")
        assert [(row.cost_usd, row.lines, row.unpriced_tokens) for row in days] == [
            (Decimal("0.3000000003"), 2, 0),
            (None, 1, 7),
        ]
        (month,) = CostRollup.objects.filter(grain=CostGrain.MONTH, dimension=CostDimension.NONE)
        assert (month.bucket.isoformat(), month.cost_usd, month.lines) == ("2026-08-01", Decimal("0.3000000003"), 3)


def test_every_dimension_but_tags_adds_up_to_the_whole(team: Team) -> None:
    """A release, a node; a line with two tags counts under both."""
    add_line(team, release="v1", tags={"customer": "a", "centre": "ops"})
    add_line(team, release="v2", node="other", tags={"customer": "b"})
    add_line(team)
    with team_context(team.id):
        rows = CostRollup.objects.filter(grain=CostGrain.DAY).values_list("dimension").annotate(Sum("cost_usd"))
        sums = dict(rows.order_by("dimension"))
    assert sums[CostDimension.NONE] == sums[CostDimension.RELEASE] == sums[CostDimension.NODE] == Decimal("0.75")
    assert sums[CostDimension.TAG] == Decimal("0.75")
    assert CostDimension.SYSTEM not in sums


def test_folding_again_changes_nothing_and_a_removed_line_is_gone(team: Team) -> None:
    """The fold is of whole days."""
    line = add_line(team)
    with team_context(team.id):
        before = list(CostRollup.objects.order_by("grain", "dimension").values())
        fold_days(team.id, [line.booked_on], HOUR)
        assert list(CostRollup.objects.order_by("grain", "dimension").values()) == before
        CostLine.objects.all().delete()
        fold_days(team.id, [line.booked_on], HOUR)
        assert not CostRollup.objects.exists()
