"""Saved views: kept under a name, shared with the team, opened first, and whose they are."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import DefaultView, SavedView
from monitoring.services import saved_views as services
from tests.factories import report, store

pytestmark = pytest.mark.django_db
VIEWS = "/t/harbour/views/"
PAGE = "/t/harbour/executions/"
FAILED = "?from=now-24h&to=now&status=failed"


def save(client: Client, **fields: str) -> str:
    told = {"page": "executions", "workflow": "", "query": FAILED, "name": "Failed today", "back": PAGE, **fields}
    answer = client.post(VIEWS, told)
    assert answer.status_code == 302
    return str(answer["Location"])


def said(client: Client, address: str = VIEWS) -> str:
    return client.get(address).content.decode()


def views(team: Team) -> list[SavedView]:
    with team_context(team.id):
        return list(SavedView.objects.order_by("name"))


def menu(client: Client, address: str = f"{PAGE}?from=now-1h") -> list[str]:
    return [one.row.name for one in client.get(address).context_data["menu"].views]


def test_a_view_keeps_filters_and_a_relative_range(team: Team, member: User, member_client: Client) -> None:
    assert save(member_client, query=f"{FAILED}&q=disk&in=logs&after=x&nonsense=1") == (
        f"{PAGE}?from=now-24h&to=now&status=failed&q=disk&in=logs"
    )
    assert menu(member_client) == ["Failed today"]
    page = member_client.get(f"{PAGE}{FAILED}&q=disk&in=logs")
    assert page.context_data["menu"].current == "Failed today"
    assert [one.made_by_id for one in views(team)] == [member.id]
    with team_context(team.id):
        event = AuditEvent.objects.get(action="saved_view.added")
    assert (event.actor_name, event.after["name"]) == ("member@harbour.test", "Failed today")


def test_an_own_view_is_seen_by_nobody_else_until_it_is_shared(
    team: Team, member_client: Client, owner_client: Client
) -> None:
    save(member_client)
    assert menu(owner_client) == []
    save(member_client, shared="on")
    assert menu(owner_client) == ["Failed today"]
    text = said(owner_client)
    assert "member@harbour.test" in text
    assert "Shared with the team" in text


def test_saving_twice_saves_once_and_another_query_is_refused(team: Team, member_client: Client) -> None:
    save(member_client)
    save(member_client)
    assert len(views(team)) == 1
    assert save(member_client, query="?status=cancelled") == PAGE
    assert "You have a view of this name already." in said(member_client)


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u202e", "x" * 81])
def test_names_of_which_nothing_is_seen_or_too_much_are_refused(team: Team, member_client: Client, name: str) -> None:
    save(member_client, name=name)
    assert views(team) == []
    assert "Not saved." in said(member_client)


def test_a_turning_name_is_kept_without_its_controls(team: Team, member_client: Client) -> None:
    save(member_client, name="\u202eevil  name\u202c")
    assert [one.name for one in views(team)] == ["evil name"]


def test_there_is_a_limit_to_views_and_to_their_length(
    team: Team, member_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MAX_VIEWS", 1)
    save(member_client)
    save(member_client, name="Another")
    assert "You have 1 views already" in said(member_client)
    save(member_client, name="Long", query="?" + "&".join(f"status=s{n}{'x' * 90}" for n in range(40)))
    assert "too many filters to be kept" in said(member_client)
    assert len(views(team)) == 1


def test_a_default_opens_first_and_no_longer_when_it_goes(team: Team, member: User, member_client: Client) -> None:
    save(member_client, default="on")
    assert member_client.get(PAGE)["Location"] == f"{PAGE}{FAILED}"
    assert member_client.get(f"{PAGE}?from=now-7d").status_code == 200
    (view,) = views(team)
    member_client.post(f"{VIEWS}{view.id}/", {"action": "no-default"})
    assert member_client.get(PAGE).status_code == 200
    member_client.post(f"{VIEWS}{view.id}/", {"action": "default"})
    member_client.post(f"{VIEWS}{view.id}/", {"action": "delete"})
    assert member_client.get(PAGE).status_code == 200
    assert views(team) == []


def test_unsharing_takes_it_from_those_who_open_with_it(
    team: Team, member_client: Client, owner_client: Client
) -> None:
    save(member_client, shared="on")
    (view,) = views(team)
    owner_client.post(f"{VIEWS}{view.id}/", {"action": "default"})
    assert owner_client.get(PAGE).status_code == 302
    member_client.post(f"{VIEWS}{view.id}/", {"action": "change", "name": "Mine"})
    assert owner_client.get(PAGE).status_code == 200
    with team_context(team.id):
        assert not DefaultView.objects.exists()


def test_who_made_it_and_who_manages_members_may_change_it(
    team: Team, owner: User, member: User, member_client: Client, owner_client: Client
) -> None:
    save(owner_client, shared="on")
    (view,) = views(team)
    address = f"{VIEWS}{view.id}/"
    assert member_client.post(address, {"action": "change", "name": "Taken"}).status_code == 404
    assert member_client.post(address, {"action": "delete"}).status_code == 404
    save(member_client, name="Of the member", shared="on")
    of_member = next(one for one in views(team) if one.name == "Of the member")
    owner_client.post(f"{VIEWS}{of_member.id}/", {"action": "change", "name": "Renamed", "shared": "on"})
    assert "Renamed" in said(member_client)
    Membership.objects.filter(user=member).update(role=Role.ADMIN)
    assert member_client.post(address, {"action": "delete"}).status_code == 302


def test_a_failures_view_belongs_to_its_workflow(team: Team, member_client: Client) -> None:
    store(team, report(workflow="nightly"), report(workflow="hourly"))
    opened = save(member_client, page="failures", workflow="nightly", query="?from=now-7d&to=now&step=fetch")
    assert opened == "/t/harbour/workflows/nightly/failures/?from=now-7d&to=now&step=fetch"
    assert menu(member_client, "/t/harbour/workflows/nightly/failures/?from=now-1h") == ["Failed today"]
    assert menu(member_client, "/t/harbour/workflows/hourly/failures/?from=now-1h") == []
    assert menu(member_client) == []
    text = said(member_client)
    assert "Failures" in text
    assert "nightly" in text


@pytest.mark.parametrize(
    "fields", [{"page": "trends"}, {"page": "failures"}, {"workflow": "none"}, {"page": "failures", "workflow": "none"}]
)
def test_pages_without_views_are_refused(team: Team, member_client: Client, fields: dict[str, str]) -> None:
    told = {"page": "executions", "workflow": "", "query": FAILED, "name": "x", **fields}
    answer = member_client.post(VIEWS, told)
    assert answer.status_code == (404 if fields.get("workflow") else 302)
    assert views(team) == []


@pytest.mark.parametrize("field", ["page", "workflow", "name", "query", "back"])
def test_nul_in_any_field_is_no_error(team: Team, member_client: Client, field: str) -> None:
    told = {"page": "executions", "workflow": "", "query": FAILED, "name": "Failed today", "back": PAGE}
    assert member_client.post(VIEWS, {**told, field: f"a\0{told[field]}"}).status_code in (302, 404)
    assert all("\0" not in f"{one.name}{one.query}" for one in views(team))


def test_back_leads_nowhere_else(team: Team, member_client: Client) -> None:
    assert save(member_client, name="", back="https://evil.test/") == VIEWS


def test_the_list_exports_itself(team: Team, member_client: Client) -> None:
    save(member_client)
    lines = b"".join(member_client.get(f"{VIEWS}?format=csv").streaming_content).decode().splitlines()
    assert lines[0] == "Name,Page,Workflow,Shared,Made by,Query"
    assert lines[1].startswith("Failed today,Executions,,no,member@harbour.test,")


def test_the_number_of_queries_is_that_of_one_view(team: Team, member_client: Client) -> None:
    save(member_client)
    for address in (VIEWS, f"{PAGE}?from=now-1h"):
        said(member_client, address)
        with CaptureQueriesContext(connection) as one:
            said(member_client, address)
        for number in range(20):
            save(member_client, name=f"{address} {number}")
        said(member_client, address)
        with CaptureQueriesContext(connection) as many:
            said(member_client, address)
        assert len(many) == len(one)


def test_strangers_and_the_anonymous(
    team: Team, member_client: Client, stranger_client: Client, client: Client
) -> None:
    save(member_client, shared="on")
    (view,) = views(team)
    assert stranger_client.get(VIEWS).status_code == 404
    assert stranger_client.post(f"/t/mountain/views/{view.id}/", {"action": "delete"}).status_code == 404
    assert client.get(VIEWS)["Location"].startswith("/sign-in/")
    assert member_client.get(f"{VIEWS}{view.id}/").status_code == 405
    assert len(views(team)) == 1
