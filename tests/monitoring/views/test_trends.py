"""The Trends page: what a reader sees, and who may see it."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure, Resources, Tokens
from monitoring.models import Workflow
from monitoring.statuses import Status
from tests.factories import report, step, store

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def run(hours: float, status: Status = Status.SUCCEEDED, seconds: float = 10, **fields: Any) -> ExecutionReport:
    """A run of `nightly` that ended so many hours before `NOW` and visited two nodes."""
    end = NOW - timedelta(hours=hours)
    start = end - timedelta(seconds=seconds)
    failing = status in (Status.FAILED, Status.TIMED_OUT)
    error = Failure(type="Timeout", message="no answer after 10 s") if failing else None
    steps = [
        step(position=1, node="fetch", kind="http", started_at=start, ended_at=start),
        step(position=2, node="save", kind="code", status=status, started_at=start, ended_at=end, error=error),
    ]
    told = {"status": status, "started_at": start, "finished_at": end, "error": error, "steps": steps}
    return report(**{**told, **fields})


@pytest.fixture
def history(team: Team) -> Team:
    """A week with 60 runs of which 6 failed, and 20 runs without a failure the week before."""
    runs = [run(n, Status.FAILED if n % 10 == 0 else Status.SUCCEEDED, release="7") for n in range(1, 61)]
    store(team, *runs, *(run(24 * 8 + n, release="6") for n in range(20)), now=NOW)
    return team


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/workflows/nightly/{query}"


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_figures_stand_beside_those_of_the_week_before(member_client: Client, history: Team) -> None:
    text = text_of(member_client, address(history))
    assert "<h1>nightly" in text
    assert "latest release 7, in production" in text.lower()
    assert '<span class="vh">No objective set:</span>' in text
    for words in ("60", "+200%", "90.0", "-10.0 points".replace("-", "\N{MINUS SIGN}"), "6 failed samples"):
        assert words in text, words
    assert "Replay a typical failure" in text
    assert "no answer after" in text


def test_steps_stand_in_the_order_they_run_with_their_failures(member_client: Client, history: Team) -> None:
    text = text_of(member_client, address(history))
    steps = text[text.index('id="steps"') :]
    assert steps.index(">fetch<") < steps.index(">save<")
    assert "10.0% of the visits of this step fail" in steps


def test_a_long_table_of_steps_is_cut_to_those_that_fail(member_client: Client, team: Team) -> None:
    end = NOW - timedelta(hours=1)
    visits = [step(position=n, node=f"node-{n:02}", started_at=end, ended_at=end) for n in range(25)]
    last = step(position=25, node="last", status=Status.FAILED, started_at=end, ended_at=end)
    store(team, run(1, Status.FAILED, steps=[*visits, last]), now=NOW)
    steps = text_of(member_client, address(team)).split('id="steps"')[1]
    assert steps.count("data-row") == 20
    assert steps.index(">node-00<") < steps.index(">node-18<") < steps.index(">last<")
    assert ">node-19<" not in steps
    whole = re.search(r'href="([^"#]+)#steps">Show all 26 steps<', steps)
    assert whole
    text = text_of(member_client, address(team, unescape(whole[1])))
    assert text.split('id="steps"')[1].count("data-row") == 26
    assert "Show all" not in text
    exported = member_client.get(address(team, "?format=csv&table=steps"))
    assert len(b"".join(exported).splitlines()) == 27  # type: ignore[arg-type]


def test_an_objective_that_is_missed_makes_the_workflow_not_stable(owner_client: Client, history: Team) -> None:
    response = owner_client.post(address(history) + "objective/", {"success_rate": "99.5", "p95_seconds": "30"})
    assert response.status_code == 302
    text = text_of(owner_client, response["Location"])
    assert "Objective saved." in text
    assert "99.5% succeed, p95 under 30 s" in text
    assert 'class="verdict fail"' in text
    assert "objective 99.5%" in text


@pytest.mark.parametrize(
    "fields", [{"success_rate": "120"}, {"success_rate": "many"}, {"p95_seconds": "-1"}, {"p95_seconds": "nan"}]
)
def test_an_objective_that_means_nothing_is_refused_with_the_reason(
    owner_client: Client, history: Team, fields: dict[str, str]
) -> None:
    response = owner_client.post(address(history) + "objective/", fields)
    text = text_of(owner_client, response["Location"])
    assert 'class="toast fail"' in text
    with team_context(history.id):
        workflow = Workflow.objects.get(slug="nightly")
        assert (workflow.objective_success_rate, workflow.objective_p95_ms) == (None, None)


def test_empty_fields_take_the_objective_away(owner_client: Client, history: Team) -> None:
    for fields in ({"success_rate": "97"}, {"success_rate": ""}):
        owner_client.post(address(history) + "objective/", fields)
    with team_context(history.id):
        assert Workflow.objects.get(slug="nightly").objective_success_rate is None


def test_unknown_use_is_said_to_be_unknown(member_client: Client, history: Team) -> None:
    text = text_of(member_client, address(history))
    resources = text[text.index('id="resources"') :]
    assert len(re.findall(r">\s*unknown\s*<", resources)) == 5
    assert "Running now" in resources


def test_cost_with_unpriced_tokens_is_a_lower_bound(member_client: Client, team: Team) -> None:
    told = step(node="ask", tokens=Tokens(input=900, output=100, reasoning=40), started_at=NOW, ended_at=NOW)
    priced = step(node="ask", tokens=Tokens(input=10), cost_usd="0.02", started_at=NOW, ended_at=NOW)
    use = Resources(memory_bytes=2_000_000, api_call_count=12)
    store(team, run(1, steps=[told, priced], resources=use), now=NOW)
    text = text_of(member_client, address(team))
    assert "at least $0.02" in text
    assert "1,000 tokens have no price" in text
    assert "100 output (40 reasoning)" in text
    assert "2.0 MB" in text


def test_a_workflow_of_another_environment_leads_there(member_client: Client, team: Team) -> None:
    store(team, run(1, environment="staging"), now=NOW)
    text = text_of(member_client, address(team))
    assert "No runs in production in this range" in text
    assert "Show staging" in text
    assert "No runs" not in text_of(member_client, address(team, "?env=staging"))
    assert "in all environments" in text_of(member_client, address(team, "?env=*"))


def test_a_range_without_runs_leads_to_the_last_ones(member_client: Client, history: Team) -> None:
    text = text_of(member_client, address(history, "?from=2026-01-01&to=2026-02-01"))
    assert "No runs in production in this range" in text
    assert "The last run was on 12 Aug, 11:00 UTC." in text
    there = re.search(r'href="(\?from=[^"]+)">\s*Show the week', text)
    assert there
    assert "6 failed samples" in text_of(member_client, address(history, unescape(there[1])))


def test_nonsense_in_the_address_never_fails(member_client: Client, history: Team) -> None:
    for query in (
        "?from=yesterday&to=%00",
        "?env=nowhere",
        "?env=a&env=b&env=-c",
        "?from=2100-01-01",
        "?format=xml&table=x",
    ):
        text_of(member_client, address(history, query))


def test_json_has_the_figures_of_the_page(member_client: Client, history: Team) -> None:
    figures = json.loads(member_client.get(address(history, "?format=json")).content)
    assert figures["totals"]["runs"] == sum(bucket["runs"] for bucket in figures["series"]) == 60
    assert figures["totals"]["failed"] == 6
    assert figures["previous"]["runs"] == 20
    assert figures["totals"]["cost_usd"] is None


@pytest.mark.parametrize(
    ("table", "head"),
    [
        ("steps", "step,kind,visits"),
        ("outcomes", "from,runs,succeeded"),
        ("latency", "from,runs,avg_ms"),
        ("distribution", "from,up_to_"),
    ],
)
def test_csv_has_the_rows_of_each_table(member_client: Client, history: Team, table: str, head: str) -> None:
    response = member_client.get(address(history, f"?format=csv&table={table}"))
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    assert response["Content-Type"].startswith("text/csv")
    assert lines[0].startswith(head)
    assert len(lines) > 2


def test_times_are_in_the_zone_of_the_user(member_client: Client, member: User, history: Team) -> None:
    member.time_zone = "Asia/Tokyo"
    member.save()
    assert "JST" in text_of(member_client, address(history))


def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store(team, run(1), run(1, Status.FAILED), now=NOW)
    text_of(member_client, address(team))
    with CaptureQueriesContext(connection) as first:
        member_client.get(address(team))
    nodes = [step(node=f"node-{n}", status=Status.FAILED, started_at=NOW, ended_at=NOW) for n in range(20)]
    store(team, *(run(n, Status.FAILED, release=str(n)) for n in range(2, 21)), run(1, steps=nodes), now=NOW)
    with django_assert_num_queries(len(first.captured_queries)):
        member_client.get(address(team))


def test_strangers_learn_nothing(stranger_client: Client, history: Team) -> None:
    assert stranger_client.get(address(history)).status_code == 404
    assert stranger_client.post(address(history) + "objective/", {}).status_code == 404


def test_a_workflow_of_another_team_does_not_exist(stranger_client: Client, stranger: User, history: Team) -> None:
    own = Membership.objects.get(user=stranger).team
    assert stranger_client.get(f"/t/{own.slug}/workflows/nightly/").status_code == 404


def test_the_anonymous_are_led_to_sign_in(client: Client, history: Team) -> None:
    assert client.get(address(history))["Location"].startswith("/sign-in/")
    assert client.post(address(history) + "objective/", {})["Location"].startswith("/sign-in/")


def test_wrong_methods_are_refused(member_client: Client, history: Team) -> None:
    assert member_client.post(address(history)).status_code == 405
    assert member_client.get(address(history) + "objective/").status_code == 405


def test_viewers_read_the_objective_and_cannot_set_it(client: Client, history: Team) -> None:
    viewer = User.objects.create_user("viewer@harbour.test", "x")
    Membership.objects.create(team=history, user=viewer, role=Role.VIEWER)
    client.force_login(viewer)
    text = text_of(client, address(history))
    assert "No objective set" in text
    assert "Save objective" not in text
    assert client.post(address(history) + "objective/", {"success_rate": "97"}).status_code == 404
