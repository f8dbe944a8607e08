"""Exports in the background: written whole or not at all, begun anew after a kill, gone after their days."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Team
from accounts.services.teams import create_team_with_owner
from accounts.tenancy import team_context
from billing.exports import files
from billing.exports.files import Format, Table
from billing.exports.parquet_file import ParquetFailed
from billing.models import CostLine, ExportDue, ExportJob, ExportState
from billing.reads.cost_lines import Chosen
from billing.services import export_children, export_jobs, export_runs
from tests.billing.lines import add_line

NOW = datetime(2026, 9, 2, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORTS_FOLDER = tmp_path / "exports"
    return tmp_path / "exports"


def ask(team: Team, format: Format = Format.MACHINE, table: Table = Table.LINES) -> ExportJob:
    with team_context(team.id):
        return export_jobs.create(team.id, table=table, format=format, chosen=Chosen(), now=NOW)


def again(job: ExportJob) -> ExportJob:
    with team_context(job.team_id):
        return ExportJob.objects.get(id=job.id)


def stored(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.django_db
@pytest.mark.parametrize("format", list(Format))
def test_an_export_is_written_and_described(team: Team, folder: Path, format: Format) -> None:
    add_line(team)
    job = ask(team, format)
    assert (job.lines_total, job.state) == (1, ExportState.WAITING)
    assert export_runs.run_due(lambda: NOW) == 1
    job = again(job)
    path = export_jobs.path_of(job)
    assert path is not None
    assert stored(folder) == [path]
    assert path.parent.name == str(team.id)
    assert (job.state, job.rows, job.lines_done) == (ExportState.DONE, 1, 1)
    assert (job.size_bytes, job.digest) == (path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    assert ExportDue.objects.count() == 0
    assert export_runs.run_due(lambda: NOW) == 0


@pytest.mark.django_db
def test_a_claim_is_for_one_writer_until_it_dies(team: Team) -> None:
    ask(team)
    assert export_runs.claim(NOW) is not None
    assert export_runs.claim(NOW + export_runs.LEASE - timedelta(seconds=1)) is None
    assert export_runs.claim(NOW + export_runs.LEASE) is not None


@pytest.mark.django_db
def test_a_failure_is_tried_again_and_then_given_up(team: Team, folder: Path, monkeypatch: Any) -> None:
    job = ask(team)

    def broken(*_: Any) -> Any:
        raise ParquetFailed("no")

    monkeypatch.setattr(export_runs, "write", broken)
    for state in (ExportState.WAITING, ExportState.WAITING, ExportState.FAILED):
        export_runs.run(team.id, job.id)
        assert again(job).state == state
    assert again(job).error == "It could not be written: ParquetFailed."
    assert (stored(folder), ExportDue.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_a_writer_that_was_overtaken_leaves_nothing(team: Team, folder: Path, monkeypatch: Any) -> None:
    add_line(team)
    job = ask(team)
    real = files.write

    def overtaken(*told: Any) -> Any:
        with team_context(team.id):
            ExportJob.objects.filter(id=job.id).update(tries=2)
        return real(*told)

    monkeypatch.setattr(export_runs, "write", overtaken)
    export_runs.run(team.id, job.id)
    assert again(job).state == ExportState.WRITING
    assert stored(folder) == []


@pytest.mark.django_db
def test_progress_is_told_and_a_removed_export_stops(team: Team, folder: Path, monkeypatch: Any) -> None:
    add_line(team)
    job = ask(team)
    monkeypatch.setattr(export_runs, "SIGN_OF_LIFE_S", 0.0)
    seen = []

    def heard(team_: Any, table: Any, format: Any, chosen: Any, path: Path, tell: Any) -> Any:
        path.write_text("half")
        tell(7)
        seen.append(again(job).lines_done)
        with team_context(team.id):
            export_jobs.remove(team.id, again(job))
        tell(8)

    monkeypatch.setattr(export_runs, "write", heard)
    export_runs.run(team.id, job.id)
    assert seen == [7]
    assert stored(folder) == []


@pytest.mark.django_db
def test_exports_go_after_their_days(team: Team, folder: Path) -> None:
    job = ask(team)
    export_runs.run(team.id, job.id)
    assert export_jobs.remove_expired(team.id, NOW + export_jobs.KEPT - timedelta(seconds=1)) == 0
    assert export_jobs.remove_expired(team.id, NOW + export_jobs.KEPT) == 1
    with team_context(team.id):
        assert ExportJob.objects.count() == 0


@pytest.mark.django_db
def test_a_team_may_have_so_many_waiting(team: Team) -> None:
    for _ in range(export_jobs.MOST_AT_WORK):
        ask(team)
    with pytest.raises(export_jobs.TooManyExports, match="10 exports of this team wait already"):
        ask(team)


@pytest.mark.django_db
def test_only_what_is_short_is_direct() -> None:
    assert export_jobs.is_direct(Table.LINES, Format.XLSX, export_jobs.DIRECT_LINES)
    assert not export_jobs.is_direct(Table.LINES, Format.XLSX, export_jobs.DIRECT_LINES + 1)
    assert not export_jobs.is_direct(Table.LINES, Format.PARQUET, 1)


@pytest.mark.django_db
def test_nothing_is_started_without_need(team: Team, monkeypatch: Any) -> None:
    started: list[Any] = []

    class Process:
        def __init__(self, command: list[str], **_: Any) -> None:
            started.append(command)
            self.code: int | None = None

        def poll(self) -> int | None:
            return self.code

    monkeypatch.setattr(export_children.subprocess, "Popen", Process)
    monkeypatch.setattr(export_children, "_child", [])
    assert not export_children.start_if_due(timezone.now())
    ask(team)
    assert export_children.start_if_due(timezone.now())
    assert not export_children.start_if_due(timezone.now()), "one at a time"
    export_children._child[0].code = 0  # type: ignore[attr-defined]
    assert export_children.start_if_due(timezone.now())
    assert started[0][1:] == [str(django_settings.BASE_DIR / "manage.py"), "write_exports"]


def _many_lines(team: Team, count: int) -> None:
    """Copies of one line, made by SQL."""
    add_line(team)
    names = [field.column for field in CostLine._meta.concrete_fields if field.column != "id"]
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO cost_line (id, {', '.join(names)}) SELECT n, {', '.join(names)} FROM cost_line,"
            " generate_series(1, %s) AS n",
            [count],
        )


@pytest.mark.django_db(transaction=True)
def test_a_killed_writer_leaves_no_half_file_and_another_begins_anew(folder: Path, settings: Any) -> None:
    team = create_team_with_owner(name="Killed", email="killed@harbour.test").team
    _many_lines(team, 60_000)
    job = ask(team)
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connections['default'].settings_dict['NAME']}")
    environment = {**os.environ, "DATABASE_URL": url.geturl(), "STEADYRUN_HOME": str(folder.parent)}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "write_exports"]

    def writing() -> bool:
        return any(path.suffix == ".part" and path.stat().st_size for path in folder.rglob("*.part"))

    first = subprocess.Popen(command, env=environment)
    until = time.monotonic() + 120
    while not writing() and first.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    assert again(job).state == ExportState.WRITING
    assert [path.suffix for path in stored(folder)] == [".part"]
    ExportDue.objects.update(due_at=timezone.now())
    subprocess.run(command, env=environment, check=True, timeout=300)
    job = again(job)
    assert (job.state, job.rows, job.tries) == (ExportState.DONE, 60_001, 2)
    assert [path.suffix for path in stored(folder)] == [""]
