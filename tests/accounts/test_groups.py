"""Groups of members on their page, and the owner of a workflow."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import GroupMember, MemberGroup
from accounts.tenancy import team_context
from monitoring.models import Workflow
from tests.factories import MembershipFactory, report, store
from tests.monitoring.views.test_replay import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(team) -> str:
    return f"/t/{team.slug}/settings/groups/"


def flat(client, address: str) -> str:
    return " ".join(read(client, address).split())


def make(client, page, name: str, *members, **fields) -> int:
    return client.post(page, {"name": name, "member": [str(one.id) for one in members], **fields}).status_code


def test_a_group_is_made_renamed_filled_and_removed(owner_client, team, owner, member, page) -> None:
    assert make(owner_client, page, "  Pay  ments ", member) == 302
    with team_context(team.id):
        one = MemberGroup.objects.get()
        assert one.name == "Pay ments"
    assert make(owner_client, page, "Payments", owner, member, group=str(one.id)) == 302
    assert "<bdi>Payments</bdi>" in flat(owner_client, page)
    assert owner_client.get(f"{page}?format=csv").getvalue().decode().splitlines() == [
        "Group,Member",
        "Payments,member@harbour.test",
        "Payments,owner@harbour.test",
    ]
    assert "Remove this group?" in flat(owner_client, page)
    owner_client.post(f"{page}{one.id}/remove/")
    assert "No group yet" in flat(owner_client, page)


def test_what_cannot_be_saved_says_why(owner_client, stranger, page) -> None:
    make(owner_client, page, "Payments")
    for name, members, reason in (
        ("", [], "the name must be told"),
        ("\N{ZERO WIDTH SPACE}", [], "the name must be told"),
        ("Payments", [], "the name is taken by another group"),
        ("x" * 81, [], "the name must be told, with at most 80"),
        ("Others", [str(stranger.id)], "the members must be members of the team"),
        ("Others", ["nonsense"], "the members must be members of the team"),
    ):
        response = owner_client.post(page, {"name": name, "member": members})
        assert response.status_code == 422
        assert reason in response.content.decode()


def test_who_may_see_and_change(client, member_client, stranger_client, owner_client, team, page) -> None:
    make(owner_client, page, "Payments")
    with team_context(team.id):
        one = MemberGroup.objects.get()
    assert "Add a group" not in read(member_client, page)
    for address in (page, f"{page}{one.id}/remove/"):
        assert member_client.post(address, {"name": "x"}).status_code == 404
        assert stranger_client.post(address, {"name": "x"}).status_code == 404
        assert client.post(address).status_code == 302
    assert stranger_client.get(page).status_code == 404
    assert owner_client.get(f"{page}{one.id}/remove/").status_code == 405
    assert owner_client.post(f"{page}{uuid4()}/remove/").status_code == 404
    assert make(owner_client, page, "x", group=str(uuid4())) == 404


def test_the_number_of_queries_does_not_grow(owner_client, team, page) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            read(owner_client, page)
        return len(told)

    make(owner_client, page, "Payments")
    read(owner_client, page)
    few = queries()
    people = [MembershipFactory(team=team).user for _ in range(20)]
    for number in range(20):
        make(owner_client, page, f"Group {number}", *people)
    # What was said of the new groups is read once.
    read(owner_client, page)
    assert queries() == few


def test_a_workflow_gets_an_owner_and_tags(member_client, stranger_client, team, member, page) -> None:
    store(team, report())
    trends = f"/t/{team.slug}/workflows/nightly/"
    with team_context(team.id):
        group = MemberGroup.objects.create(team=team, name="Payments")
        GroupMember.objects.create(team=team, group=group, user=member)
    told = {"owner": f"group:{group.id}", "tags": "tier-1, payments, ,payments"}
    assert member_client.post(f"{trends}owner/", told).status_code == 302
    assert "Owner: Payments · payments, tier-1" in read(member_client, trends)
    member_client.post(f"{trends}owner/", {"owner": f"user:{member.id}", "tags": ""})
    with team_context(team.id):
        found = Workflow.objects.get()
        assert (found.owner_id, found.owner_group_id, found.tags) == (member.id, None, [])
    for owner in ("user:nonsense", f"user:{uuid4()}", f"group:{uuid4()}"):
        response = member_client.post(f"{trends}owner/", {"owner": owner}, follow=True)
        assert "Not saved" in response.content.decode()
    many = ",".join(f"t{number}" for number in range(21))
    assert "at most 20" in member_client.post(f"{trends}owner/", {"tags": many}, follow=True).content.decode()
    assert stranger_client.post(f"{trends}owner/", told).status_code == 404
    assert member_client.get(f"{trends}owner/").status_code == 405
