"""The audit log: in the transaction of what was done, with before and after, and never changed again."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, RequestFactory, override_settings

from accounts.acting import Actor, ActorKind, Via, acting, address_of
from accounts.audit import record, record_for_installation
from accounts.models import AuditEvent, InstallationEvent, MemberGroup, Team
from accounts.tenancy import team_context

pytestmark = pytest.mark.django_db
WHO = Actor(ActorKind.USER, "owner@harbour.test", uuid4())


def test_an_event_says_who_did_what_and_from_where(team: Team) -> None:
    with acting(WHO, Via.PAGE, address="203.0.113.7", request_id="r1"), team_context(team.id):
        record("member.role_changed", ("member", 7, "Ann"), before={"role": "viewer"}, after={"role": "admin"})
        (event,) = AuditEvent.objects.all()
    assert (event.actor_name, event.actor_id, event.via) == ("owner@harbour.test", WHO.id, "page")
    assert (event.address, event.request_id) == ("203.0.113.7", "r1")
    assert (event.target_kind, event.target_id, event.target_name) == ("member", "7", "Ann")
    assert (event.before, event.after) == ({"role": "viewer"}, {"role": "admin"})


def test_what_background_work_does_is_told_as_its_own(team: Team) -> None:
    with team_context(team.id):
        record("retention.run")
        (event,) = AuditEvent.objects.all()
    assert (event.actor_kind, event.actor_name, event.via) == ("system", "Steadyrun", "task")


def test_an_event_goes_with_the_change_that_is_rolled_back(team: Team) -> None:
    with team_context(team.id):
        record("team.renamed")
        transaction.set_rollback(True)
    with team_context(team.id):
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("statement", ["UPDATE {} SET note = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["audit_event", "installation_event"])
def test_the_database_refuses_to_change_or_remove_an_event(team: Team, table: str, statement: str) -> None:
    with team_context(team.id):
        record("team.renamed")
    record_for_installation("user.signed_in")
    with pytest.raises(DatabaseError, match="permission denied"), team_context(team.id), connection.cursor() as cursor:
        cursor.execute(statement.format(table))
    assert InstallationEvent.objects.count() == 1


def test_an_event_of_one_team_is_not_seen_by_another(team: Team) -> None:
    other = Team.objects.create(name="Mountain", slug="mountain")
    with team_context(team.id):
        record("team.renamed")
    with team_context(other.id):
        assert not AuditEvent.objects.exists()


def test_old_events_can_be_dropped_and_those_of_thirty_days_cannot(team: Team) -> None:
    now = datetime.now(UTC)
    with team_context(team.id):
        record("old", at=now - timedelta(days=400))
        record("young", at=now - timedelta(days=20))
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("SELECT steadyrun_drop_audit(%s, %s)", [team.id, now - timedelta(days=365)])
        assert cursor.fetchone() == (1,)
        assert [one.action for one in AuditEvent.objects.all()] == ["young"]
    with pytest.raises(DatabaseError, match="thirty days stay"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT steadyrun_drop_audit(%s, %s)", [team.id, now - timedelta(days=10)])


def test_values_are_told_as_json_and_long_ones_cut(team: Team) -> None:
    with team_context(team.id):
        record("x", after={"at": datetime(2026, 1, 2, tzinfo=UTC), "text": "a" * 5_000 + "\x00", "list": {1: None}})
        (event,) = AuditEvent.objects.all()
    assert event.after == {
        "at": "2026-01-02T00:00:00+00:00",
        "text": "a" * 1_000 + "… (5,000 letters)",
        "list": {"1": None},
    }


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.1", "192.0.2.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        (2, "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        (2, "198.51.100.1", "192.0.2.1"),
        (1, "nonsense", None),
    ],
)
def test_the_address_is_that_before_the_trusted_proxies(proxies: int, forwarded: str, seen: str | None) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    with override_settings(TRUSTED_PROXIES=proxies):
        assert address_of(request) == seen


def test_a_change_by_a_page_is_told_even_where_its_service_tells_nothing(owner_client: Client, team: Team) -> None:
    owner_client.post(f"/t/{team.slug}/settings/groups/", {"name": "Night shift"})
    with team_context(team.id):
        assert MemberGroup.objects.count() == 1
        (event,) = AuditEvent.objects.all()
    assert (event.actor_name, event.action, event.via) == ("owner@harbour.test", "member_group.added", "page")
    assert event.after == {"name": "Night shift"}
