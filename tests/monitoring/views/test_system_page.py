"""The page of one external system, model or tool: what a reader sees, and who may see it."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team
from monitoring import ports
from monitoring.statuses import Status
from tests.factories import report, step, store
from tests.monitoring.calling import DAY, HOUR, NOW, call, calm, outage


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def shared_outage(team: Team) -> Team:
    """One system fails in two of three workflows at once."""
    calls = [*calm("Billing"), *calm("Mail"), *calm("Archive", 30), *outage("Billing"), *outage("Mail", 8, node="send")]
    store(team, *calls, now=NOW)
    return team


def address(team: Team, name: str = "crm.example", kind: str = "system", query: str = "") -> str:
    return reverse(kind, args=[team.slug, name]) + query


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def csv_of(client: Client, team: Team, table: str) -> list[str]:
    response = client.get(address(team, query=f"?format=csv&table={table}"))
    return b"".join(response).decode().splitlines()  # type: ignore[arg-type]


def test_figures_stand_with_their_interval_and_the_answer_first(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, address(shared_outage))
    assert "Them: it fails more than usual in 2 workflows at once." in text
    for words in ("168", "10.7", "95% interval 6.9% to 16.3%", "by 3 workflows", "p50 2.0 s, p99 2.0 s"):
        assert words in text, words
    assert text.index("Is it us or them?") < text.index("Failure rate") < text.index("Who depends on it")


def test_who_depends_on_it_by_workflow_and_step(member_client: Client, shared_outage: Team) -> None:
    lines = csv_of(member_client, shared_outage, "dependents")
    assert lines[0] == "workflow,step,calls,failures,failure_rate,p95_ms,share,note"
    cells = [line.split(",") for line in lines[1:]]
    assert [row[:4] for row in cells] == [
        ["Billing", "ask", "70", "10"],
        ["Mail", "send", "8", "8"],
        ["Mail", "ask", "60", "0"],
        ["Archive", "ask", "30", "0"],
    ]
    assert sum(float(row[6]) for row in cells) == pytest.approx(1)
    text = text_of(member_client, address(shared_outage))
    assert f"/t/{shared_outage.slug}/workflows/billing/failures/?from=now-7d&amp;to=now&amp;system=crm.example" in text


def test_errors_lead_to_the_latest_execution_with_them(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, address(shared_outage))
    errors = text[text.index('id="errors"') :]
    found = re.search(r'data-row href="([^"]+)">HTTPError: &lt;n&gt; from upstream</a></td> <td class="r">18<', errors)
    assert found
    assert "Billing" in text_of(member_client, unescape(found[1]))
    assert csv_of(member_client, shared_outage, "errors")[1].startswith("HTTPError: <n> from upstream,18,2,2026-08-12T")


def test_minutes_in_which_it_failed_in_several_workflows(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, address(shared_outage))
    assert "8 times in two workflows or more; by the minute for 48 h, by the hour before." in text
    lines = csv_of(member_client, shared_outage, "moments")
    assert len(lines) == 9
    assert lines[1] == '2026-08-12T02:07:00+00:00,2026-08-12T02:08:00+00:00,2,2,"Billing, Mail"'


def test_hours_stand_where_minutes_are_kept_no_longer(member_client: Client, team: Team) -> None:
    at = NOW - 4 * DAY
    store(team, call("A", at, failed=True), call("B", at + timedelta(minutes=40), failed=True), now=NOW)
    assert csv_of(member_client, team, "moments")[1:] == [
        '2026-08-08T12:00:00+00:00,2026-08-08T13:00:00+00:00,2,2,"A, B"'
    ]


def test_failing_now_counts_workflows_of_the_last_minutes(member_client: Client, team: Team) -> None:
    store(team, call("A", NOW - timedelta(minutes=2), failed=True), call("B", NOW - timedelta(minutes=2)), now=NOW)
    text = text_of(member_client, address(team))
    assert "of 2 that called it in the last 15 minutes" in text
    assert "1<small> workflow</small>" in text


def test_failed_calls_of_executions_that_succeeded_are_among_the_errors(member_client: Client, team: Team) -> None:
    at = NOW - HOUR
    tried = [
        step(node="ask", external_system="crm.example", status=status, started_at=at, ended_at=at)
        for status in (Status.TIMED_OUT, Status.SUCCEEDED)
    ]
    store(team, report(workflow="A", started_at=at, finished_at=at, steps=tried), now=NOW)
    text = text_of(member_client, address(team))
    assert "1 of 2 calls</b> failed" in text
    assert "Failed without an error text" in text


@pytest.mark.parametrize(
    ("table", "head"),
    [("outcomes", "from,calls,succeeded"), ("latency", "from,runs,avg_ms"), ("", "workflow,step"), ("x", "workflow,")],
)
def test_csv_of_each_table(member_client: Client, shared_outage: Team, table: str, head: str) -> None:
    assert csv_of(member_client, shared_outage, table)[0].startswith(head)


@pytest.mark.parametrize("name", ["openai/gpt-4o", "模型 7", "a//b/", "..", "x?y#z&w", "<script>", "line\nbreak"])
@pytest.mark.parametrize("kind", ["system", "model", "tool"])
def test_any_name_has_its_page(member_client: Client, team: Team, name: str, kind: str) -> None:
    field = "external_system" if kind == "system" else kind
    store(team, call("A", NOW - HOUR, **{"external_system": None, field: name}), now=NOW)
    listed = text_of(member_client, reverse(f"{kind}s", args=[team.slug]))
    (href,) = re.findall(r'data-row href="([^"]+)"><bdi>', listed)
    text = text_of(member_client, unescape(href))
    assert "<script>alert" not in text
    assert "by 1 workflow" in text


def test_what_was_never_called_has_no_page(member_client: Client, shared_outage: Team) -> None:
    assert member_client.get(address(shared_outage, "unheard.of")).status_code == 404
    assert member_client.get(address(shared_outage, kind="model")).status_code == 404


def test_a_range_without_calls_leads_to_a_longer_one(member_client: Client, shared_outage: Team) -> None:
    text = text_of(member_client, address(shared_outage, query="?from=2026-01-01&to=2026-01-02"))
    assert "No calls in production in this range" in text
    assert "Show the last 90 days" in text


def test_incidents_show_once_somebody_knows_them(
    member_client: Client, shared_outage: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ports, "_open_incidents", [])
    assert "Open incidents" not in text_of(member_client, address(shared_outage))
    told = ports.OpenIncident("CRM is away", "Billing", NOW - HOUR, "/somewhere/")
    ports.provide_open_incidents(
        lambda team_id, kind, name: [told] if (kind, name) == ("system", "crm.example") else []
    )
    text = text_of(member_client, address(shared_outage))
    assert 'href="/somewhere/">CRM is away</a>, Billing' in text


def test_the_number_of_queries_does_not_grow(
    member_client: Client, team: Team, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store(team, call("A", NOW - HOUR, failed=True), now=NOW)
    text_of(member_client, address(team))
    with CaptureQueriesContext(connection) as first:
        text_of(member_client, address(team))
    store(team, *(call(f"W{n}", NOW - n * HOUR, failed=n % 2 == 0, node=f"n{n}") for n in range(20)), now=NOW)
    with django_assert_num_queries(len(first.captured_queries)):
        text_of(member_client, address(team))


def test_strangers_learn_nothing_and_the_anonymous_sign_in(
    stranger_client: Client, client: Client, shared_outage: Team
) -> None:
    assert stranger_client.get(address(shared_outage)).status_code == 404
    assert client.get(address(shared_outage))["Location"].startswith("/sign-in/")


def test_wrong_methods_are_refused(member_client: Client, shared_outage: Team) -> None:
    assert member_client.post(address(shared_outage)).status_code == 405


def test_trends_failures_and_replay_lead_here(member_client: Client, shared_outage: Team) -> None:
    there = f'href="/t/{shared_outage.slug}/systems/crm.example/?from='
    trends = text_of(member_client, f"/t/{shared_outage.slug}/workflows/billing/")
    assert there in trends[trends.index('id="steps"') :]
    failures = text_of(member_client, f"/t/{shared_outage.slug}/workflows/billing/failures/")
    assert there in failures
    sample = re.search(r'data-row href="(/t/[^"]+/executions/[^"]+)"', failures[failures.index('id="samples"') :])
    assert sample
    assert there in text_of(member_client, unescape(sample[1]))


def test_the_releases_of_the_only_workflow_that_calls_it_are_marked(member_client: Client, team: Team) -> None:
    store(team, *(call("Billing", NOW - n * HOUR) for n in range(1, 4)), now=NOW)
    store(team, report(workflow="Billing", release="7", finished_at=NOW - HOUR, started_at=NOW - HOUR), now=NOW)
    assert '"label": "Release 7"' in text_of(member_client, address(team))
    store(team, call("Mail", NOW - HOUR), now=NOW)
    assert "Release 7" not in text_of(member_client, address(team))
