"""What a team says and sees of the people who run the installation."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Impersonation, Membership, Team, User
from accounts.permissions import Role
from accounts.services.impersonation import begin, end
from accounts.tenancy import team_context

pytestmark = pytest.mark.django_db


def address(team: Team, rest: str = "") -> str:
    return f"/t/{team.slug}/settings/support/{rest}"


def seen(team: Team, member: User, reason: str) -> Impersonation:
    staff = User.objects.filter(email="root@host.test").first() or User.objects.create_superuser("root@host.test", "x")
    now = timezone.now()
    one = begin(membership=Membership.objects.get(team=team, user=member), staff=staff, reason=reason, now=now)
    end(one, now)
    return one


def is_allowed(client: Client, team: Team) -> bool:
    """Whether the page shows that payloads are shown to administrators."""
    return re.search(r'name="shows_payloads"[^>]*\schecked', client.get(address(team)).content.decode()) is not None


def test_an_owner_allows_payloads_and_the_log_tells_it(owner_client: Client, team: Team) -> None:
    assert not is_allowed(owner_client, team)
    assert owner_client.post(address(team, "save/"), {"shows_payloads": "on"}).status_code == 302
    assert is_allowed(owner_client, team)
    with team_context(team.id):
        (event,) = AuditEvent.objects.filter(action="team.changed")
    assert (event.before, event.after) == ({"shows_payloads_to_staff": False}, {"shows_payloads_to_staff": True})
    owner_client.post(address(team, "save/"), {})
    assert not Team.objects.get(id=team.id).shows_payloads_to_staff


def test_only_an_owner_allows_it_and_only_who_sees_the_log_sees_the_page(
    member_client: Client, member: User, stranger_client: Client, client: Client, team: Team
) -> None:
    assert member_client.get(address(team)).status_code == 404
    Membership.objects.filter(team=team, user=member).update(role=Role.ADMIN)
    assert "Only an owner changes this" in member_client.get(address(team)).content.decode()
    assert member_client.post(address(team, "save/"), {"shows_payloads": "on"}).status_code == 404
    assert member_client.get(address(team, "save/")).status_code == 404
    assert stranger_client.get(address(team)).status_code == 404
    assert client.get(address(team)).status_code == 302
    assert not Team.objects.get(id=team.id).shows_payloads_to_staff


def test_the_table_tells_who_saw_the_team_and_why(owner_client: Client, team: Team, member: User) -> None:
    assert "Nobody yet" in owner_client.get(address(team)).content.decode()
    seen(team, member, "=ticket <b>9</b>")
    text = owner_client.get(address(team)).content.decode()
    assert "root@host.test" in text
    assert "=ticket &lt;b&gt;9&lt;/b&gt;" in text
    lines = b"".join(owner_client.get(address(team), {"format": "csv"})).decode().splitlines()  # type: ignore[call-overload]
    assert lines[0] == "began_at,ended_at,administrator,member,reason,pages"
    assert lines[1].endswith(f"root@host.test,{member.email},'=ticket <b>9</b>,0")


def test_the_number_of_queries_does_not_grow(owner_client: Client, team: Team, member: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as told:
            assert owner_client.get(address(team)).status_code == 200
        return len(told)

    seen(team, member, "one")
    queries()
    few = queries()
    for number in range(19):
        seen(team, member, f"ticket {number}")
    assert queries() == few
