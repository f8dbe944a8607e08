"""The page of the live tail: what it shows to whom, what its parts and its export hold, and what it costs."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import Failure, LogReport
from monitoring.models import Execution
from monitoring.statuses import Status
from tests.factories import NOW, report, send
from tests.people import PASSWORD


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def address(team: Team, **query: Any) -> str:
    return f"/t/{team.slug}/tail/" + (f"?{urlencode(query)}" if query else "")


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def looker(team: Team, role: Role) -> Client:
    user = User.objects.create_user(f"{role}@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def fill(team: Team, count: int = 1, name: str = "a") -> None:
    for number in range(count):
        line = LogReport(at=NOW - timedelta(seconds=30), level="warning", message=f"<b>line</b> {name}{number}")
        told = {"status": Status.FAILED, "error": Failure(message="boom"), "logs": [line]}
        with team_context(team.id):
            send(team, report(id=f"{name}{number}", workflow="Lead", **told))


def keys(text: str) -> list[str]:
    return re.findall(r'<tr data-key="([^"]+)"', text)


def test_executions_and_their_lines_stand_together_each_with_its_replay(member_client: Client, team: Team) -> None:
    fill(team)
    text = page(member_client, address(team))
    with team_context(team.id):
        found = Execution.objects.get()
    assert sorted(one.split(":")[1] == "failed" for one in keys(text)) == [False, True]
    assert text.count(f'href="/t/{team.slug}/executions/{found.id}/"') == 2
    assert "&lt;b&gt;line&lt;/b&gt; a0" in text
    assert "boom" in text
    with team_context(team.id):
        assert AuditEvent.objects.filter(action="payload.viewed", target_name="Live tail").count() == 1


def test_who_may_not_see_payloads_sees_no_line_anywhere(team: Team) -> None:
    fill(team)
    finance = looker(team, Role.FINANCE)
    for url in (address(team), address(team, show="lines"), address(team, part="rows"), address(team, q="line")):
        text = finance.get(url).content.decode()
        assert "a0</td>" not in text.replace("line</b> ", "")
        assert "&lt;b&gt;" not in text
    assert "your role does not show them" in page(finance, address(team))
    assert "Your role does not show log lines" in page(finance, address(team, show="lines"))
    exported = b"".join(finance.get(address(team, format="csv")).streaming_content).decode()  # type: ignore[attr-defined]
    assert "line" not in exported.split("\n", 1)[1]
    with team_context(team.id):
        assert not AuditEvent.objects.filter(action="payload.viewed").exists()


@pytest.mark.django_db(transaction=True)
def test_a_part_holds_what_is_new_since_its_cursor(member_client: Client, team: Team) -> None:
    fill(team)
    text = page(member_client, address(team))
    after = re.search(r'data-after="([^"]+)"', text)
    assert after
    # While an older transaction is at work anywhere in the server, a row is told again, under the key it had.
    known = set(keys(text))
    first = member_client.get(address(team, part="rows", after=after[1])).json()
    assert set(keys(first["html"])) <= known
    fill(team, name="b")
    second = member_client.get(address(team, part="rows", after=first["after"])).json()
    assert len(set(keys(second["html"])) - known) == 2
    assert second["is_cut"] is False
    # One that nobody made: all that is live, again.
    assert len(keys(member_client.get(address(team, part="rows", after="nonsense")).json()["html"])) == 4


def test_filters_stand_in_the_address_and_in_the_form(member_client: Client, team: Team) -> None:
    fill(team)
    query = {"workflow": "lead", "env": "*", "status": "failed", "show": "lines", "level": "warning", "q": "LINE"}
    text = page(member_client, address(team, **query))
    assert len(keys(text)) == 1
    for value in ("lead", "*", "failed", "lines", "warning"):
        assert f'<option value="{value}" selected' in text
    assert 'value="LINE"' in text
    again = re.search(r'data-tail="([^"]+)"', text)
    assert again
    assert unescape(again[1]) == "?" + urlencode({**query, "part": "rows"})
    empty = page(member_client, address(team, level="error", show="lines"))
    assert "Nothing came that matches" in empty
    assert keys(empty) == []


@pytest.mark.parametrize(
    "query", [{"level": "x"}, {"show": "x"}, {"since": "x"}, {"since": "1990-01-01"}, {"env": "\0"}]
)
def test_nonsense_in_the_address_is_no_error(member_client: Client, team: Team, query: dict[str, str]) -> None:
    fill(team)
    for part in ({}, {"part": "rows"}, {"format": "csv"}):
        assert member_client.get(address(team, **query, **part)).status_code == 200


def test_the_export_has_what_is_shown_since_then(member_client: Client, team: Team) -> None:
    fill(team)
    with team_context(team.id):
        send(team, report(id="earlier", finished_at=NOW - timedelta(hours=2), started_at=NOW - timedelta(hours=3)))
    answer = member_client.get(address(team, format="csv", since=(NOW - timedelta(hours=4)).isoformat()))
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert rows[0][:3] == ["Time", "Kind", "Status or level"]
    assert [row[1:3] for row in rows[1:]] == [
        ["log line", "warning"],
        ["execution", "failed"],
        ["execution", "succeeded"],
    ]


def test_strangers_find_nothing_and_visitors_sign_in(stranger_client: Client, team: Team) -> None:
    for query in ({}, {"part": "rows"}, {"format": "csv"}):
        assert stranger_client.get(address(team, **query)).status_code == 404
    assert Client().get(address(team)).status_code == 302
    assert stranger_client.post(address(team)).status_code in (404, 405)


def test_many_rows_cost_no_more_queries_than_one(member_client: Client, team: Team) -> None:
    for query in ({}, {"part": "rows"}):
        counts = []
        for number in (1, 20):
            fill(team, number, name=f"q{number}")
            member_client.get(address(team, **query))
            with CaptureQueriesContext(connection) as queries:
                member_client.get(address(team, **query))
            counts.append(len(queries))
        assert counts[0] == counts[1]
