"""The Development page: figures beside hand-computed ones, what is new, what a release changed, and who may see it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.identity import execution_id
from monitoring.models import Execution, FailureGroup, Workflow
from monitoring.services.group_merging import merge
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store
from tests.monitoring.released import store_release
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def runs(
    workflow: str,
    good: int,
    failed: int,
    *,
    ago: timedelta = timedelta(hours=1),
    seconds: int = 10,
    error: str = "card refused",
    **fields: object,
) -> list[ExecutionReport]:
    """Runs of two nodes, a minute apart; those that fail do so at `charge`, which takes so many seconds."""
    told = []
    for number in range(good + failed):
        end = NOW - ago - timedelta(minutes=number)
        status, lost = Status.SUCCEEDED, None
        if number < failed:
            status, lost = Status.FAILED, Failure(type="Refused", message=error)
        steps = [
            step(id="1", node="fetch", started_at=end - timedelta(seconds=seconds + 1), ended_at=end, position=1),
            step(
                id="2",
                node="charge",
                position=2,
                status=status,
                error=lost,
                started_at=end - timedelta(seconds=seconds),
                ended_at=end,
            ),
        ]
        times = {"started_at": end - timedelta(seconds=seconds + 1), "finished_at": end}
        told.append(report(workflow=workflow, status=status, error=lost, steps=steps, **{**times, **fields}))
    return told


@pytest.fixture
def two_weeks(team: Team) -> Team:
    """This week 15 runs of `Billing` and 5 that failed at `charge`, of 20 s; last week 18 and 2, of 10 s."""
    store(team, *runs("Billing", 18, 2, ago=8 * DAY), now=NOW)
    store(team, *runs("Billing", 15, 5, seconds=20, error="no such card"), *runs("Mail", 10, 0, seconds=2), now=NOW)
    return team


def address(team: Team, query: str = "") -> str:
    return f"/t/{team.slug}/development/{query}"


def rows(client: Client, team: Team, table: str, query: str = "") -> list[list[str]]:
    response = client.get(address(team, f"?format=csv&table={table}{query}"))
    assert response.status_code == 200
    lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
    return [line.split(",") for line in lines[1:]]


def test_failing_nodes_have_their_share_and_the_week_before(member_client: Client, two_weeks: Team) -> None:
    ((node, workflow, failed, share, now, before, visits),) = rows(member_client, two_weeks, "failing")
    assert (node, workflow, failed, visits) == ("charge", "Billing", "5", "20")
    assert (float(share), float(now), float(before)) == (1.0, 5 / 20, 2 / 20)
    text = read(member_client, address(two_weeks))
    assert "The node <b><bdi>charge</bdi></b> of <bdi>Billing</bdi> has <b>100%</b> of all failed visits." in text
    assert "was 2" in text


def test_slowest_nodes_have_their_p95_and_its_change(member_client: Client, two_weeks: Team) -> None:
    found = {(row[0], row[1]): row[2:] for row in rows(member_client, two_weeks, "slow")}
    p95, before, change, timed = map(float, found["charge", "Billing"])
    assert p95 == pytest.approx(20_000, rel=0.02)
    assert before == pytest.approx(10_000, rel=0.02)
    assert (change, timed) == (pytest.approx(1.0, rel=0.05), 20)
    # Nobody knows what it was in a week without a run.
    assert found["charge", "Mail"][1] == ""
    assert "unknown" in read(member_client, address(two_weeks, "?workflow=mail"))


def test_too_few_visits_have_no_percentile(member_client: Client, team: Team) -> None:
    store(team, *runs("Few", 4, 0), now=NOW)
    assert rows(member_client, team, "slow") == []
    assert "No node has five visits whose duration is known." in read(member_client, address(team))


def test_new_groups_say_since_when_and_in_which_release(member_client: Client, two_weeks: Team) -> None:
    store(two_weeks, *runs("Mail", 0, 3, error="no address", release="7", ago=2 * DAY), now=NOW)
    found = rows(member_client, two_weeks, "groups")
    assert [(row[0], row[1], row[4]) for row in found] == [
        ("Refused: no such card", "Billing", "5"),
        ("Refused: no address", "Mail", "3"),
    ]
    assert found[1][2].startswith("2026-08-10T11:58:00")
    text = read(member_client, address(two_weeks))
    assert "2 new failure groups." in text
    assert "in release <bdi>7</bdi>" in text
    assert "card refused" not in text


def test_merged_groups_count_once_and_an_old_one_is_not_new(member_client: Client, two_weeks: Team) -> None:
    store(two_weeks, *runs("Billing", 0, 2, error="card blocked", ago=DAY), now=NOW)
    with team_context(two_weeks.id):
        old, new, other = (
            FailureGroup.objects.get(title__endswith=title).id
            for title in ("card refused", "no such card", "card blocked")
        )
        merge(team_id=two_weeks.id, into=new, group_ids=[other], by="a key", now=NOW)
    ((_, _, _, _, failures),) = rows(member_client, two_weeks, "groups")
    assert failures == "7"
    with team_context(two_weeks.id):
        merge(team_id=two_weeks.id, into=old, group_ids=[new], by="a key", now=NOW)
    assert rows(member_client, two_weeks, "groups") == []


def test_the_newest_release_stands_beside_the_one_before_it(member_client: Client, team: Team) -> None:
    store_release(team, "v1", 200, 2, ago=timedelta(days=3))
    store_release(team, "v2", 200, 60)
    ((name, workflow, live, changed, count, rate, p95, cost),) = rows(member_client, team, "releases")
    assert (name, workflow, count, float(rate)) == ("v2", "nightly", "200", 140 / 200)
    assert live.startswith("2026-08-10T")
    assert changed == "Success rate and p95 worse"
    assert float(p95) == pytest.approx(22_000, rel=0.02)
    # 40 of each remainder of five cost 20 to 24 thousandths: 4.4 dollars over 140 successes.
    assert float(cost) == pytest.approx(4.4 / 140, rel=0.01)
    text = read(member_client, address(team))
    assert "Release <bdi>v2</bdi> of <bdi>nightly</bdi> is worse than <bdi>v1</bdi>." in text
    assert "/workflows/nightly/releases/compare/?a=v1&amp;b=v2&amp;env=production" in text


def test_a_first_release_is_compared_with_nothing(member_client: Client, team: Team) -> None:
    store_release(team, "v1", 10, 0)
    ((_, _, _, changed, *_),) = rows(member_client, team, "releases")
    assert changed == "Nothing to compare it with"
    assert "the first one known" in read(member_client, address(team))


def test_recent_executions_lead_to_their_replay(member_client: Client, team: Team) -> None:
    store(team, *runs("Billing", 0, 1, id="bad"), report(id="open", status=Status.RUNNING, finished_at=None), now=NOW)
    text = read(member_client, address(team))
    assert f'href="/t/{team.slug}/executions/{execution_id(team.id, "bad")}/' in text
    assert '<bdi class="mono">charge</bdi>' in text
    found = {row[0]: row for row in rows(member_client, team, "traces")}
    assert found["bad"][3:8] == ["failed", "2026-08-12T10:59:49.000000Z", "11000", "charge", "card refused"]
    assert (found["open"][3], found["open"][5]) == ("running", "")


def test_filters_stand_in_the_address(member_client: Client, two_weeks: Team) -> None:
    store(two_weeks, *runs("Mail", 0, 4, environment="staging"), now=NOW)
    assert rows(member_client, two_weeks, "failing", "&workflow=mail") == []
    assert [row[1] for row in rows(member_client, two_weeks, "failing", "&workflow=-mail")] == ["Billing"]
    assert [row[2] for row in rows(member_client, two_weeks, "failing", "&workflow=mail&env=staging")] == ["4"]
    assert len(rows(member_client, two_weeks, "failing", "&env=*")) == 2
    # The first of them ended an hour ago, each other one a minute earlier.
    assert rows(member_client, two_weeks, "failing", "&from=now-1h")[0][2] == "1"
    text = read(member_client, address(two_weeks, "?workflow=nowhere"))
    assert "No execution of this workflow in this range" in text
    assert "Clear filters" in text
    assert read(member_client, address(two_weeks, "?from=x&to=y&env=&workflow=%00&after=1&step=none"))


def test_what_retention_removed_is_said_to_be(member_client: Client, two_weeks: Team) -> None:
    with team_context(two_weeks.id):
        Execution.objects.filter(team_id=two_weeks.id).delete()
    text = read(member_client, address(two_weeks))
    assert "Executions deleted by the retention rule" in text
    assert "83.3%" in text


def test_only_failures_reported_make_no_rate(member_client: Client, team: Team) -> None:
    store(team, *runs("Half", 0, 3), now=NOW)
    with team_context(team.id):
        Workflow.objects.update(completeness="failures-only")
    ((_, _, failed, _, now, _, _),) = rows(member_client, team, "failing")
    assert (failed, now) == ("3", "")
    assert "unknown: only failures are reported" in read(member_client, address(team))


def test_a_new_team_is_told_how_to_send(member_client: Client, team: Team) -> None:
    assert "Send the first execution" in read(member_client, address(team))


def test_an_empty_range_offers_a_longer_one(member_client: Client, two_weeks: Team) -> None:
    text = read(member_client, address(two_weeks, "?from=2026-05-01&to=2026-05-02"))
    assert "No runs in production in this range." in text
    assert "Look at 90 days" in text


def test_unknown_tables_are_refused(member_client: Client, two_weeks: Team) -> None:
    assert member_client.get(address(two_weeks, "?format=csv&table=secrets")).status_code == 404


def test_the_number_of_queries_does_not_grow(member_client: Client, team: Team) -> None:
    def queries() -> int:
        read(member_client, address(team))
        with CaptureQueriesContext(connection) as told:
            read(member_client, address(team))
        return len(told)

    def fill(names: list[str]) -> None:
        store(team, *(one for name in names for one in runs(name, 5, 1, error=name, release="1")), now=NOW)
        store(team, *(one for name in names for one in runs(name, 5, 0, release="2", ago=DAY)), now=NOW)

    fill(["W"])
    few = queries()
    fill([f"W{number}" for number in range(20)])
    assert queries() == few


def test_strangers_learn_nothing(stranger_client: Client, client: Client, two_weeks: Team, other_team) -> None:
    assert stranger_client.get(address(two_weeks)).status_code == 404
    assert client.get(address(two_weeks))["Location"].startswith("/sign-in/")
    text = read(stranger_client, address(other_team.team))
    assert "Billing" not in text
    assert stranger_client.post(address(other_team.team)).status_code == 405
