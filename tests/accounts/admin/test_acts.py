"""What is done to teams, people and keys in the administration: asked first, done, told in both logs."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import ApiKey, AuditEvent, InstallationEvent, Membership, Team, TeamLimits, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.services.sources import create_source
from ingestion.sources import forget_sources
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("root@host.test", PASSWORD)


@pytest.fixture
def staff(root: User) -> Client:
    """The superuser, signed in."""
    client = Client()
    client.force_login(root)
    return client


def act(client: Client, row: Team | User | ApiKey | Membership, name: str, reason: str = "") -> str:
    """Does something to a row; what the page then says."""
    address = f"/admin/accounts/{row._meta.model_name}/{row.pk}/act/{name}/"
    if client.get(address).status_code != 200:
        return ""
    return client.post(address, {"reason": reason}, follow=True).content.decode()


def told(action: str) -> InstallationEvent:
    (one,) = InstallationEvent.objects.filter(action=action)
    return one


def told_to(team: Team, action: str) -> AuditEvent:
    with team_context(team.id):
        return AuditEvent.objects.filter(action=action).latest("at")


def test_a_suspended_team_is_closed_to_members_keys_and_sources_until_it_is_resumed(
    staff: Client, owner_client: Client, client: Client, team: Team, api_key: str
) -> None:
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Hook").source

    def statuses() -> list[int]:
        forget_sources()
        bearer = {"Authorization": f"Bearer {api_key}"}
        return [
            owner_client.get(f"/t/{team.slug}/settings/team/").status_code,
            client.get("/api/v1/workflows/", headers=bearer).status_code,
            client.post("/api/v1/executions", "{}", "application/json", headers=bearer).status_code,
            client.post(f"/hooks/{source.address}", "{}", "application/json").status_code,
        ]

    before = statuses()
    assert 403 not in before
    assert "Say why" in act(staff, team, "suspend")
    assert "The team is suspended" in act(staff, team, "suspend", "unpaid since May")
    assert statuses() == [403] * 4
    page = owner_client.get(f"/t/{team.slug}/settings/team/").content.decode()
    assert "unpaid since May" in page
    assert (told("team.suspended").actor_name, told("team.suspended").via) == ("root@host.test", "admin")
    event = told_to(team, "team.changed")
    assert event.after is not None
    assert (event.via, event.after["suspended_because"]) == ("admin", "unpaid since May")
    # What fits no more is not offered.
    assert act(staff, team, "suspend", "again") == ""
    assert "open again" in act(staff, team, "resume")
    assert statuses() == before
    assert told("team.resumed").about_team == team.id


def test_a_suspended_team_is_still_seen_by_staff_as_a_member(staff: Client, team: Team, owner: User) -> None:
    act(staff, team, "suspend", "unpaid")
    one = Membership.objects.get(team=team, user=owner)
    staff.post(f"/admin/accounts/impersonation/add/?membership={one.id}", {"reason": "ticket"})
    assert staff.get(f"/t/{team.slug}/settings/team/").status_code == 200


def test_a_team_that_is_being_deleted_is_restored(staff: Client, owner_client: Client, team: Team) -> None:
    assert act(staff, team, "restore") == ""
    owner_client.post(f"/t/{team.slug}/settings/team/delete/", {"confirm": team.name})
    assert "is restored" in act(staff, team, "restore")
    assert Team.objects.get(id=team.id).erased_from is None
    assert told("team.restored").about_team == team.id


def test_limits_are_set_with_the_team_and_told_with_before_and_after(staff: Client, team: Team) -> None:
    address = f"/admin/accounts/team/{team.id}/change/"
    form = {"limits-TOTAL_FORMS": "1", "limits-INITIAL_FORMS": "0", "limits-0-team": str(team.id)}
    form |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    assert staff.post(address, {**form, "limits-0-requests_per_second": "50"}).status_code == 302
    assert TeamLimits.objects.get(team=team).requests_per_second == 50
    form["limits-INITIAL_FORMS"] = "1"
    staff.post(address, {**form, "limits-0-requests_per_second": "70"})
    event = told_to(team, "limits_of_a_team.changed")
    assert (event.before, event.after) == ({"requests_per_second": 50}, {"requests_per_second": 70})
    assert (event.via, event.actor_name) == ("admin", "root@host.test")
    assert "Requests per second" in InstallationEvent.objects.filter(action="team.changed").latest("at").note


def test_a_person_is_deactivated_and_let_in_again(staff: Client, member: User, team: Team) -> None:
    browser = Client()
    browser.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    assert browser.get(f"/t/{team.slug}/settings/team/").status_code == 200
    assert "is deactivated" in act(staff, member, "deactivate")
    assert browser.get(f"/t/{team.slug}/settings/team/").status_code == 302
    browser.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    assert browser.get(f"/t/{team.slug}/settings/team/").status_code == 302
    assert told("user.deactivated").target_name == member.email
    assert told("session.ended").note == "deactivated"
    act(staff, member, "activate")
    browser.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    assert browser.get(f"/t/{team.slug}/settings/team/").status_code == 200
    assert told("user.activated").actor_name == "root@host.test"


def test_sessions_are_ended(staff: Client, member: User, team: Team) -> None:
    browser = Client()
    browser.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    browser.get(f"/t/{team.slug}/settings/team/")
    assert "1 session ended" in act(staff, member, "end-sessions")
    assert browser.get(f"/t/{team.slug}/settings/team/").status_code == 302


def test_second_factors_are_reset(staff: Client, member: User) -> None:
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
        Authenticator.objects.create(user=member, type=kind, data={})
    assert "Say how you made sure that it is them" in act(staff, member, "reset-second-factors", " ")
    assert Authenticator.objects.filter(user=member).count() == 2
    assert "2 second factors removed" in act(staff, member, "reset-second-factors", "Called back at the office")
    assert told("user.second_factors_reset").note == "Called back at the office"
    assert not Authenticator.objects.filter(user=member).exists()
    assert told("user.second_factors_reset").before == {"second_factors": ["Recovery codes", "TOTP Authenticator"]}


def test_people_are_let_into_the_administration_and_put_out(staff: Client, member: User) -> None:
    assert "may open the administration" in act(staff, member, "make-staff")
    assert User.objects.get(id=member.id).is_staff
    assert "is out of the administration" in act(staff, User.objects.get(id=member.id), "end-staff")
    assert not User.objects.get(id=member.id).is_staff
    assert InstallationEvent.objects.filter(action="user.staff_changed").count() == 2


def test_nobody_does_it_to_themselves_and_only_superusers_to_staff(staff: Client, root: User, member: User) -> None:
    assert "This is you" in act(staff, root, "deactivate")
    clerk = User.objects.create_user("clerk@host.test", PASSWORD, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client = Client()
    client.force_login(clerk)
    assert "Only a superuser" in act(client, root, "deactivate")
    assert "Only a superuser" in act(client, root, "reset-second-factors")
    assert "Only a superuser" in act(client, member, "make-staff")
    assert "is deactivated" in act(client, member, "deactivate")
    assert User.objects.get(id=root.id).is_active
    # Groups give rights: the form is not theirs.
    assert client.post(f"/admin/accounts/user/{member.id}/change/", {"groups": "1"}).status_code == 403
    group = Group.objects.create(name="Support")
    assert client.post(f"/admin/auth/group/{group.id}/change/", {"name": "x"}).status_code == 403


def test_looking_is_not_acting(team: Team, member: User) -> None:
    clerk = User.objects.create_user("clerk@host.test", PASSWORD, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "view_team"]))
    client = Client()
    client.force_login(clerk)
    for row in (team, member):
        address = f"/admin/accounts/{row._meta.model_name}/{row.pk}/"
        assert client.get(f"{address}change/").status_code == 200
        assert "/act/" not in client.get(f"{address}change/").content.decode()
        for name in ("suspend", "deactivate"):
            assert client.post(f"{address}act/{name}/", {"reason": "x"}).status_code in (403, 404)
    assert User.objects.get(id=member.id).is_active
    assert Team.objects.get(id=team.id).suspended_at is None


def test_a_superuser_says_in_which_groups_staff_is(staff: Client, member: User) -> None:
    group = Group.objects.create(name="Support")
    assert staff.post(f"/admin/accounts/user/{member.id}/change/", {"groups": [group.pk]}).status_code == 302
    assert list(member.groups.all()) == [group]
    assert "Groups" in told("user.changed").note


def test_a_key_is_revoked_and_its_secret_never_shown(staff: Client, client: Client, team: Team, api_key: str) -> None:
    key = ApiKey.objects.get(team=team)
    text = staff.get(f"/admin/accounts/apikey/{key.id}/change/").content.decode()
    assert key.prefix in text
    assert api_key not in text
    assert bytes(key.secret_hash).hex() not in text
    assert "is refused from now on" in act(staff, key, "revoke")
    bearer = {"Authorization": f"Bearer {api_key}"}
    assert client.get("/api/v1/workflows/", headers=bearer).status_code == 401
    assert told_to(team, "api_key.changed").via == "admin"
    assert told("api_key.revoked").about_team == team.id
    assert act(staff, key, "revoke") == ""


def test_a_team_whose_owner_is_gone_gets_one(staff: Client, team: Team, member: User) -> None:
    one = Membership.objects.get(team=team, user=member)
    assert "owns the team now" in act(staff, one, "own")
    assert Membership.objects.get(id=one.id).role == Role.OWNER
    assert told_to(team, "membership.changed").via == "admin"


def test_there_is_no_other_way_to_change_them(staff: Client, team: Team, member: User) -> None:
    one = Membership.objects.get(team=team, user=member)
    for row in (team, member, one, ApiKey.objects.get(team=team)):
        address = f"/admin/accounts/{row._meta.model_name}/"
        assert staff.get(f"{address}add/").status_code == 403
        assert staff.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.post(f"/admin/accounts/user/{member.id}/change/", {"email": "x@y.test", "is_superuser": "on"})
    assert (User.objects.get(id=member.id).email, User.objects.get(id=member.id).is_superuser) == (member.email, False)
