"""The first page of the administration, and what was given up and is tried again."""

import csv
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.every_team import read_each
from accounts.models import AuditEvent, InstallationEvent, KeyMail, Team, User
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from alerts.models import AlertDelivery, AlertDeliveryDue
from billing.models import CostMail
from config.administration.queues import QUEUES, read_queues
from ingestion.kinds import SourceKind
from ingestion.models import Delivery, OutboxSchedule
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import info_of
from monitoring.models import DueDiagnosis, RetentionRun, ReviewMail, TrackerDelivery, TrackerDue
from tests.alerts.opening import breach, opened, rule, workflow
from tests.alerts.telling import channel, event, notice
from tests.architecture.test_tenancy import CONTROL_TABLES
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db
MAPPING = {"id": "job", "workflow": "'nightly'", "status": "result"}


@pytest.fixture
def staff(db: None) -> Client:
    """A superuser, signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("root@host.test", "correct horse battery"))
    return client


def text_of(client: Client, address: str, **told: str) -> str:
    answer = client.get(address, told)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def given_up(team: Team, name: str = "one") -> AlertDelivery:
    now = timezone.now()
    with team_context(team.id):
        hook = channel(team, name)
        (incident,) = opened(team, breach(rule(team, name=name), workflow(team, f"flow {name}")), now=now)
        return AlertDelivery.objects.create(
            channel=hook, incident=incident, event=event(incident), kind="opened", created_at=now,
            notice=notice().as_document(), status="failed", tries=5, last_error="refused",
        )  # fmt: skip


def retry(client: Client, model: str, team: Team, action: str, *ids: object) -> str:
    address = f"/admin/{model}/?team={team.id}"
    answer = client.post(address, {"action": action, "_selected_action": [str(one) for one in ids]}, follow=True)
    return " ".join(answer.content.decode().split())


def test_the_first_page_says_how_the_installation_is(staff: Client, team: Team, settings) -> None:  # type: ignore[no-untyped-def]
    settings.OUTGOING_OFF = frozenset({"trackers"})
    settings.SIGN_UP = "closed"
    text = text_of(staff, "/admin/")
    assert "<span>Teams</span><b>1</b>" in text
    assert "Issue tracker <code>trackers</code></span><b>off</b>" in text
    assert "Alert channels <code>alerts</code></span><b>on</b>" in text
    assert "closed: nobody may make an account" in text
    for label in ("PostgreSQL", "Python, Django", "Database", "Disk", "Newest backup", "hints for the worker"):
        assert label in text
    assert "Everything is taken in time." in text
    assert "Nothing was deleted yet." in text


def test_a_queue_that_waits_too_long_is_named(staff: Client, team: Team) -> None:
    now = timezone.now()
    for at in (now - timedelta(hours=2), now - timedelta(minutes=1), now + timedelta(hours=1)):
        DueDiagnosis.objects.create(team_id=team.id, execution_id=team.id, added_at=now, due_at=at)
    (found,) = [one for one in read_queues(now) if one.queue.table == "due_diagnosis"]
    assert (found.count, found.is_late, round(found.age)) == (2, True, 7200)
    text = text_of(staff, "/admin/")
    assert "1 queue waits too long." in text
    assert "2 h, late" in text


def test_every_table_with_a_due_time_is_among_the_queues() -> None:
    due = {
        model._meta.db_table
        for model in apps.get_models()
        if any(field.name == "due_at" for field in model._meta.concrete_fields)
    }
    assert due & CONTROL_TABLES <= {one.table for one in QUEUES}


def test_the_first_page_costs_the_same_for_many_teams(staff: Client, team: Team) -> None:
    def queries(address: str) -> int:
        staff.get(address)
        with CaptureQueriesContext(connection) as told:
            assert staff.get(address).status_code == 200
        return len(told)

    few = queries("/admin/"), queries("/admin/given-up/")
    given_up(team)
    for _ in range(19):
        TeamFactory()
    assert (queries("/admin/"), queries("/admin/given-up/")) == few


def test_each_team_is_read_in_its_own_context(team: Team, other_team: NewTeam) -> None:
    given_up(team)
    found = read_each([team.id, other_team.team.id], "SELECT count(*), {team} FROM alert_delivery")
    assert found == {team.id: (1, team.id), other_team.team.id: (0, other_team.team.id)}
    assert read_each([], "SELECT 1") == {}
    # Nothing of it stays in force.
    assert list(read_each([team.id], "SELECT 1").values()) == [(1,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alert_delivery")
        assert cursor.fetchone() == (0,)


def test_notices_that_were_given_up_are_sent_again(staff: Client, team: Team, other_team: NewTeam) -> None:
    one = given_up(team)
    text = text_of(staff, "/admin/given-up/")
    assert f'href="/admin/alerts/alertdelivery/?team={team.id}&amp;status__exact=failed">1</a>' in text
    assert other_team.team.name not in text
    assert "Nothing was given up." in text_of(staff, "/admin/given-up/", q="nobody")
    assert "1 of 1 are sent again" in retry(staff, "alerts/alertdelivery", team, "send_again", one.id)
    assert AlertDeliveryDue.objects.filter(delivery_id=one.id).exists()
    with team_context(team.id):
        kept = AlertDelivery.objects.get(id=one.id)
        (told,) = AuditEvent.objects.filter(action="alert_delivery.retried")
    assert (kept.status, kept.tries) == ("waiting", 0)
    assert (told.via, told.actor_name, told.after) == ("admin", "root@host.test", {"count": 1})
    assert InstallationEvent.objects.get(action="alert_delivery.retried").about_team == team.id
    # Of another team it is not found.
    assert "1 of 1" not in retry(staff, "alerts/alertdelivery", other_team.team, "send_again", one.id)


def test_messages_to_trackers_are_sent_again(staff: Client, team: Team) -> None:
    with team_context(team.id):
        one = TrackerDelivery.objects.create(kind="test", payload={}, created_at=timezone.now(), status="failed")
    assert "1 is sent again" in retry(staff, "monitoring/trackerdelivery", team, "send_again", one.id)
    assert TrackerDue.objects.filter(delivery_id=one.id).exists()


def test_deliveries_that_were_rejected_are_read_again(staff: Client, team: Team) -> None:
    now = timezone.now()
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Hook").source
        info = info_of(source)
    receive(info, headers={}, body=b'{"job": 7, "result": "error"}', content_type="application/json", now=now)
    with team_context(team.id):
        one = Delivery.objects.get()
        source.mapping = MAPPING
        source.save()
    assert one.outcome == "rejected"
    assert "(item)" in text_of(staff, f"/admin/ingestion/delivery/{one.id}/change/", team=str(team.id))
    assert "Read again: 1 stored." in retry(staff, "ingestion/delivery", team, "process_again", one.id)
    with team_context(team.id):
        assert Delivery.objects.get().outcome == "stored"


def test_mails_that_were_given_up_are_sent_again(staff: Client, team: Team, owner: User) -> None:
    now = timezone.now()
    about = {"team": team, "user": owner, "made_at": now - timedelta(days=9), "tries": 7, "last_error": "550"}
    for model, own in (
        (ReviewMail, {"week": now.date()}),
        (CostMail, {"month": now.date()}),
        (KeyMail, {"key_id": uuid4(), "days": 14}),
    ):
        one = model.objects.create(**about, **own)
        label = model._meta.label_lower.replace(".", "/")
        assert f"/admin/{label}/?state=failed" in text_of(staff, "/admin/given-up/")
        assert owner.email in text_of(staff, f"/admin/{label}/", state="failed")
        assert owner.email not in text_of(staff, f"/admin/{label}/", state="sent").split("changelist-form")[-1]
        assert "1 is sent again" in retry(staff, label, team, "send_again", one.pk)
        one.refresh_from_db()
        assert (one.tries, one.due_at is not None, one.made_at > now - timedelta(days=1)) == (0, True, True)


def test_destinations_are_tried_at_once(staff: Client, team: Team) -> None:
    from ingestion.models import Destination

    later = timezone.now() + timedelta(hours=3)
    with team_context(team.id):
        made = Destination.objects.create(kind="loki", name="Loki", url="https://loki.test/", headers=b"x")
    OutboxSchedule.objects.create(destination_id=made.id, team=team, next_at=later, failures=4)
    assert "1 destinations is tried" in retry(staff, "ingestion/destination", team, "send_now", made.id)
    assert OutboxSchedule.objects.get().next_at < later


def test_staff_without_rights_sees_no_teams_and_retries_nothing(team: Team) -> None:
    one = given_up(team)
    clerk = User.objects.create_user("clerk@host.test", "correct horse battery", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert team.name not in text_of(client, "/admin/")
    assert client.get("/admin/given-up/").status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_alertdelivery"))
    retry(client, "alerts/alertdelivery", team, "send_again", one.id)
    assert not AlertDeliveryDue.objects.exists()


def test_retention_runs_are_listed_and_the_last_is_on_the_first_page(staff: Client, team: Team) -> None:
    now = timezone.now()
    with team_context(team.id):
        RetentionRun.objects.create(
            kind="debug", limit_days=30, first_day=now.date(), last_day=now.date(), execution_count=42,
            freed_bytes=5_000_000, began_at=now, ended_at=now,
        )  # fmt: skip
    assert "Nothing was deleted yet." not in text_of(staff, "/admin/")
    text = text_of(staff, "/admin/monitoring/retentionrun/", team=str(team.id))
    assert "5.0 MB" in text
    assert ">42<" in text


def test_members_find_nothing(owner_client: Client, client: Client) -> None:
    for address in ("/admin/", "/admin/given-up/"):
        for one in (owner_client, client):
            assert one.get(address).status_code == 302


def lines_of(client: Client, address: str, **told: str) -> list[list[str]]:
    answer = client.get(address, {"format": "csv", **told})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    return list(csv.reader(b"".join(answer).decode().splitlines()))  # type: ignore[call-overload]


def test_the_first_page_is_exported_as_it_is_shown(staff: Client, team: Team, settings: Any) -> None:
    settings.OUTGOING_OFF = frozenset({"trackers"})
    given_up(team)
    now = timezone.now()
    DueDiagnosis.objects.create(team_id=team.id, execution_id=team.id, added_at=now, due_at=now - timedelta(hours=2))
    assert '<a href="?format=csv">Export CSV</a>' in text_of(staff, "/admin/")
    head, *rows = lines_of(staff, "/admin/")
    assert head == ["part", "what", "value", "oldest_waits_s", "needs_a_look"]
    assert ["Teams and people", "Teams", "1", "", "no"] in rows
    assert ["Given up", "Alert notices", "1", "", ""] in rows
    assert ["Outgoing connections", "Issue tracker (trackers)", "off", "", ""] in rows
    (late,) = [row for row in rows if row[:2] == ["Queues", "Failures to diagnose"]]
    assert (late[2], late[4]) == ("1", "yes")
    assert 7_190 <= int(late[3]) <= 7_300
    assert len([row for row in rows if row[0] == "Queues"]) == len(QUEUES)
    assert InstallationEvent.objects.get(action="export.downloaded").after == {"rows": len(rows)}


def test_what_was_given_up_is_exported_as_it_is_searched(staff: Client, team: Team, other_team: NewTeam) -> None:
    given_up(team)
    given_up(other_team.team, "two")
    assert 'href="?q=har&amp;format=csv"' in text_of(staff, "/admin/given-up/", q="har")
    head, *rows = lines_of(staff, "/admin/given-up/", q="har")
    assert head == ["team", "address", "alert_notices", "tracker_messages", "webhook_deliveries"]
    assert rows == [["Harbour", "harbour", "1", "0", "0"]]
    assert len(lines_of(staff, "/admin/given-up/")) == 3


def test_exports_are_for_those_who_see_the_pages(owner_client: Client, team: Team) -> None:
    given_up(team)
    clerk = User.objects.create_user("clerk@host.test", "correct horse battery", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.get("/admin/given-up/", {"format": "csv"}).status_code == 403
    assert not [row for row in lines_of(client, "/admin/") if row[0] == "Given up" and row[1] == "Alert notices"]
    assert owner_client.get("/admin/", {"format": "csv"}).status_code == 302
