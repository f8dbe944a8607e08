"""Personal data by page and API: a search is the preview, an export a ZIP, a deletion asks for the number found."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Team, User
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.models import DataState, Delivery, PersonalDataDue, PersonalDataJob, SourceLine
from ingestion.services import personal_data_jobs
from ingestion.services.personal_data_runs import LEASE, work_due
from monitoring.models import Execution
from monitoring.store.holds import hold
from tests.factories import ApiKeyFactory
from tests.ingestion.services.test_personal_data import WHO, filled, report  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/settings/personal-data/"
API = "/api/v1/personal-data/"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS_FOLDER = tmp_path
    return tmp_path


def work(seconds: float = 30, later: Any = None) -> int:
    return work_due(timezone.now() + (later or timedelta(0)), seconds=seconds)


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def runs(team: Team) -> list[str]:
    with team_context(team.id):
        return sorted(Execution.objects.values_list("external_id", flat=True))


def search(client: Client, **told: str) -> str:
    answer = client.post(PAGE, {"value": WHO, **told})
    assert answer.status_code == 302
    return str(answer["Location"])


@pytest.mark.usefixtures("filled")
def test_a_search_shows_its_progress_and_what_it_found(owner_client: Client, team: Team) -> None:
    page = search(owner_client)
    waiting = text(owner_client.get(page))
    assert "Waiting" in waiting
    assert f'hx-get="{page}?part=state"' in waiting
    assert WHO not in waiting
    assert work() == 1
    found = text(owner_client.get(page))
    assert "<b>5</b> executions, <b>1</b> webhook delivery and <b>1</b> loose line hold the value" in found
    assert found.count("/executions/") >= 5
    assert "data-poll" not in found
    assert owner_client.get(f"{page}?part=state")["HX-Refresh"] == "true"
    assert len(runs(team)) == 6
    rows = owner_client.get(f"{PAGE}?format=csv").getvalue().decode().splitlines()
    assert ",search,Ad… (12 letters),,done,5,0,1,1," in rows[1]


@pytest.mark.usefixtures("filled")
def test_the_list_asks_for_news_while_something_is_at_work(owner_client: Client) -> None:
    search(owner_client)
    assert 'data-poll hx-get="/t/harbour/settings/personal-data/?part=state"' in text(owner_client.get(PAGE))
    work()
    part = text(owner_client.get(PAGE, {"part": "state"}))
    assert part.startswith("<section")
    assert "Done" in part
    assert "data-poll" not in part


@pytest.mark.usefixtures("filled")
def test_a_search_by_tag_finds_that_tag_alone(owner_client: Client) -> None:
    page = search(owner_client, tag="customer")
    work()
    assert "<b>1</b> execution, <b>0</b> webhook deliveries" in text(owner_client.get(page))


@pytest.mark.usefixtures("filled")
def test_an_export_is_a_zip_of_what_was_found(owner_client: Client, stranger_client: Client, team: Team) -> None:
    page = search(owner_client)
    work()
    owner_client.post(f"{page}export/")
    work()
    with team_context(team.id):
        job = PersonalDataJob.objects.get(action="export")
    address = f"{PAGE}{job.id}/file/"
    answer = owner_client.get(address)
    with zipfile.ZipFile(BytesIO(b"".join(answer.streaming_content))) as archive:  # type: ignore[attr-defined]
        names = archive.namelist()
        assert len(names) == 7
        assert all(WHO.lower() in archive.read(name).decode().lower() for name in names)
    assert stranger_client.get(address).status_code == 404
    with team_context(team.id):
        told = list(AuditEvent.objects.filter(action__startswith="p").order_by("at").values_list("action", flat=True))
        assert AuditEvent.objects.filter(action="export.downloaded").exists()
    assert told == [f"personal_data.{one}" for one in ("search_asked", "searched", "export_asked", "exported")]


@pytest.mark.usefixtures("filled")
def test_a_deletion_asks_for_the_number_and_leaves_what_is_held(owner_client: Client, team: Team, owner: User) -> None:
    with team_context(team.id):
        held = Execution.objects.get(external_id="log")
        hold(team.id, held.id, reason="court", by=owner.email, now=timezone.now())
    page = search(owner_client)
    work()
    assert "1 of the executions is under a legal hold" in text(owner_client.get(page))
    wrong = owner_client.post(f"{page}delete/", {"confirm": "4"})
    assert (wrong.status_code, len(runs(team))) == (422, 6)
    assert "must be the number of executions that were found: 5" in text(wrong)
    assert owner_client.post(f"{page}delete/", {"confirm": "5"}).status_code == 302
    assert len(runs(team)) == 6
    work()
    assert runs(team) == ["log", "none"]
    with team_context(team.id):
        assert {model.objects.count() for model in (Delivery, SourceLine)} == {0}
        event = AuditEvent.objects.get(action="personal_data.deleted")
        assert not PersonalDataDue.objects.exists()
    assert event.after == {"executions": 4, "held": 1, "deliveries": 1, "lines": 1}
    assert event.actor_name == owner.email


@pytest.mark.usefixtures("filled")
def test_a_worker_that_is_stopped_goes_on_where_it_was(owner_client: Client, team: Team, api_key: str) -> None:
    day = timezone.now() - timedelta(days=3)
    report(api_key, id="old", input=WHO, started_at=day.isoformat(), finished_at=day.isoformat())
    page = search(owner_client)
    for _ in range(2):
        assert work(seconds=0.000001) <= 1
    killed = mock.patch("ingestion.services.personal_data_runs.erasure.find_on", side_effect=KeyboardInterrupt)
    with killed, pytest.raises(KeyboardInterrupt):
        work()
    assert work() == 0
    assert work(later=LEASE + timedelta(seconds=1)) == 1
    assert "<b>6</b> executions, <b>1</b> webhook delivery" in text(owner_client.get(page))


@pytest.mark.usefixtures("filled")
def test_one_that_is_removed_stops_and_its_files_go(owner_client: Client, team: Team, folder: Path) -> None:
    page = search(owner_client)
    work()
    owner_client.post(f"{page}export/")
    work()
    with team_context(team.id):
        job = PersonalDataJob.objects.get(action="export")
        assert personal_data_jobs.path_of(job) is not None
        job.expires_at = timezone.now()
        job.save()
        assert personal_data_jobs.remove_expired(team.id, timezone.now()) == 1
    assert owner_client.post(f"{page}remove/").status_code == 302
    assert owner_client.get(page).status_code == 404
    assert work() == 0


def test_what_is_too_short_or_too_much_at_once_is_refused(owner_client: Client) -> None:
    assert owner_client.post(PAGE, {"value": "ab"}).status_code == 422
    for _ in range(personal_data_jobs.MAX_AT_WORK):
        search(owner_client)
    answer = owner_client.post(PAGE, {"value": WHO})
    assert answer.status_code == 422
    assert "are at most 3 at a time" in text(answer)


def test_only_who_manages_privacy_may(member_client: Client, stranger_client: Client, owner_client: Client) -> None:
    page = search(owner_client)
    for client in (member_client, stranger_client):
        assert client.get(PAGE).status_code == 404
        assert client.get(page).status_code == 404
        assert client.post(f"{page}delete/", {"confirm": "0"}).status_code == 404


@pytest.mark.usefixtures("filled")
def test_the_api_searches_exports_and_deletes(team: Team, other_team: NewTeam) -> None:
    key = ApiKeyFactory(team=team)
    about: dict[str, Any] = {"headers": {"authorization": f"Bearer {key.text}"}, "content_type": "application/json"}  # type: ignore[attr-defined]
    made = Client().post(API, json.dumps({"value": WHO}), **about)
    assert (made.status_code, made.json()["state"], made.json()["shown"]) == (202, "waiting", "Ad… (12 letters)")
    one = f"{API}{made.json()['id']}/"
    early = Client().post(f"{one}export/", **about)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (400, "search")
    work()
    done = Client().get(one, headers=about["headers"]).json()
    assert (done["state"], done["executions"], len(done["samples"]), done["file"]) == ("done", 5, 5, None)
    export = Client().post(f"{one}export/", **about).json()
    work()
    address = Client().get(f"{API}{export['id']}/", headers=about["headers"]).json()["file"]
    file = Client().get(address, headers=about["headers"])
    whole = b"".join(file.streaming_content)  # type: ignore[attr-defined]
    assert (file["Content-Type"], whole[:2]) == ("application/zip", b"PK")
    wrong = Client().post(f"{one}deletion/", json.dumps({"confirm": 1}), **about)
    assert wrong.json()["errors"][0]["field"] == "confirm"
    assert Client().post(f"{one}deletion/", json.dumps({"confirm": 5}), **about).status_code == 202
    work()
    assert runs(team) == ["none"]
    stranger = {"authorization": f"Bearer {ApiKeyFactory(team=other_team.team).text}"}  # type: ignore[attr-defined]
    for path in (one, f"{API}{export['id']}/file/"):
        assert Client().get(path, headers=stranger).status_code == 404
    listed = Client().get(API, headers=about["headers"]).json()["results"]
    assert [row["action"] for row in listed] == ["deletion", "export", "search"]
    assert Client().delete(one, headers=about["headers"]).status_code == 204
    reader = {"authorization": f"Bearer {ApiKeyFactory(team=team, scopes=['read']).text}"}  # type: ignore[attr-defined]
    assert Client().get(API, headers=reader).status_code == 403


@pytest.mark.usefixtures("filled")
def test_one_asked_for_with_another_secret_key_says_so(owner_client: Client, team: Team) -> None:
    page = search(owner_client)
    with team_context(team.id):
        PersonalDataJob.objects.update(value=b"x")
    work()
    assert "asked for with another SECRET_KEY. Search again." in text(owner_client.get(page))
    with team_context(team.id):
        assert PersonalDataJob.objects.get().state == DataState.FAILED


def test_the_list_asks_as_little_for_twenty_jobs_as_for_one(owner_client: Client, team: Team) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert owner_client.get(PAGE).status_code == 200
        return len(found)

    search(owner_client)
    asked()
    one = asked()
    with team_context(team.id):
        job = PersonalDataJob.objects.get()
        for _ in range(19):
            job.id, job._state.adding = uuid4(), True
            job.save()
    assert asked() == one
