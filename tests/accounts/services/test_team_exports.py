"""The export of a whole team: complete, told while it is written, gone after its days, and for owners alone."""

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Team, TeamExport, User
from accounts.reads import team_export
from accounts.reads.team_export import QUEUES, exported
from accounts.services import export_child, team_exports
from accounts.services.erasure import tables_of_teams
from accounts.services.team_life import delete_team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from tests.factories import report, step, store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files of exports are."""
    monkeypatch.setattr(settings, "EXPORTS_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def ask(team: Team, owner: User) -> Callable[[], TeamExport]:
    """Asks for an export as the owner."""

    def do() -> TeamExport:
        with team_context(team.id):
            return team_exports.ask(team_id=team.id, by=owner, now=timezone.now())

    return do


def read(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """The tables of a file."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".jsonl")]
        return {name[:-6]: [json.loads(line) for line in archive.read(name).splitlines()] for name in names}


def count(team: Team, table: str) -> int:
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE team_id = %s", [team.id])
        return int(cursor.fetchone()[0])


def test_each_table_of_a_team_is_in_it_or_a_queue() -> None:
    told = {one.table for one in exported()}
    assert told | QUEUES >= set(tables_of_teams()) | {"audit_event"}
    assert not told & QUEUES


def test_it_has_every_row_of_the_team_and_of_no_other(
    team: Team, other_team: NewTeam, ask: Callable[[], TeamExport], monkeypatch: pytest.MonkeyPatch, api_key: str
) -> None:
    monkeypatch.setattr(team_export, "PAGE", 2)
    for one in (team, other_team.team):
        told = [step(id="a", input={"city": f"of {one.name}"}), step(id="b")]
        store(one, *(report(workflow="nightly", steps=told) for _ in range(3)))
    made = ask()
    assert team_exports.run_due() == 1
    made.refresh_from_db()
    path = team_exports.path_of(made)
    assert path is not None
    data = path.read_bytes()
    found = read(data)
    for table in exported():
        if table.table != "audit_event":
            assert len(found[table.table]) == count(team, table.table), table.table
    assert (len(found["execution"]), len(found["step"]), len(found["audit_event"])) == (3, 6, 1)
    assert made.rows == sum(map(len, found.values()))
    assert (made.state, made.tables_done, made.size_bytes) == ("done", len(exported()), len(data))
    assert "of Harbour" in json.dumps(found["payload"][0]["body"])
    assert "of Mountain" not in json.dumps(found)
    assert [one["prefix"] for one in found["accounts_apikey"]] == [api_key.split("_")[1]]
    assert "secret_hash" not in found["accounts_apikey"][0]
    assert path.stat().st_mode & 0o077 == 0


def test_how_far_it_is_is_told_while_it_is_written(
    team: Team, ask: Callable[[], TeamExport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team_exports, "SIGN_OF_LIFE_S", 0.0)
    store(team, report(), report())
    made, told = ask(), []

    def note(one: TeamExport) -> None:
        tell(one)
        kept = TeamExport.objects.get(id=made.id)
        told.append((kept.state, kept.tables_done, kept.rows, kept.table_name))

    tell = team_exports._tell
    monkeypatch.setattr(team_exports, "_tell", note)
    team_exports.run_due()
    assert {one[0] for one in told} == {"writing"}
    assert [one[1:3] for one in told] == sorted(one[1:3] for one in told)
    assert "execution" in [one[3] for one in told]


def test_a_killed_writer_is_followed_by_another_and_three_are_enough(
    ask: Callable[[], TeamExport], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, now = ask(), timezone.now()
    assert team_exports._claim(now) == made.id
    assert not team_exports.is_due(now)
    assert team_exports.is_due(now + team_exports.LEASE)
    TeamExport.objects.update(claimed_until=None)
    monkeypatch.setattr(team_exports, "_write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    team_exports.run_due()
    assert TeamExport.objects.get().state == "waiting"
    TeamExport.objects.update(claimed_until=None)
    team_exports.run_due()
    failed = TeamExport.objects.get()
    assert (failed.state, "room on the disk" in failed.error) == ("failed", True)
    assert not team_exports.is_due(now + timedelta(days=1))
    assert list(folder.rglob("team-*")) == []


def test_one_that_is_removed_while_it_is_written_leaves_nothing(
    team: Team, ask: Callable[[], TeamExport], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(team_exports, "SIGN_OF_LIFE_S", 0.0)
    ask()
    tell = team_exports._tell
    monkeypatch.setattr(team_exports, "_tell", lambda one: (TeamExport.objects.all().delete(), tell(one)))
    team_exports.run_due()
    assert list(folder.rglob("team-*")) == []


def test_the_file_ends_by_itself(team: Team, ask: Callable[[], TeamExport], folder: Path) -> None:
    made = ask()
    team_exports.run_due()
    assert len(list(folder.rglob("team-*"))) == 1
    assert team_exports.remove_expired(made.created_at + timedelta(days=6)) == 0
    assert team_exports.remove_expired(made.created_at + timedelta(days=7)) == 1
    assert list(folder.rglob("team-*")) == []
    assert not TeamExport.objects.exists()


def test_an_owner_asks_for_it_sees_it_and_takes_it_also_when_the_team_is_closed(
    team: Team, owner_client: Client, member_client: Client, stranger_client: Client
) -> None:
    base = f"/t/{team.slug}/settings/team/"
    for client in (member_client, stranger_client):
        assert client.post(f"{base}export/").status_code == 404
    with team_context(team.id):
        delete_team(team_id=team.id, name=team.name, now=timezone.now())
    owner_client.post(f"{base}export/")
    again = owner_client.post(f"{base}export/", follow=True)
    assert "is being written already" in again.content.decode()
    card = owner_client.get(f"{base}?part=export").content.decode()
    assert "every 2s" in card
    assert "Being written" in card
    team_exports.run_due()
    one = TeamExport.objects.get()
    assert "Download" in owner_client.get(base).content.decode()
    assert "Export everything" not in member_client.get(base).content.decode()
    assert member_client.get(f"{base}export/{one.id}/").status_code == 404
    assert stranger_client.get(f"{base}export/{one.id}/").status_code == 404
    file = owner_client.get(f"{base}export/{one.id}/")
    assert "execution" in read(b"".join(file.streaming_content))
    with team_context(team.id):
        assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"team_export.asked", "export.downloaded"}
    owner_client.post(f"{base}export/{one.id}/remove/")
    assert not TeamExport.objects.exists()


def test_the_worker_starts_one_writer_at_a_time(ask: Callable[[], TeamExport], monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Process:
        def __init__(self, command: list[str], **_: object) -> None:
            started.append(command)

        def poll(self) -> None:
            return None

    monkeypatch.setattr(export_child.subprocess, "Popen", Process)
    monkeypatch.setattr(export_child, "_child", [])
    assert not export_child.start_if_due(timezone.now())
    ask()
    assert export_child.start_if_due(timezone.now())
    assert not export_child.start_if_due(timezone.now())
    assert [command[-1] for command in started] == ["write_team_exports"]
