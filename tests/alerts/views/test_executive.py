"""The Executive page: the verdict first, few figures against objectives and budget, and who may see it."""

import csv
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostOutcome
from ingestion.records import ExecutionReport
from monitoring.identity import workflow_id
from monitoring.models import Workflow
from monitoring.services.improvements import Wanted, plan_improvement
from monitoring.statuses import Status
from tests.alerts.reads.test_recovery import incident
from tests.billing.budgeting import budget
from tests.billing.spending import spend
from tests.factories import NOW, report, store
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def runs(name: str, good: int, failed: int, *, ago: timedelta = DAY, seconds: int = 10) -> list[ExecutionReport]:
    """Runs a minute apart, the last one so long ago."""
    ends = [NOW - ago - n * MINUTE for n in range(good + failed)]
    return [
        report(
            workflow=name,
            status=Status.FAILED if number < failed else Status.SUCCEEDED,
            started_at=end - timedelta(seconds=seconds),
            finished_at=end,
        )
        for number, end in enumerate(ends)
    ]


def objective(team: Team, name: str, **told: float) -> None:
    with team_context(team.id):
        Workflow.objects.filter(name=name).update(**told)


@pytest.fixture
def busy(team: Team) -> Team:
    """`Billing` misses its objective, `Mail` keeps its one, `Archive` has none; a month before all was well."""
    told = [*runs("Billing", 60, 40, seconds=20), *runs("Mail", 99, 1), *runs("Archive", 60, 0)]
    store(team, *told, *runs("Billing", 98, 2, ago=35 * DAY, seconds=5), now=NOW)
    objective(team, "Billing", objective_success_rate=0.95, objective_p95_ms=60_000)
    objective(team, "Mail", objective_success_rate=0.9)
    return team


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/executive/{query}"


def table(client: Client, team: Team, name: str, query: str = "") -> list[list[str]]:
    response = client.get(address(team, f"?format=csv&table={name}{query}"))
    assert response.status_code == 200
    return list(csv.reader(b"".join(response).decode().splitlines()))  # type: ignore[arg-type]


def figures(client: Client, team: Team) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in table(client, team, "figures")[1:]}


def test_the_verdict_comes_first(member_client: Client, busy: Team) -> None:
    text = read(member_client, address(busy))
    assert "No: 1 of 3 workflows is not stable; 1 cannot be judged." in text
    # 219 of 260 finished runs.
    assert "<b>84.2%</b> of 260 finished runs succeeded, surely fewer than in the period before (98.0%)." in text
    assert "No incident was open." in text
    assert "Open <bdi>Billing</bdi>" in text


def test_figures_are_those_of_the_range_and_the_one_before(member_client: Client, busy: Team) -> None:
    found = figures(member_client, busy)
    assert (float(found["Success rate"][1]), float(found["Success rate"][2])) == (219 / 260, 0.98)
    assert found["Success rate"][3] == "objective kept by 1 of 2 workflows, missed by 1"
    assert float(found["Latency, p95"][1]) == pytest.approx(20_000, rel=0.02)
    assert float(found["Latency, p95"][2]) == pytest.approx(5_000, rel=0.02)
    assert found["Runs"][:3] == ["runs", "260", "100"]
    text = read(member_client, address(busy))
    assert "objective kept by 1 of 1 workflow" in text
    assert "41 of them failed" in text


def test_incidents_tell_the_time_to_recover(member_client: Client, busy: Team) -> None:
    with team_context(busy.id):
        incident(busy, 3 * DAY, 20 * MINUTE)
        incident(busy, 2 * DAY, 40 * MINUTE)
        incident(busy, 10 * MINUTE, None)
    text = read(member_client, address(busy))
    assert "<b>3 incidents</b> opened, 1 still open; half of those resolved were over within 30 min." in text
    assert "recovered in 30 min (median), 40 min at most; 1 still open" in text
    assert figures(member_client, busy)["Time to recover, median"][:3] == ["ms", "1800000.0", ""]


def test_costs_stand_beside_the_budget_and_the_month_before(member_client: Client, busy: Team) -> None:
    for number in range(1, 13):
        spend(busy, NOW.date().replace(day=number), "10", workflow="Billing", outcome=CostOutcome.GOOD)
    spend(busy, NOW.date().replace(month=7, day=3), "60", workflow="Billing", outcome=CostOutcome.GOOD)
    budget(busy, "100", now=NOW.replace(month=7, day=1))
    text = read(member_client, address(busy))
    assert "$120.00" in text
    assert "+100%" in text
    assert "was $60.00 on 1–12 Jul" in text
    assert "over the budget: $100.00" in text
    found = figures(member_client, busy)
    assert [float(value) for value in found["Cost, 1–12 Aug"][1:3]] == [120, 60]
    # 219 runs succeeded in August; what July's run cost is not known without one.
    assert float(found["Cost per successful run, 1–12 Aug"][1]) == pytest.approx(120 / 219)


def test_without_prices_and_budget_it_says_so(member_client: Client, busy: Team) -> None:
    text = read(member_client, address(busy))
    assert "no budget set" in text
    assert "unknown" in text


def test_the_worst_three_with_their_objectives(member_client: Client, busy: Team) -> None:
    store(busy, *runs("Leads", 40, 20), *runs("Deals", 30, 30), now=NOW)
    rows = table(member_client, busy, "worst")
    assert [row[0] for row in rows[1:]] == ["Billing", "Deals", "Leads", "Mail"]
    text = read(member_client, address(busy))
    assert text.count('data-label="Workflow"') == 3
    assert "1 more in the export" in text
    assert "objective 95%" in text


def test_open_improvements_say_what_is_expected(member_client: Client, busy: Team) -> None:
    told = {"kind": "node_design", "metric": "failure_rate", "title": "Ask the bank twice", "expected_change": -0.6}
    with team_context(busy.id):
        plan_improvement(
            team_id=busy.id, wanted=Wanted(workflow_id=workflow_id(busy.id, "Billing"), **told), by="a key", now=NOW
        )
    text = read(member_client, address(busy))
    assert "Ask the bank twice" in text
    assert "−60%" in text
    assert "not measured yet" in text
    assert table(member_client, busy, "improvements")[1][-2:] == ["-0.6", ""]


def test_all_stable_is_said_to_be(member_client: Client, team: Team) -> None:
    store(team, *runs("Mail", 200, 0), now=NOW)
    assert "It cannot be told: no workflow has an objective and enough runs." in read(member_client, address(team))
    objective(team, "Mail", objective_success_rate=0.9)
    assert "Yes: 1 of 1 workflow is stable." in read(member_client, address(team))
    text = read(member_client, address(team, "?from=now-1h&to=now"))
    assert "No runs in production in this range." in text


def test_a_new_team_is_told_how_to_send(member_client: Client, team: Team) -> None:
    assert "Send the first execution" in read(member_client, address(team))


def test_the_range_is_thirty_days_unless_told(member_client: Client, busy: Team) -> None:
    assert 'href="?from=now-30d&amp;to=now" aria-current="true"' in read(member_client, address(busy)).replace(
        "  ", " "
    )
    assert table(member_client, busy, "figures", "&from=now-90d&to=now")[3][2] == "360"
    assert member_client.get(address(busy, "?format=csv&table=nothing")).status_code == 404


def test_viewers_land_here(member_client: Client, member, busy: Team) -> None:
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    assert member_client.get(f"/t/{busy.slug}/")["Location"] == address(busy)
    Membership.objects.filter(user=member).update(role=Role.DEVELOPER)
    assert member_client.get(f"/t/{busy.slug}/")["Location"] == f"/t/{busy.slug}/development/"
    member_client.post(f"/t/{busy.slug}/settings/team/start-page/", {"page": "executive"})
    assert member_client.get(f"/t/{busy.slug}/")["Location"] == address(busy)


def test_the_number_of_queries_does_not_grow(member_client: Client, team: Team) -> None:
    def queries() -> int:
        read(member_client, address(team))
        with CaptureQueriesContext(connection) as told:
            read(member_client, address(team))
        return len(told)

    def fill(names: list[str]) -> None:
        store(team, *(one for name in names for one in runs(name, 3, 1)), now=NOW)
        with team_context(team.id):
            for name in names:
                told = {"kind": "node_design", "metric": "failure_rate", "title": name}
                wanted = Wanted(workflow_id=workflow_id(team.id, name), **told)
                plan_improvement(team_id=team.id, wanted=wanted, by="a key", now=NOW)
                incident(team, DAY, MINUTE)
        for name in names:
            spend(team, NOW.date(), "1", workflow=name)
            budget(team, name=name, scope="workflow", workflow_id=workflow_id(team.id, name), now=NOW)

    fill(["W"])
    few = queries()
    fill([f"W{number}" for number in range(20)])
    assert queries() == few


def test_strangers_learn_nothing(stranger_client: Client, client: Client, busy: Team, other_team) -> None:
    assert stranger_client.get(address(busy)).status_code == 404
    assert client.get(address(busy))["Location"].startswith("/sign-in/")
    assert "Billing" not in read(stranger_client, address(other_team.team))
    assert stranger_client.post(address(other_team.team)).status_code == 405
