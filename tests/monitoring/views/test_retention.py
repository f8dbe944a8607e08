"""Settings, retention: shown before it is saved; holds on the Replay page and by the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, TestCase
from django.utils import timezone

from accounts.models import AuditEvent, Team
from accounts.services.retention import policy_of
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from alerts.models import AlertDelivery
from ingestion.kinds import SourceKind
from ingestion.records import LogReport
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import info_of
from monitoring.models import Execution, LegalHold, LogLine, Payload, RetentionRun, Step, TrackerDelivery
from monitoring.store.archive import ArchiveFailed
from monitoring.store.clearing import Pace
from monitoring.store.retention import drop_expired
from monitoring.tasks import restore_archived
from tests.alerts import telling
from tests.factories import ApiKeyFactory, report, send, step

pytestmark = pytest.mark.django_db

FORM: dict[str, Any] = {
    "production_days": "20",
    "debug_days": "30",
    "payload_days": "",
    "metrics_days": "365",
    "delivery_days": "30",
    "audit_days": "365",
    "debug_environments": "dev, QA",
    "reason": "disk is small",
}


def old(days: int = 25, **fields: Any) -> Any:
    at = timezone.now() - timedelta(days=days)
    return report(started_at=at, finished_at=at, steps=[step()], **fields)


def address(team: Team) -> str:
    return f"/t/{team.slug}/settings/retention/"


@pytest.mark.parametrize(
    ("place", "said"),
    [("file:///srv/archive", "the archive of this installation"), ("s3://harbour/steadyrun", "s3://harbour/steadyrun")],
)
def test_a_team_reads_no_folder_of_the_server(owner_client: Client, team: Team, place: str, said: str) -> None:
    now, day = timezone.now(), timezone.now().date()
    with team_context(team.id):
        RetentionRun.objects.create(
            kind="production", limit_days=20, first_day=day, last_day=day, archived_to=place, began_at=now, ended_at=now
        )
    page = owner_client.get(address(team)).content.decode()
    csv = b"".join(owner_client.get(address(team), {"format": "csv"}).streaming_content).decode()
    assert said in page
    assert said in csv
    assert ("/srv" in page + csv) is False


def test_what_cannot_be_taken_stays_in_its_field(owner_client: Client, team: Team) -> None:
    answer = owner_client.post(address(team), {**FORM, "production_days": "soon", "audit_days": "-5"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="soon"' in page
    assert 'value="-5"' in page


def test_the_preview_says_that_imported_history_stays(owner_client: Client, team: Team) -> None:
    said = "Imported history is not counted"
    assert said in owner_client.post(address(team), FORM).content.decode()
    assert said not in owner_client.post(address(team), {**FORM, "deletes_imported": "on"}).content.decode()


def test_limits_are_shown_before_they_are_saved(owner_client: Client, team: Team) -> None:
    send(team, old(id="due"), old(5, id="kept"), now=timezone.now())
    shown = owner_client.post(address(team), FORM).content.decode()
    assert "What this would delete" in shown
    assert policy_of(team.id).production_days == 90
    assert owner_client.post(address(team), {**FORM, "action": "save"}).status_code == 302
    policy = policy_of(team.id)
    assert (policy.production_days, policy.debug_environments) == (20, ["dev", "qa"])
    with team_context(team.id):
        event = AuditEvent.objects.get(action__startswith="retention_policy.")
    assert event.after["production_days"] == 20
    assert event.after["reason"] == "disk is small"
    drop_expired(timezone.now(), pace=Pace(pause=0))
    page = owner_client.get(address(team)).content.decode()
    assert "Production records" in page
    csv = b"".join(owner_client.get(address(team), {"format": "csv"}).streaming_content).decode()
    assert "Production records,20," in csv


def test_the_preview_counts_the_deliveries_that_would_go(owner_client: Client, team: Team) -> None:
    now = timezone.now()
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.GENERIC, name="Hook").source
    for days in (9, 5, 0):
        at, headers = now - timedelta(days=days), {"idempotency-key": str(days)}
        receive(info_of(source), headers=headers, body=b'{"job":7}', content_type="application/json", now=at)
    with team_context(team.id):
        hook = telling.channel(team, "hook")
    notice = telling.send(team, hook)
    with team_context(team.id):
        for days, status in ((9, "sent"), (4, "waiting"), (4, "failed"), (0, "sent")):
            at = now - timedelta(days=days)
            TrackerDelivery.objects.create(kind="test", payload={}, created_at=at, status=status)
        AlertDelivery.objects.filter(id=notice).update(status="sent", created_at=now - timedelta(days=8))

    def shown(**told: str) -> str:
        page = " ".join(owner_client.post(address(team), {**FORM, **told}).content.decode().split())
        return page.split("<td>Deliveries</td>")[1].split("</tr>")[0]

    row = shown(delivery_days="3")
    assert "3 days" in row
    assert f"{now - timedelta(days=9):%-d %b %Y}" in row
    # Webhooks of 9 and 5 days, messages to trackers of 9 and 4 days, and a notice.
    assert ">5 deliveries<" in row
    # Webhooks are kept for 7 days at most.
    assert ">1 delivery<" in shown(delivery_days="30")


def test_what_cannot_be_saved_says_why(owner_client: Client, team: Team) -> None:
    response = owner_client.post(address(team), {**FORM, "reason": ""})
    assert response.status_code == 422
    assert "below what is recommended for production" in response.content.decode()
    response = owner_client.post(address(team), {**FORM, "debug_days": "x"})
    assert "must be a whole number of days" in response.content.decode()


def test_members_may_look_and_not_change(member_client: Client, team: Team) -> None:
    assert member_client.get(address(team)).status_code == 200
    assert member_client.post(address(team), FORM).status_code == 403


def test_strangers_find_no_such_page(stranger_client: Client, team: Team) -> None:
    assert stranger_client.get(address(team)).status_code == 404


def test_a_held_execution_stays_and_goes_once_released(owner_client: Client, team: Team) -> None:
    line = LogReport(message="in detail", level="DEBUG")
    send(team, old(100, id="held", input={"a": 1}, logs=[line]), old(100, id="due"), now=timezone.now())
    with team_context(team.id):
        held = Execution.objects.get(external_id="held")
    path = f"/t/{team.slug}/executions/{held.id}/"
    assert owner_client.post(f"{path}hold/", {"reason": "a claim"}).status_code == 302
    drop_expired(timezone.now(), pace=Pace(pause=0))
    with team_context(team.id):
        assert list(Execution.objects.values_list("external_id", flat=True)) == ["held"]
        assert (Step.objects.count(), Payload.objects.count(), LogLine.objects.count()) == (1, 1, 1)
        assert AuditEvent.objects.filter(action="legal_hold.added").exists()
    shown = owner_client.get(path).content.decode()
    assert "a claim" in shown
    assert "in detail" in shown
    around = {"from": f"{timezone.now() - timedelta(days=120):%Y-%m-%dT%H:%M:%SZ}", "env": "*"}
    around["to"] = f"{timezone.now():%Y-%m-%dT%H:%M:%SZ}"
    listed = owner_client.get(f"/t/{team.slug}/executions/", around).content.decode()
    assert '<span class="pill">Held</span>' in listed
    owner_client.post(f"{path}hold/", {"action": "release"})
    drop_expired(timezone.now(), pace=Pace(pause=0))
    with team_context(team.id):
        assert not Execution.objects.exists()
        assert (Step.objects.count(), LegalHold.objects.count()) == (0, 0)


def test_a_key_holds_and_releases(client: Client, team: Team, other_team: NewTeam, api_key: str) -> None:
    send(team, report(id="one"))
    with team_context(team.id):
        id = Execution.objects.get().id
    path, key = f"/api/v1/executions/{id}/hold/", {"authorization": f"Bearer {ApiKeyFactory(team=team).text}"}
    assert client.get(path, headers=key).status_code == 404
    told = client.put(path, {"reason": "a claim"}, "application/json", headers=key)
    assert (told.status_code, told.json()["reason"]) == (200, "a claim")
    other = {"authorization": f"Bearer {ApiKeyFactory(team=other_team.team).text}"}
    assert client.get(path, headers=other).status_code == 404
    assert client.put(path, {"reason": "x"}, "application/json", headers=other).status_code == 404
    assert client.delete(path, headers={"authorization": f"Bearer {api_key}"}).status_code == 403
    assert client.delete(path, headers=key).status_code == 204


def test_replay_says_when_and_by_which_rule_the_payload_went(owner_client: Client, team: Team) -> None:
    send(team, old(25, id="run", input={"a": 1}), now=timezone.now())
    owner_client.post(address(team), {**FORM, "production_days": "90", "payload_days": "10", "action": "save"})
    drop_expired(timezone.now(), pace=Pace(pause=0))
    with team_context(team.id):
        id = Execution.objects.get().id
    shown = owner_client.get(f"/t/{team.slug}/executions/{id}/").content.decode()
    assert f"Payload deleted on {timezone.now():%-d %b} by the 10-day rule; figures are kept." in shown


def test_an_archive_is_set_and_its_secret_is_never_shown(owner_client: Client, team: Team) -> None:
    path = f"{address(team)}archive/"
    refused = owner_client.post(path, {"url": "file:///tmp"}, follow=True).content.decode()
    assert "must be s3://bucket/prefix" in refused
    owner_client.post(path, {"url": "s3://records/team", "key": "key", "secret": "very secret"})
    shown = owner_client.get(address(team)).content.decode()
    assert "s3://records/team" in shown
    assert "very secret" not in shown
    with team_context(team.id):
        event = AuditEvent.objects.get(action__startswith="retention_policy.")
    assert event.after["archive_secret"] == "(set)"
    assert policy_of(team.id).archive_secret


def test_a_restore_is_asked_for_and_in_the_audit_log(
    owner_client: Client, member_client: Client, team: Team, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(restore_archived, "delay", lambda *arguments: asked.append(arguments))
    told = {"day": "2026-05-04", "class": "0", "days": "3"}
    assert member_client.post(f"{address(team)}restore/", told).status_code in (403, 404)
    with TestCase.captureOnCommitCallbacks(execute=True):
        owner_client.post(f"{address(team)}restore/", told)
    assert asked[0][1:5] == (0, "2026-05-04", "", 3)
    with team_context(team.id):
        assert AuditEvent.objects.filter(action="archive.restore_asked").count() == 1
    wrong = owner_client.post(f"{address(team)}restore/", {**told, "day": "soon"}, follow=True)
    assert "tell a day" in wrong.content.decode()


def test_a_restore_that_fails_says_so_on_the_page_with_its_reason(owner_client: Client, team: Team) -> None:
    with pytest.raises(ArchiveFailed):
        restore_archived(str(team.id), 0, "2026-05-04", "", 3, "owner@harbour.test")
    page = owner_client.get(address(team)).content.decode()
    assert "Restored from the archive" in page
    assert "Not restored: this team has no archive." in page
    csv = b"".join(owner_client.get(address(team), {"format": "csv"}).streaming_content).decode()
    assert "Not restored: this team has no archive." in csv
