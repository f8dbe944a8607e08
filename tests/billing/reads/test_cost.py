"""The numbers of costs: each the same whichever rows answer, whole windows equal to their parts."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.periods import Days, parse_period
from billing.models import CostDimension, CostGrain, CostKind, CostLine, CostOutcome, Entry
from billing.reads.cost import by_day, dimension_for, fixed_by_month, group, together, total
from billing.reads.cost_cut import CostCut, Ids, cover
from billing.reads.cost_rows import DIMENSIONS, rows_by
from monitoring.identity import LabelKind, label_id, workflow_id
from tests.billing.lines import add_line
from tests.billing.spending import NO_MODEL, TODAY, at, november, spend

NOVEMBER = Days(date(2026, 11, 1), date(2026, 11, 23))


@given(start=st.dates(date(2020, 1, 1), date(2027, 1, 1)), length=st.integers(0, 900))
def test_a_window_is_covered_exactly_once(start: date, length: int) -> None:
    days = Days(start, start + timedelta(days=length))
    covered = [day for part in cover(days) for day in part.days.each()]
    assert covered == days.each()
    assert all(part.days.start.day == part.days.end.day == 1 for part in cover(days) if part.grain is CostGrain.MONTH)


@pytest.mark.django_db
def test_the_sums_by_hand(team: Team) -> None:
    """22 days of 6.50 + 4 + 3.25, 2 of compute, a credit of 1."""
    november(team)
    with team_context(team.id):
        found = total(CostCut(team.id), NOVEMBER)
    assert found.cost_usd == Decimal("303.50")
    assert found.waste_usd == found.failed_usd == Decimal(88)
    assert found.useful_usd == Decimal("216.50")
    assert found.settled_usd == Decimal(-1)
    assert found.cost_usd == found.useful_usd + found.waste_usd + found.settled_usd
    assert found.unpriced_tokens == 1100
    assert found.tokens == 67 * 1100
    assert found.waste_share == pytest.approx(88 / 303.5)


@pytest.mark.django_db
def test_lines_and_every_way_to_read_rollups_say_the_same(team: Team) -> None:
    november(team)
    cut = CostCut(team.id)
    with team_context(team.id):
        lines = CostLine.objects.filter(booked_on__gte=NOVEMBER.start, booked_on__lt=NOVEMBER.end)
        truth = lines.aggregate(Sum("cost_usd"))["cost_usd__sum"]
        ways = [("workflow_id",), ("provider_id",), ("workflow_id", "model_id"), ("bucket",), ("kind",), ("entry",)]
        assert {dimension_for(cut, way) for way in ways} == {
            CostDimension.WORKFLOWS,
            CostDimension.MODELS,
            CostDimension.NONE,
        }
        for way in ways:
            rows = group(cut, cover(NOVEMBER), way)
            assert together(row[-1] for row in rows) == total(cut, NOVEMBER)
        assert total(cut, NOVEMBER).cost_usd == truth
        assert sum(one.cost_usd or 0 for one in by_day(cut, NOVEMBER).values()) == truth


@pytest.mark.django_db
def test_filters_find_and_leave_out(team: Team) -> None:
    november(team)
    leads, claude = workflow_id(team.id, "Leads"), label_id(LabelKind.MODEL, "claude")
    with team_context(team.id):
        whole = total(CostCut(team.id), NOVEMBER)
        for column, value in (("workflows", leads), ("models", claude), ("kinds", CostKind.COMPUTE.value)):
            found = total(CostCut(team.id, **{column: Ids((value,))}), NOVEMBER)
            rest = total(CostCut(team.id, **{column: Ids((), (value,))}), NOVEMBER)
            assert found.cost_usd
            assert together([found, rest]) == whole
        assert total(CostCut(team.id, workflows=Ids((leads,))), NOVEMBER).cost_usd == Decimal(232)


@pytest.mark.django_db
def test_tags_count_under_each_of_them_and_other_names_once(team: Team) -> None:
    spend(team, TODAY, "1", tags={"customer": "a", "centre": "ops"})
    spend(team, TODAY, "2", tags={"customer": "b"}, release="v1")
    spend(team, TODAY, "4")
    period = parse_period("month", None, TODAY)
    with team_context(team.id):
        tags = rows_by(CostCut(team.id), period, "tag") or []
        assert {row.key: row.now.cost_usd for row in tags} == {"customer=a": 1, "centre=ops": 1, "customer=b": 2}
        for name in set(DIMENSIONS) - {"tag", "system"}:
            rows = rows_by(CostCut(team.id), period, name) or []
            assert sum(row.now.cost_usd or 0 for row in rows) == 7, name
        releases = rows_by(CostCut(team.id), period, "release") or []
        assert [(row.key, row.now.cost_usd) for row in releases] == [("", 5), ("v1", 2)]
        cut = CostCut(team.id, further=CostDimension.RELEASE, values=Ids((label_id(LabelKind.RELEASE, "v1"),)))
        assert rows_by(cut, period, "node") is None
        assert [row.now.cost_usd for row in rows_by(cut, period, "workflow") or []] == [2]


@pytest.mark.django_db
def test_a_price_change_is_useful_cost_but_no_use(team: Team) -> None:
    spend(team, TODAY, "1")
    add_line(team, hour=at(TODAY), entry=Entry.RE_RATED, cost_usd=Decimal("0.5"), outcome=CostOutcome.OPEN)
    with team_context(team.id):
        found = total(CostCut(team.id), Days(TODAY, TODAY + timedelta(days=1)))
    assert (found.cost_usd, found.useful_usd, found.settled_usd) == (Decimal("1.5"), Decimal("1.5"), None)
    assert (found.tokens, found.calls) == (1100, 10)


@pytest.mark.django_db
def test_nothing_known_is_none_and_not_zero(team: Team) -> None:
    add_line(team, hour=at(TODAY), cost_usd=None, unpriced_tokens=1100)
    with team_context(team.id):
        found = total(CostCut(team.id), NOVEMBER)
        assert (found.cost_usd, found.waste_usd, found.waste_share) == (None, None, None)
        assert (found.unpriced_tokens, found.priced_tokens) == (1100, 0)
        assert total(CostCut(team.id), Days(date(2020, 1, 1), date(2021, 2, 3))).cost_usd is None


@pytest.mark.django_db
def test_what_is_paid_by_the_month_is_told_apart_by_its_first_day(team: Team) -> None:
    november(team)
    spend(
        team, date(2026, 11, 1), "90", workflow="Leads", entry=Entry.ALLOCATED, kind=CostKind.SUBSCRIPTION, **NO_MODEL
    )
    with team_context(team.id):
        found = fixed_by_month(CostCut(team.id), Days(date(2026, 9, 20), date(2026, 11, 23)))
        leads = CostCut(team.id, workflows=Ids((workflow_id(team.id, "Leads"),)))
        triage = CostCut(team.id, workflows=Ids((workflow_id(team.id, "Triage"),)))
        assert found == fixed_by_month(leads, NOVEMBER) == {date(2026, 11, 1): Decimal(90)}
        assert fixed_by_month(triage, NOVEMBER) == {}
