"""Comparing two executions, and similar failures from a replay."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.models import Execution
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
EXECUTIONS = "/t/harbour/executions/"


def run(number: int, *nodes: str, failed: str = "", **fields: Any) -> ExecutionReport:
    """A run of these nodes; the one named `failed` failed."""
    error = Failure(type="Gone", message="no answer") if failed else None
    end = NOW - timedelta(minutes=number)
    steps = [
        step(
            id=node,
            node=node,
            started_at=end - timedelta(seconds=60 - n),
            ended_at=end - timedelta(seconds=59 - n),
            status=Status.FAILED if node == failed else Status.SUCCEEDED,
            error=error if node == failed else None,
            output={"n": n},
        )
        for n, node in enumerate(nodes)
    ]
    told = {
        "id": f"run-{number}",
        "finished_at": end,
        "started_at": end - timedelta(minutes=1),
        "status": Status.FAILED if failed else Status.SUCCEEDED,
        "error": error,
        "steps": steps,
        "input": {"country": "FR" if failed else "DE", "n": 1},
    }
    return report(**{**told, **fields})


def id_of(team: Team, number: int) -> str:
    with team_context(team.id):
        return str(Execution.objects.get(external_id=f"run-{number}").id)


@pytest.fixture
def two(team: Team) -> tuple[str, str]:
    store(team, run(1, "fetch", "parse", failed="parse"), run(2, "fetch", "parse", "send"))
    return id_of(team, 1), id_of(team, 2)


def page_of(two: tuple[str, str]) -> str:
    return f"{EXECUTIONS}{two[0]}/compare/{two[1]}/"


def test_two_stand_side_by_side(team: Team, two: tuple[str, str], member_client: Client) -> None:
    page = member_client.get(page_of(two))
    text = page.content.decode()
    assert "They part at <bdi>parse</bdi>: failed in the first, succeeded in the second." in text
    assert "country" in text
    assert "FR" in text
    assert "DE" in text
    assert "did not come there" in text
    facts = {fact.name: fact.differs for fact in page.context_data["facts"]}
    assert facts["Status"]
    assert not facts["Workflow"]
    with team_context(team.id):
        viewed = AuditEvent.objects.filter(action="payload.viewed").values_list("target_id", flat=True)
        assert set(viewed) == set(two)


def test_the_same_beside_itself_differs_in_nothing(two: tuple[str, str], member_client: Client) -> None:
    page = member_client.get(page_of((two[0], two[0])))
    assert "Both took the same path" in page.content.decode()
    assert not any(fact.differs for fact in page.context_data["facts"])


def test_the_steps_are_exported(two: tuple[str, str], member_client: Client) -> None:
    lines = b"".join(member_client.get(f"{page_of(two)}?format=csv").streaming_content).decode().splitlines()
    assert lines[1].startswith("fetch,succeeded,1000.0,fetch,succeeded,1000.0,")
    assert lines[3].startswith(",,,send,succeeded,")


def test_who_may_not_see_payloads_compares_figures_and_steps(
    two: tuple[str, str], member: User, member_client: Client
) -> None:
    Membership.objects.filter(user=member).update(role=Role.FINANCE)
    text = member_client.get(page_of(two)).content.decode()
    assert "Your role does not show inputs and outputs" in text
    assert "country" not in text
    assert "They part at" in text


def test_the_other_one_is_named_by_its_id_or_the_address_of_its_replay(
    two: tuple[str, str], member_client: Client
) -> None:
    ask = f"{EXECUTIONS}{two[0]}/compare/"
    for told in (two[1], two[1].upper(), f"https://host.test/t/harbour/executions/{two[1]}/?from=now-1h"):
        assert member_client.get(ask, {"with": told})["Location"] == page_of(two)
    for nonsense in ("", "run-2", "x" * 100_000, "00000000-0000-0000-0000-000000000000", "\x00"):
        answer = member_client.get(ask, {"with": nonsense}, follow=True)
        assert "No such execution. Paste the address of a replay" in answer.content.decode()


def test_executions_of_another_team_are_not_compared(
    two: tuple[str, str], other_team: Any, stranger_client: Client
) -> None:
    assert stranger_client.get(page_of(two)).status_code == 404
    store(other_team.team, run(7, "a"))
    own = id_of(other_team.team, 7)
    assert stranger_client.get(f"/t/mountain/executions/{own}/compare/{two[0]}/").status_code == 404


@pytest.fixture
def like(team: Team) -> str:
    """A failure at `parse`, with others like it: of its group, elsewhere, at its step with another error."""
    other_error = Failure(type="Full", message="disk full")
    store(
        team,
        run(1, "fetch", "parse", failed="parse"),
        run(2, "fetch", "parse", failed="parse"),
        run(3, "fetch", "clean", "parse", failed="parse"),
        run(4, "load", "store", failed="store", workflow="hourly"),
        run(5, "fetch", "parse", failed="parse", error=other_error, environment="staging"),
        run(6, "fetch", "parse", "send"),
    )
    store(
        team,
        report(
            id="run-8",
            status=Status.FAILED,
            finished_at=NOW - timedelta(minutes=8),
            steps=[step(id="p", node="parse", status=Status.FAILED, error=other_error)],
        ),
    )
    return id_of(team, 1)


def test_similar_failures_are_links_with_counts(team: Team, like: str, member_client: Client) -> None:
    page = member_client.get(f"{EXECUTIONS}{like}/similar/")
    told = page.context_data
    assert [link.label for link in told["in_group"]] == ["2 failures of the same group"]
    assert [(name, link.label) for name, link in told["elsewhere"]] == [("hourly", "1 failure")]
    assert [link.label for _, link in told["at_step"]] == ["1 failure"]
    assert [one["row"].external_id for one in told["nearest"]][:2] == ["run-2", "run-3"]
    assert told["nearest"][0]["likeness"] == "100%"
    for link in (*told["in_group"], *(link for _, link in (*told["elsewhere"], *told["at_step"]))):
        rows = member_client.get(link.href).context_data["rows"]
        assert len([row for row in rows if str(row.id) != like]) == int(link.label.split()[0])


def test_what_did_not_fail_has_none(team: Team, like: str, member_client: Client) -> None:
    assert "It did not fail" in member_client.get(f"{EXECUTIONS}{id_of(team, 6)}/similar/").content.decode()


def test_replay_asks_for_them_and_shows_the_part_alone(team: Team, like: str, member_client: Client) -> None:
    replay = member_client.get(f"{EXECUTIONS}{like}/").content.decode()
    assert f'hx-get="{EXECUTIONS}{like}/similar/"' in replay
    part = member_client.get(f"{EXECUTIONS}{like}/similar/", headers={"HX-Request": "true"}).content.decode()
    assert "Nearest by path" in part
    assert "<html" not in part


def test_strangers_learn_nothing_of_similar_ones(like: str, stranger_client: Client) -> None:
    assert stranger_client.get(f"{EXECUTIONS}{like}/similar/").status_code == 404
    assert stranger_client.get(f"/t/mountain/executions/{like}/similar/").status_code == 404


def test_the_number_of_queries_is_that_of_one(team: Team, like: str, member_client: Client) -> None:
    addresses = (f"{EXECUTIONS}{like}/similar/", f"{EXECUTIONS}{like}/compare/{id_of(team, 2)}/")
    few = []
    for address in addresses:
        with CaptureQueriesContext(connection) as told:
            member_client.get(address)
        few.append(len(told))
    store(team, *[run(100 + n, "fetch", "parse", *"abcdefgh", failed="parse", workflow=f"w{n % 9}") for n in range(20)])
    store(team, run(2, "fetch", "parse", *"abcdefghijklm", failed="parse", revision=2))
    for address, number in zip(addresses, few, strict=True):
        with CaptureQueriesContext(connection) as told:
            member_client.get(address)
        assert len(told) == number
