"""A team from its second name to its end."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, InstallationEvent, Membership, Team, User
from accounts.permissions import Role
from accounts.services import erasure
from accounts.services.erasure import erase_due, tables_of_teams
from accounts.services.members import MemberRefused, change_role, leave_team, remove_member, transfer_ownership
from accounts.services.team_life import TeamRefused, delete_team, rename_team, restore_team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from tests.factories import report, step, store

pytestmark = pytest.mark.django_db
# Not of a team's own: `team_id` does not say whose the row is, or rows of it are kept on purpose.
ELSEWHERE = {"audit_event"}


@pytest.mark.django_db(databases=["default", "owner"])
def test_every_table_of_the_database_that_has_a_team_is_erased() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attname = 'team_id' AND n.nspname = 'public' "
            "AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
        )
        real = {name for (name,) in cursor.fetchall()}
    assert real - ELSEWHERE == set(tables_of_teams())


def test_what_refers_to_others_goes_before_them() -> None:
    order = tables_of_teams()
    assert order.index("improvement") < order.index("workflow")
    assert order.index("alert_delivery") < order.index("channel")
    assert order.index("group_member") < order.index("member_group")


def test_a_deleted_team_is_gone_after_its_days_and_no_other_is(
    team: Team, other_team: NewTeam, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "EXPORTS_FOLDER", tmp_path)
    monkeypatch.setattr(settings, "UPLOADS_FOLDER", tmp_path)
    monkeypatch.setattr(erasure, "BATCH", 2)
    for one in (team, other_team.team):
        store(one, *(report(workflow="nightly", steps=[step(), step()]) for _ in range(3)))
    now = timezone.now()
    with team_context(team.id):
        delete_team(team_id=team.id, name=team.name, now=now)
    assert erase_due(now + timedelta(days=6)) == []
    Team.objects.filter(id=team.id).update(erased_from=now - timedelta(hours=1))
    (erased,) = erase_due(timezone.now())
    assert erased.rows["execution"] == 3
    assert erased.rows["step"] == 6
    assert not Team.objects.filter(id=team.id).exists()
    for table in tables_of_teams():
        with team_context(team.id), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE team_id = %s", [team.id])
            assert cursor.fetchone() == (0,), table
    with team_context(other_team.team.id), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM execution")
        assert cursor.fetchone() == (3,)
    assert InstallationEvent.objects.get(action="team.erased").about_team == team.id


def test_a_team_is_restored_and_only_its_name_deletes_it(team: Team) -> None:
    now = timezone.now()
    with team_context(team.id):
        with pytest.raises(TeamRefused, match="team's name"):
            delete_team(team_id=team.id, name="Harbor", now=now)
        delete_team(team_id=team.id, name="Harbour", now=now)
        restore_team(team_id=team.id, now=now + timedelta(days=6))
    assert Team.objects.get(id=team.id).erased_from is None


@pytest.mark.parametrize("told", ["Sales abc", "Sales \N{REPLACEMENT CHARACTER}abc", " Sales  abc "])
def test_a_team_whose_name_turns_text_round_is_deleted_by_what_its_page_shows(team: Team, told: str) -> None:
    Team.objects.filter(id=team.id).update(name="Sales \N{RIGHT-TO-LEFT OVERRIDE}abc")
    delete_team(team_id=team.id, name=told, now=timezone.now())
    assert Team.objects.get(id=team.id).erased_from is not None


@pytest.mark.parametrize(
    "told", ["", "  ", "\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}", "\N{COMBINING ACUTE ACCENT}"]
)
def test_a_team_has_a_name_that_can_be_seen(owner_client: Client, team: Team, told: str) -> None:
    assert owner_client.post("/teams/new/", {"name": told}).status_code == 422
    answer = owner_client.post(f"/t/{team.slug}/settings/team/rename/", {"name": told, "slug": team.slug})
    assert answer.status_code == 422
    assert Team.objects.count() == 1


def test_a_name_is_kept_without_what_turns_text_round(owner_client: Client, team: Team) -> None:
    owner_client.post("/teams/new/", {"name": "\N{RIGHT-TO-LEFT OVERRIDE}קבוצה  1\x07"})
    assert Team.objects.exclude(id=team.id).get().name == "קבוצה 1"


def test_who_is_in_a_suspended_team_gets_to_the_other_one(owner_client: Client, team: Team) -> None:
    owner_client.post("/teams/new/", {"name": "Another"})
    Team.objects.filter(id=team.id).update(suspended_at=timezone.now())
    page = owner_client.get(f"/t/{team.slug}/workflows/")
    assert page.status_code == 403
    assert 'href="/t/another/"' in page.content.decode()
    assert owner_client.get("/").headers["Location"] == "/t/another/start/"


def test_who_leaves_is_told(owner_client: Client, member_client: Client, team: Team) -> None:
    page = member_client.post(f"/t/{team.slug}/settings/team/leave/", follow=True).content.decode()
    assert "You left the team" in page


def test_transfer_asks_first(owner_client: Client, member: User, team: Team) -> None:
    page = owner_client.get(f"/t/{team.slug}/settings/team/").content.decode()
    assert "Only they can take that back." in page


def test_keys_and_pages_of_a_deleted_team_say_so(owner_client: Client, team: Team, api_key: str) -> None:
    with team_context(team.id):
        delete_team(team_id=team.id, name=team.name, now=timezone.now())
    bearer = {"Authorization": f"Bearer {api_key}"}
    read = owner_client.get("/api/v1/executions/", headers=bearer)
    sent = owner_client.post("/api/v1/executions", "{}", content_type="application/json", headers=bearer)
    assert (read.status_code, sent.status_code) == (403, 403)
    assert "an owner can restore it" in read.json()["detail"]
    assert owner_client.get(f"/t/{team.slug}/workflows/").headers["Location"] == f"/t/{team.slug}/settings/team/"
    page = owner_client.get(f"/t/{team.slug}/settings/team/")
    assert "This team is being deleted" in page.content.decode()
    owner_client.post(f"/t/{team.slug}/settings/team/restore/")
    assert owner_client.get("/api/v1/executions/", headers=bearer).status_code == 200


def test_an_old_address_leads_to_the_new_one(
    owner_client: Client, stranger_client: Client, team: Team, other_team: NewTeam
) -> None:
    old = team.slug
    with team_context(team.id):
        rename_team(team_id=team.id, name="Port", slug="port")
        with pytest.raises(TeamRefused, match="not free"):
            rename_team(team_id=team.id, name="Port", slug=other_team.team.slug)
    moved = owner_client.get(f"/t/{old}/workflows/?env=test")
    assert moved.headers["Location"] == "/t/port/workflows/?env=test"
    assert stranger_client.get(f"/t/{old}/workflows/").status_code == 404
    with team_context(other_team.team.id), pytest.raises(TeamRefused, match="not free"):
        rename_team(team_id=other_team.team.id, name="Mountain", slug=old)


def test_the_last_owner_stays_and_stays_owner(team: Team, owner: User, member: User) -> None:
    mine, other = (Membership.objects.get(team=team, user=one) for one in (owner, member))
    with team_context(team.id):
        with pytest.raises(MemberRefused, match="last owner"):
            leave_team(team_id=team.id, member_id=mine.id, now=timezone.now())
        with pytest.raises(MemberRefused, match="last owner"):
            change_role(team_id=team.id, member_id=mine.id, role=Role.ADMIN, giver=Role.OWNER)
        with pytest.raises(MemberRefused, match="only an owner"):
            remove_member(team_id=team.id, member_id=mine.id, giver=Role.ADMIN, now=timezone.now())
        with pytest.raises(MemberRefused, match="only an owner"):
            change_role(team_id=team.id, member_id=other.id, role=Role.OWNER, giver=Role.ADMIN)
        transfer_ownership(team_id=team.id, owner_id=mine.id, heir_id=other.id)
        leave_team(team_id=team.id, member_id=mine.id, now=timezone.now())
    assert list(Membership.objects.filter(team=team).values_list("user__email", "role")) == [(member.email, "owner")]


def test_who_is_removed_sees_nothing_at_once(
    owner_client: Client, member_client: Client, team: Team, member: User
) -> None:
    assert member_client.get(f"/t/{team.slug}/workflows/").status_code == 200
    one = Membership.objects.get(team=team, user=member)
    owner_client.post(f"/t/{team.slug}/settings/members/{one.id}/remove/")
    assert member_client.get(f"/t/{team.slug}/workflows/").status_code == 404
    with team_context(team.id):
        event = AuditEvent.objects.get(action="membership.removed")
    assert (event.target_name, event.before) == (member.email, {"user_id": str(member.id), "role": "developer"})
