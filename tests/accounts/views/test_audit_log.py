"""The audit log as members read it, and as a SIEM follows it."""

import csv
import io
import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import record
from accounts.models import AuditEvent, Membership, Team, User
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from tests.factories import ApiKeyFactory, report, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def events(team: Team) -> list[AuditEvent]:
    """Five events, a minute apart, the oldest first."""
    now = timezone.now() - timedelta(hours=1)
    with team_context(team.id):
        return [
            record(
                "budget.changed" if number % 2 else "payload.viewed",
                ("budget", number, f"Budget {number}"),
                before={"amount": number},
                after={"amount": number + 1, "note": "<b>x</b>"},
                at=now + timedelta(minutes=number),
            )
            for number in range(5)
        ]


def test_the_log_shows_events_with_filters_and_each_leads_to_before_and_after(
    owner_client: Client, team: Team, events: list[AuditEvent]
) -> None:
    page = owner_client.get(f"/t/{team.slug}/settings/audit/?what=budget").content.decode()
    assert "Budget 3" in page
    assert "Budget 2" not in page
    one = owner_client.get(f"/t/{team.slug}/settings/audit/{events[3].id}/").content.decode()
    assert "budget.changed" in one
    assert "&lt;b&gt;x&lt;/b&gt;" in one


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("target=Budget 4", [4]),
        ("q=Budget 1", [1]),
        ("who=nobody", []),
        ("to=2020-01-01", []),
        ("from=x", [4, 3]),
    ],
)
def test_filters_find_by_target_text_who_and_time(
    owner_client: Client, team: Team, events: list[AuditEvent], query: str, numbers: list[int]
) -> None:
    answer = owner_client.get(f"/t/{team.slug}/settings/audit/?{query}&format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]
    assert [row["target"] for row in rows][:2] == [f"Budget {number}" for number in numbers]


def test_only_who_may_sees_it_and_no_other_team(
    member_client: Client, stranger_client: Client, team: Team, other_team: NewTeam, events: list[AuditEvent]
) -> None:
    assert member_client.get(f"/t/{team.slug}/settings/audit/").status_code == 404
    assert stranger_client.get(f"/t/{team.slug}/settings/audit/").status_code == 404
    mine = f"/t/{other_team.team.slug}/settings/audit/{events[0].id}/"
    assert stranger_client.get(mine).status_code == 404


def test_who_looks_at_a_payload_or_takes_an_export_is_in_the_log(
    owner_client: Client, member_client: Client, team: Team, member: User
) -> None:
    store(team, report(input={"a": 1}))
    with team_context(team.id):
        from monitoring.models import Execution

        id = Execution.objects.get().id
    member_client.get(f"/t/{team.slug}/executions/{id}/")
    b"".join(member_client.get(f"/t/{team.slug}/executions/?format=csv").streaming_content)  # type: ignore[attr-defined]
    with team_context(team.id):
        told = list(AuditEvent.objects.order_by("at").values_list("action", "actor_name"))
    assert told == [("payload.viewed", member.email), ("export.downloaded", member.email)]


def test_the_api_pages_backwards_and_a_siem_follows_onwards(
    client: Client, team: Team, events: list[AuditEvent]
) -> None:
    bearer = {"Authorization": f"Bearer {ApiKeyFactory(team=team).text}"}  # type: ignore[attr-defined]
    told, address = [], "/api/v1/audit-events/?limit=2"
    while address:
        page = client.get(address, headers=bearer).json()
        told += [one["target_id"] for one in page["results"]]
        address = page["next"]
    assert told == ["4", "3", "2", "1", "0"]
    followed, after = [], ""
    for _ in range(4):
        answer = client.get(f"/api/v1/audit-events/stream/?limit=2&after={after}", headers=bearer)
        lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
        followed += [json.loads(line)["target_id"] for line in lines]
        after = answer["X-Next-After"]
    assert followed == ["0", "1", "2", "3", "4"]
    assert client.get("/api/v1/audit-events/stream/?after=x", headers=bearer).status_code == 400
    scopeless = ApiKeyFactory(team=team, scopes=["read"])
    refused = client.get("/api/v1/audit-events/", headers={"Authorization": f"Bearer {scopeless.text}"})  # type: ignore[attr-defined]
    assert refused.status_code == 403


def test_settings_pages_open_for_each_role(owner_client: Client, member_client: Client, team: Team) -> None:
    for path in ("members", "roles", "keys", "team", "audit"):
        assert owner_client.get(f"/t/{team.slug}/settings/{path}/").status_code == 200
    for path in ("members", "roles", "keys", "team"):
        assert member_client.get(f"/t/{team.slug}/settings/{path}/").status_code == 200
    assert member_client.post(f"/t/{team.slug}/settings/invitations/", {"email": "a@b.test"}).status_code == 404
    assert Membership.objects.filter(team=team).count() == 2
