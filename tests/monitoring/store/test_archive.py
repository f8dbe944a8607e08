"""The archive: what is deleted is kept as Parquet first, on a file system or in S3, and comes back as it was."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from moto.server import ThreadedMotoServer

from accounts.encryption import encrypt
from accounts.models import AuditEvent, Team
from accounts.services.retention import save_policy
from accounts.tenancy import team_context
from ingestion.records import LogReport
from monitoring.models import Execution, LegalHold, LogLine, Payload, RetentionRun, Rollup, Step
from monitoring.reads.replay import load
from monitoring.services.restoring import restore
from monitoring.store import archive
from monitoring.store.archive import ArchiveFailed, fault
from monitoring.store.clearing import Pace
from monitoring.store.retention import drop_expired
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db

DAY = (NOW - timedelta(days=100)).date()
FAST = Pace(2, 0, 0)


def old(id: str) -> Any:
    """A run of a hundred days ago, with all that a run can carry."""
    at = NOW - timedelta(days=100)
    lines = [LogReport(message="a line", level="INFO", at=at), LogReport(message="detail", level="DEBUG", at=at)]
    steps = [step(started_at=at, ended_at=at, input={"q": "ü"}), step(started_at=at, ended_at=at)]
    return report(id=id, started_at=at, finished_at=at, steps=steps, logs=lines, input={"order": 7}, tags={"a": "b"})


def counts(team: Team) -> tuple[int, ...]:
    with team_context(team.id):
        return tuple(model.objects.count() for model in (Execution, Step, Payload, LogLine))


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    """The installation's archive, a folder."""
    settings.STEADYRUN_ARCHIVE = {"url": tmp_path.as_uri(), "endpoint": "", "key": "", "secret": ""}
    return tmp_path


def test_a_day_is_archived_deleted_and_restored_as_it_was(team: Team, folder: Path) -> None:
    store(team, old("one"), old("two"), old("three"))
    before = counts(team)
    with team_context(team.id):
        id = Execution.objects.get(external_id="one").id
        replay = load(team.id, id)
        figures = list(Rollup.objects.filter(grain__gt=1).order_by("bucket", "grain", "dimension").values("runs"))
    drop_expired(NOW, pace=FAST)
    assert counts(team) == (0, 0, 0, 0)
    manifests = sorted(folder.rglob("manifest.json"))
    told = [json.loads(path.read_text())["tables"]["execution"]["rows"] for path in manifests]
    assert sum(told) == 3
    assert pq.read_table(manifests[0].parent / "step.parquet").num_rows == told[0] * 2
    with team_context(team.id):
        assert RetentionRun.objects.get(kind="production").archived_to == folder.as_uri()
    call_command("restore_archive", "--team", team.slug, "--day", DAY.isoformat(), "--execution", str(id))
    assert counts(team)[0] == 1
    with team_context(team.id):
        back = load(team.id, id)
        assert AuditEvent.objects.get(action="archive.restored").after["executions"] == 1
    assert replay is not None
    assert back is not None
    assert (back.execution, back.steps, back.payload) == (replay.execution, replay.steps, replay.payload)
    assert sorted(line.message for line in back.logs) == ["a line", "detail"]
    assert restore(team.id, 0, DAY, days=7, by="x", now=NOW) == 2
    assert counts(team) == before
    drop_expired(NOW, pace=FAST)
    assert counts(team) == before
    with team_context(team.id):
        LegalHold.objects.update(until=NOW)
        after = list(Rollup.objects.filter(grain__gt=1).order_by("bucket", "grain", "dimension").values("runs"))
    assert after == figures
    drop_expired(NOW, pace=FAST)
    assert counts(team) == (0, 0, 0, 0)


def test_a_restore_that_brings_nothing_back_is_told_with_its_reason(team: Team, folder: Path) -> None:
    store(team, old("one"))
    drop_expired(NOW, pace=FAST)
    assert restore(team.id, 0, DAY, days=7, by="x", now=NOW) == 1
    # All of it is here by now; of the day before there never was anything. Asked twice, it is told once.
    for day in (DAY, DAY, DAY - timedelta(days=1)):
        assert restore(team.id, 0, day, days=7, by="x", now=NOW) == 0
    assert counts(team)[0] == 1
    with team_context(team.id):
        told = RetentionRun.objects.filter(kind="restored", execution_count=0).order_by("first_day")
        rows = [(one.first_day, one.limit_days, one.row_count, one.failure) for one in told]
    nothing = "Nothing came back: the archive has nothing of this day, or all of it is here."
    assert rows == [(DAY - timedelta(days=1), 7, 0, nothing), (DAY, 7, 0, nothing)]


def test_a_damaged_file_is_noticed(team: Team, folder: Path) -> None:
    store(team, old("one"))
    drop_expired(NOW, pace=FAST)
    next(folder.rglob("step.parquet")).write_bytes(b"no")
    with pytest.raises(CommandError, match="damaged"):
        call_command("restore_archive", "--team", team.slug, "--day", DAY.isoformat())
    assert counts(team) == (0, 0, 0, 0)


def test_nothing_is_deleted_while_the_archive_cannot_be_written(team: Team, folder: Path, settings: Any) -> None:
    (folder / "file").write_text("")
    settings.STEADYRUN_ARCHIVE = {**settings.STEADYRUN_ARCHIVE, "url": f"{folder.as_uri()}/file"}
    store(team, old("one"))
    before = counts(team)
    assert drop_expired(NOW, pace=FAST).executions == 0
    assert counts(team) == before


@pytest.fixture
def s3() -> Iterator[str]:
    """A server that speaks S3, with the bucket `records`."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=address, **keys).create_bucket(Bucket="records")
    yield address
    server.stop()


def test_a_team_has_its_own_archive_in_s3(team: Team, s3: str, settings: Any) -> None:
    place = {"archive_url": "s3://records/team", "archive_endpoint": s3, "archive_key": "key"}
    save_policy(team_id=team.id, values={**place, "archive_secret": encrypt("secret")}, now=NOW)
    store(team, old("one"))
    before = counts(team)
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ()
    assert drop_expired(NOW, pace=FAST).executions == 0
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    assert drop_expired(NOW, pace=FAST).executions == 1
    assert restore(team.id, 0, DAY, days=7, by="x", now=NOW) == 1
    assert counts(team) == before


def test_an_archive_that_the_operator_switched_off_is_not_called(
    team: Team, s3: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OUTGOING_OFF = ("archive",)
    place = {"archive_url": "s3://records/team", "archive_endpoint": "https://store.example", "archive_key": "key"}
    save_policy(team_id=team.id, values={**place, "archive_secret": encrypt("secret")}, now=NOW)
    asked: list[object] = []
    monkeypatch.setattr(archive, "checked_addresses", asked.append)
    monkeypatch.setattr(archive.subprocess, "Popen", lambda *told, **_: asked.append(told))
    assert fault("s3://records/team", "https://store.example", is_team=True) == ""
    store(team, old("one"))
    before = counts(team)
    for _ in range(2):
        assert drop_expired(NOW, pace=FAST).executions == 0
    with pytest.raises(ArchiveFailed, match="switched Archive off"):
        restore(team.id, 0, DAY, days=7, by="x", now=NOW)
    assert counts(team) == before
    assert asked == []
    with team_context(team.id):
        told = list(RetentionRun.objects.order_by("kind").values_list("kind", "row_count", "failure"))
    why = "The operator of this installation switched Archive off (OUTGOING_OFF)."
    assert told == [("production", 0, f"Not deleted: {why}"), ("restored", 0, f"Not restored: {why}")]


def test_a_folder_is_no_connection(team: Team, folder: Path, settings: Any) -> None:
    settings.OUTGOING_OFF = ("archive",)
    store(team, old("one"))
    assert drop_expired(NOW, pace=FAST).executions == 1


def test_a_team_may_not_name_a_folder_of_the_server() -> None:
    assert "s3://" in fault("file:///etc", "", is_team=True)
    assert fault("file:///archive", "", is_team=False) == ""
    assert fault("s3://bucket/prefix", "http://127.0.0.1:9", is_team=True)
