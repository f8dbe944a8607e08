"""The weekly review: what got worse and better, what came back, what it cost, and who sees what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import Execution, ImprovementStatus
from monitoring.services.review import SECTIONS, Review, Section, make_review, may_see, roles_for
from monitoring.services.review_sheet import make_sheet, rows_of, table_keys
from monitoring.statuses import Status
from tests.factories import store
from tests.monitoring.reviewing import AFTER, MONDAY, became, runs, store_events, store_weeks, the_week

pytestmark = pytest.mark.django_db


def made(team: Team, **options: object) -> Review:
    with team_context(team.id):
        return make_review(team.id, the_week(), AFTER, **options)


def test_totals_are_those_of_both_weeks(team: Team) -> None:
    store_weeks(team)
    figures = made(team).figures
    assert (figures.now.totals.runs, figures.before.totals.runs) == (220, 220)
    assert (figures.now.totals.failures, figures.before.totals.failures) == (21, 32)
    assert figures.now.totals.cost_usd == Decimal("4.84")
    assert figures.now.waste.usd == Decimal("1.26")
    assert figures.rate.found is not None
    assert figures.rate.found.after == pytest.approx(199 / 220)


def test_what_surely_got_worse_and_better_is_told_and_the_rest_is_not(team: Team) -> None:
    store_weeks(team)
    review = made(team)
    assert [one.name for one in review.worse] == ["Lead"]
    assert [one.name for one in review.better] == ["Invoices"]
    found = review.worse[0].rate.found
    assert found is not None
    assert found.change == pytest.approx(-0.18)
    assert found.high < 0
    assert [(one.name, one.now.waste.usd) for one in review.costly] == [
        ("Lead", Decimal("1.20")),
        ("Invoices", Decimal("0.06")),
    ]


def test_what_came_back_and_what_was_released(team: Team) -> None:
    store_weeks(team)
    store_events(team)
    became(team, "helped", MONDAY + timedelta(days=3), result={"relative": -0.9})
    became(team, "reopened", MONDAY + timedelta(days=8), returned_in="9")
    review = made(team)
    assert len(review.groups.returned) == len(review.groups.resolved) == 1
    assert review.groups.new == []
    assert [one.status for one in review.improvements] == [ImprovementStatus.HELPED, ImprovementStatus.RELEASED]
    assert [(one.row.release.name, one.row.previous) for one in review.releases] == [("7", ""), ("2", "1")]
    change = review.releases[1].row.change
    assert change is not None
    assert change.change == pytest.approx(-0.18)
    assert [one.kind for one in review.findings.new] == ["cost", "schedule"]
    assert [one.kind for one in review.findings.gone] == ["retries"]
    assert [one.kind for one in review.findings.top] == ["concentration", "cost", "schedule"]
    assert [one.kind for one in review.findings.missed] == ["schedule"]
    assert review.findings.open_count == 3


def test_a_week_so_far_leaves_out_what_is_still_to_come(team: Team) -> None:
    store_weeks(team)
    with team_context(team.id):
        review = make_review(team.id, the_week(), MONDAY + timedelta(days=3, hours=12))
    assert not review.is_over
    assert review.figures.now.totals.runs == review.figures.before.totals.runs == 110
    assert "so far" in make_sheet(team.slug, review, Role.OWNER).title


def test_an_unknown_is_not_nought(team: Team) -> None:
    store(team, *runs("Nightly", MONDAY, 10, 2, cost=None), now=AFTER)
    review = made(team)
    assert review.figures.now.waste.usd is None
    sheet = make_sheet(team.slug, review, Role.FINANCE)
    assert [kpi.value for kpi in sheet.parts[0].kpis] == ["10", "unknown", "unknown", "unknown"]
    assert sheet.headline == "What it cost is unknown: nobody told a cost"


def test_what_failed_runs_cost_is_unknown_once_their_records_are_removed(team: Team) -> None:
    store_weeks(team)
    with team_context(team.id):
        Execution.objects.filter(team_id=team.id, status=Status.FAILED.value, counted_at__gte=MONDAY)[:1].get().delete()
    review = made(team)
    assert review.figures.now.totals.failures == 21
    assert review.figures.now.waste.usd is None
    assert review.figures.before.waste.usd is not None


def test_only_the_environment_and_the_team_that_are_asked_for(team: Team, other_team) -> None:
    store_weeks(team)
    assert made(team, environment="staging").figures.now.totals.runs == 0
    assert made(team, environment=None).figures.now.totals.runs == 220
    assert made(other_team.team, environment=None).figures.now.totals.runs == 0


def test_finance_sees_cost_alone(team: Team) -> None:
    assert SECTIONS[Role.FINANCE] == (Section.SPENT, Section.COST)
    assert roles_for(Role.FINANCE) == [Role.FINANCE]
    assert not may_see(Role.FINANCE, Role.OPERATOR)
    assert Role.FINANCE in roles_for(Role.VIEWER)
    assert Role.OWNER not in roles_for(Role.ADMIN)
    store_weeks(team)
    sheet = make_sheet(team.slug, made(team), Role.FINANCE)
    assert "company" not in str(sheet)
    assert sheet.headline == "It cost $4.84"


@pytest.mark.parametrize("role", Role)
def test_every_role_has_its_sections_and_every_table_its_export(team: Team, role: Role) -> None:
    store_weeks(team)
    store_events(team)
    review = made(team)
    sheet = make_sheet(team.slug, review, role)
    assert [part.key for part in sheet.parts] == list(SECTIONS[role])
    for key in table_keys(sheet):
        rows = rows_of(team.slug, review, role, key)
        assert rows is not None
        assert all(len(row) == len(rows.columns) for row in rows.rows)
    assert rows_of(team.slug, review, role, "nothing") is None


def test_an_empty_week_says_so(team: Team) -> None:
    sheet = make_sheet(team.slug, made(team), Role.OWNER)
    assert (sheet.headline, sheet.tone) == ("No run was reported", "idle")


def test_the_number_of_queries_does_not_depend_on_the_number_of_workflows(team: Team) -> None:
    store_weeks(team)
    store_events(team)
    counts = []
    for number in (0, 20):
        for extra in range(number):
            store(team, *runs(f"More {extra}", MONDAY, 2, 1, release="1"), now=AFTER)
        with team_context(team.id), CaptureQueriesContext(connection) as queries:
            make_review(team.id, the_week(), AFTER)
        counts.append(len(queries))
    assert counts[0] == counts[1]
