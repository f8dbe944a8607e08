"""Administrators who see a team as one of its members: read only, told, for half an hour, never as each other."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Impersonation, InstallationEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.records import LogReport
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import info_of
from monitoring.models import Execution
from tests.factories import report, step, store

pytestmark = pytest.mark.django_db
MARK = "payload-marker-7431"


@pytest.fixture
def root(db: None) -> User:
    """A superuser, in no team."""
    return User.objects.create_superuser("root@host.test", "correct horse battery")


@pytest.fixture
def staff(root: User) -> Client:
    """The superuser, signed in."""
    client = Client()
    client.force_login(root)
    return client


def add_page(team: Team, user: User) -> str:
    one = Membership.objects.get(team=team, user=user)
    return f"/admin/accounts/impersonation/add/?membership={one.id}"


def begin(client: Client, team: Team, user: User, reason: str = "ticket 12") -> None:
    answer = client.post(add_page(team, user), {"reason": reason})
    assert (answer.status_code, answer["Location"]) == (302, f"/t/{team.slug}/")


def events(team: Team, action: str) -> list[AuditEvent]:
    with team_context(team.id):
        return list(AuditEvent.objects.filter(action=action).order_by("at", "id"))


def page(team: Team, rest: str = "settings/team/") -> str:
    return f"/t/{team.slug}/{rest}"


def test_a_team_is_seen_as_its_member_with_a_banner_and_a_way_out(staff: Client, team: Team, member: User) -> None:
    assert staff.get(page(team)).status_code == 404
    assert "See the team as this member" in staff.get(f"/admin/accounts/team/{team.id}/change/").content.decode()
    asked = staff.get(add_page(team, member)).content.decode()
    assert "For 30 minutes" in asked
    assert "are not shown: an owner has not allowed it" in asked
    begin(staff, team, member)
    seen = staff.get(page(team)).content.decode()
    assert "You see this team as" in seen
    assert member.email in seen
    # What only owners may, a developer's page does not have.
    assert "Delete the team" not in seen
    assert staff.get(page(team, "settings/audit/")).status_code == 404
    answer = staff.post("/admin/accounts/impersonation/end/", follow=True)
    assert "you no longer see Harbour as member@harbour.test" in answer.content.decode()
    assert staff.get(page(team)).status_code == 404
    assert staff.get("/admin/").status_code == 200


def test_a_reason_is_asked_for(staff: Client, team: Team, member: User) -> None:
    for reason in ("", "  \x00 ", "x" * 501):
        answer = staff.post(add_page(team, member), {"reason": reason})
        assert answer.status_code == 422
        assert "Reason must be told" in answer.content.decode()
    assert not Impersonation.objects.exists()


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_nobody_is_seen_as_somebody_who_administers(staff: Client, team: Team, member: User, field: str) -> None:
    User.objects.filter(id=member.id).update(**{field: True})
    answer = staff.post(add_page(team, member), {"reason": "ticket"})
    assert answer.status_code == 422
    assert "administers the installation" in answer.content.decode()


def test_a_page_that_is_held_back_says_why(staff: Client, team: Team, member: User) -> None:
    begin(staff, team, member)
    answer = staff.get(page(team, "settings/keys/"))
    assert answer.status_code == 404
    assert "are held back" in answer.content.decode()
    assert f'href="/t/{team.slug}/"' in answer.content.decode()
    assert "are held back" not in Client().get("/nothing/").content.decode()


def test_nobody_is_seen_as_oneself_or_as_somebody_deactivated(
    staff: Client, root: User, team: Team, member: User
) -> None:
    Membership.objects.create(team=team, user=root, role=Role.VIEWER)
    assert "yourself" in staff.post(add_page(team, root), {"reason": "ticket"}).content.decode()
    User.objects.filter(id=member.id).update(is_active=False)
    assert "is deactivated" in staff.post(add_page(team, member), {"reason": "ticket"}).content.decode()


def test_staff_needs_the_permission_and_members_find_nothing(owner_client: Client, team: Team, member: User) -> None:
    clerk = User.objects.create_user("clerk@host.test", "correct horse battery", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.post(add_page(team, member), {"reason": "ticket"}).status_code == 403
    assert owner_client.post(add_page(team, member), {"reason": "ticket"}).status_code == 302
    assert not Impersonation.objects.exists()
    clerk.user_permissions.add(Permission.objects.get(codename="impersonate"))
    begin(client, team, member)
    # The permission is asked for on each page.
    clerk.user_permissions.clear()
    assert client.get(page(team)).status_code == 302
    assert client.get(page(team)).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_unsafe_method_is_refused(staff: Client, team: Team, owner: User, method: str) -> None:
    begin(staff, team, owner)
    for address in (
        f"/t/{team.slug}/settings/team/rename/",
        f"/t/{team.slug}/settings/support/save/",
        "/teams/new/",
        "/preferences/time-zone/",
        "/preferences/formats/",
        "/account/sessions/",
        f"/admin/accounts/team/{team.id}/act/suspend/",
    ):
        answer = getattr(staff, method)(address, {"name": "x", "reason": "x", "shows_payloads": "on"})
        assert answer.status_code == 403, address
        assert "Nothing was changed" in answer.content.decode()
    now = Team.objects.get(id=team.id)
    assert (now.name, now.suspended_at, now.shows_payloads_to_staff) == (team.name, None, False)
    # The API knows no sessions at all.
    for address in ("/api/v1/members/", f"/scim/v2/Users/{owner.id}"):
        assert getattr(staff, method)(address, {"name": "x"}).status_code == 401


def test_signing_out_is_let_through(staff: Client, team: Team, owner: User) -> None:
    begin(staff, team, owner)
    assert staff.post("/sign-out/").status_code == 302
    assert staff.get(page(team)).status_code == 302


def test_it_ends_after_half_an_hour(staff: Client, team: Team, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(staff, team, owner)
    later = timezone.now() + timedelta(minutes=29)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert staff.get(page(team)).status_code == 200
    over = later + timedelta(minutes=1, seconds=5)
    monkeypatch.setattr(timezone, "now", lambda: over)
    answer = staff.get(page(team), headers={"HX-Request": "true"})
    assert (answer.content, answer["HX-Redirect"]) == (b"", "/admin/")
    assert "the time is up" in staff.get("/admin/").content.decode()
    assert staff.get(page(team)).status_code == 404
    (ended,) = events(team, "impersonation.ended")
    assert "time was up" in ended.note
    one = Impersonation.objects.get()
    assert one.ended_at == one.ends_at


@pytest.mark.parametrize("what", ["left", "deactivated", "became staff"])
def test_it_ends_with_the_member(staff: Client, team: Team, member: User, what: str) -> None:
    begin(staff, team, member)
    if what == "left":
        Membership.objects.filter(team=team, user=member).delete()
    else:
        changed = {"deactivated": {"is_active": False}, "became staff": {"is_staff": True}}
        User.objects.filter(id=member.id).update(**changed[what])
    assert staff.get(page(team)).status_code == 302
    assert staff.get(page(team)).status_code == 404
    assert Impersonation.objects.get().ended_at is not None


def test_both_logs_tell_who_saw_what_as_whom(staff: Client, root: User, team: Team, member: User) -> None:
    begin(staff, team, member)
    for _ in range(3):
        staff.get(page(team, "workflows/?from=now-7d"))
    staff.get(page(team))
    staff.post("/admin/accounts/impersonation/end/")
    (began,) = events(team, "impersonation.began")
    assert (began.actor_name, began.target_name, began.via) == (root.email, member.email, "admin")
    assert began.after is not None
    assert began.after["reason"] == "ticket 12"
    # A page that renews itself is told once a minute.
    viewed = events(team, "page.viewed")
    assert [one.target_id for one in viewed] == [page(team, "workflows/?from=now-7d"), page(team)]
    assert {(one.actor_name, one.impersonated_by) for one in viewed} == {(member.email, root.email)}
    (ended,) = events(team, "impersonation.ended")
    assert ended.after == {"pages": 2}
    told = InstallationEvent.objects.filter(about_team=team.id).order_by("at", "id")
    assert [one.action for one in told] == ["impersonation.began", "page.viewed", "page.viewed", "impersonation.ended"]
    assert {one.actor_name for one in told} == {root.email}
    assert told[1].note == f"as {member.email}"


def test_only_the_one_team_is_seen(staff: Client, team: Team, other_team: NewTeam, member: User) -> None:
    Membership.objects.create(team=other_team.team, user=member, role=Role.OWNER)
    begin(staff, team, member)
    text = staff.get(page(team)).content.decode()
    assert other_team.team.slug not in text
    assert staff.get(page(other_team.team)).status_code == 404


def test_the_second_factor_that_a_team_requires_is_that_of_the_administrator(
    staff: Client, root: User, team: Team, member: User
) -> None:
    Team.objects.filter(id=team.id).update(requires_second_factor=True)
    Authenticator.objects.create(user=member, type=Authenticator.Type.TOTP, data={})
    begin(staff, team, member)
    assert staff.get(page(team))["Location"] == "/account/second-factor-needed/"
    Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={})
    assert staff.get(page(team)).status_code == 200


def with_payloads(team: Team) -> tuple[str, list[str]]:
    """Payloads of each kind, and addresses of pages that would show them: (the execution's id, addresses)."""
    now = timezone.now()
    one = step(id="s", input={"text": MARK}, output={"text": MARK}, started_at=now, ended_at=now)
    store(
        team,
        report(
            id="run", steps=[one], input={"text": MARK}, output={"text": MARK}, started_at=now, finished_at=now,
            logs=[LogReport(message=MARK, at=now, level="info")],
        ),
        now=now,
    )  # fmt: skip
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Hook").source
        execution = Execution.objects.get().id
    body = f'{{"job": 7, "text": "{MARK}"}}'.encode()
    receive(info_of(source), headers={}, body=body, content_type="application/json", now=now)
    own = f"sources/{source.id}/"
    return str(execution), [
        f"executions/{execution}/", f"executions/{execution}/raw.json", f"executions/{execution}/?at=s&tab=input",
        f"{own}deliveries/", f"{own}lines/", f"{own}mapping/", f"{own}rejected/", "settings/team/export.zip",
    ]  # fmt: skip


def seen(client: Client, team: Team, rest: str) -> str:
    answer = client.get(page(team, rest))
    if answer.status_code != 200:
        return ""
    return (b"".join(answer) if answer.streaming else answer.content).decode("utf-8", "replace")  # type: ignore[call-overload]


def test_the_address_of_a_source_is_not_shown(staff: Client, owner_client: Client, team: Team, owner: User) -> None:
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Hook").source
    assert source.address in seen(owner_client, team, f"sources/{source.id}/set-up/")
    begin(staff, team, owner)
    for rest in (f"sources/{source.id}/set-up/", f"sources/{source.id}/", "sources/", f"sources/{source.id}/settings/"):
        assert source.address not in seen(staff, team, rest)
    assert "Hook" in seen(staff, team, "sources/")


def test_payloads_are_shown_only_where_an_owner_allowed_it(
    staff: Client, owner_client: Client, team: Team, owner: User
) -> None:
    _, addresses = with_payloads(team)
    assert sum(MARK in seen(owner_client, team, rest) for rest in addresses) >= 3
    begin(staff, team, owner)
    assert {rest: MARK in seen(staff, team, rest) for rest in addresses} == dict.fromkeys(addresses, False)
    assert events(team, "payload.viewed")[-1].impersonated_by == ""
    owner_client.post(page(team, "settings/support/save/"), {"shows_payloads": "on"})
    assert MARK in seen(staff, team, addresses[1])
    assert events(team, "payload.viewed")[-1].impersonated_by == "root@host.test"
    owner_client.post(page(team, "settings/support/save/"), {})
    assert MARK not in seen(staff, team, addresses[1])


def test_a_search_looks_into_payloads_only_where_an_owner_allowed_it(
    staff: Client, owner_client: Client, team: Team, owner: User
) -> None:
    with_payloads(team)
    begin(staff, team, owner)
    address = page(team, f"executions/?q={MARK}&in=everything")
    answer = staff.get(address)
    assert answer.context_data["rows"] == []
    assert "only ids and errors were searched" in answer.content.decode()
    assert events(team, "payload.searched") == []
    owner_client.post(page(team, "settings/support/save/"), {"shows_payloads": "on"})
    assert len(staff.get(address).context_data["rows"]) == 1
    assert events(team, "payload.searched")[-1].impersonated_by == "root@host.test"
