"""Pings over HTTP: which runs they become, also twice, late and at the same time."""

import os
import subprocess
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from shutil import which
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connections
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.models import Source
from ingestion.sources import add_source, forget_sources
from monitoring.models import Execution, LogLine, Workflow
from monitoring.statuses import Status

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def source(team: Team) -> Source:
    """A source of pings."""
    forget_sources()
    with team_context(team.id):
        return add_source(team_id=team.id, kind=SourceKind.PING, name="Backup")


class Cron:
    """Pings a source at given minutes."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def __call__(self, minute: float, told: str = "", rid: str = "", body: bytes = b"") -> Any:
        path = f"/ping/{self.source.address}{told}" + (f"?rid={rid}" if rid else "")
        with time_machine.travel(START + timedelta(minutes=minute), tick=False):
            return Client().post(path, body, content_type="text/plain") if body else Client().get(path)

    def runs(self) -> list[tuple[str, float | None]]:
        """Status and minutes of each run, in the order in which they began or ended."""
        with team_context(self.source.team_id):
            runs = Execution.objects.order_by("counted_at", "started_at")
            return [
                (Status(run.status).word, None if run.duration_ms is None else run.duration_ms / 60_000) for run in runs
            ]


@pytest.fixture
def cron(source: Source) -> Cron:
    """Pings the source."""
    return Cron(source)


def test_a_success_is_a_run_that_ended_now_and_took_nobody_knows_how_long(cron: Cron, source: Source) -> None:
    answer = cron(0)
    assert (answer.status_code, answer.content, answer["content-type"]) == (200, b"OK", "text/plain; charset=utf-8")
    assert cron.runs() == [("succeeded", None)]
    with team_context(source.team_id):
        assert Execution.objects.get().told_finished_at == START
        assert Workflow.objects.get().name == "Backup"


def test_a_start_and_its_end_are_one_run(cron: Cron) -> None:
    cron(0, "/start")
    assert cron.runs() == [("running", None)]
    cron(5)
    assert cron.runs() == [("succeeded", 5)]
    cron(10, "/start")
    cron(12, "/3", body=b"disk full\n")
    assert cron.runs() == [("succeeded", 5), ("failed", 2)]
    with team_context(cron.source.team_id):
        failed = Execution.objects.get(status=Status.FAILED)
        assert (failed.error, LogLine.objects.get().message) == ("exit code 3", "disk full")


def test_the_end_closes_the_run_that_was_opened_last(cron: Cron) -> None:
    cron(0, "/start")
    cron(10, "/start")
    cron(11)
    assert sorted(cron.runs(), key=str) == [("running", None), ("succeeded", 1)]
    cron(15, "/fail")
    assert sorted(cron.runs()) == [("failed", 15), ("succeeded", 1)]
    cron(16)
    assert sorted(cron.runs(), key=str) == [("failed", 15), ("succeeded", 1), ("succeeded", None)]


def test_an_end_after_the_limit_is_a_run_of_its_own(cron: Cron, source: Source) -> None:
    cron(0, "/start")
    cron(24 * 60 + 1)
    assert sorted(cron.runs()) == [("running", None), ("succeeded", None)]
    with team_context(source.team_id):
        Source.objects.filter(id=source.id).update(settings={"run_limit_seconds": 3600}, workflow="backup-db")
    forget_sources()
    cron(3000, "/start")
    cron(3061)
    assert sorted(cron.runs()) == [("running", None)] * 2 + [("succeeded", None)] * 2
    with team_context(source.team_id):
        assert Workflow.objects.filter(name="backup-db").exists()


def test_pings_with_a_rid_are_one_run_among_others(cron: Cron) -> None:
    one, two = str(uuid4()), str(uuid4())
    cron(0, "/start", one)
    cron(1, "/start", two)
    cron(2, "/start")
    cron(4, "/0", one)
    cron(5, "", two)
    cron(9)
    assert cron.runs() == [("succeeded", 4), ("succeeded", 4), ("succeeded", 7)]


def test_repeated_and_late_pings_with_a_rid_change_nothing(cron: Cron) -> None:
    rid = str(uuid4())
    for minute in (0, 1):
        assert cron(minute, "/start", rid).content == b"OK"
    for minute in (5, 6):
        assert cron(minute, "", rid).content == b"OK"
    assert cron(7, "/fail", rid).content == b"OK"
    assert cron(8, "/start", rid).content == b"OK"
    assert cron.runs() == [("succeeded", 5)]


def test_an_end_that_overtakes_its_start_stays_an_end(cron: Cron) -> None:
    rid = str(uuid4())
    cron(5, "", rid)
    cron(6, "/start", rid)
    assert cron.runs() == [("succeeded", None)]


def test_without_a_rid_each_end_is_a_run(cron: Cron) -> None:
    for minute in (0, 0, 1):
        cron(minute)
    assert cron.runs() == [("succeeded", None)] * 3


@pytest.mark.parametrize("path", ["/stop", "/256", "/-1", "?rid=today"])
def test_what_cannot_be_read_is_a_400_in_text(cron: Cron, path: str) -> None:
    answer = Client().get(f"/ping/{cron.source.address}{path}")
    assert (answer.status_code, answer["content-type"]) == (400, "text/plain; charset=utf-8")
    assert cron.runs() == []


def test_methods_and_unknown_addresses(cron: Cron) -> None:
    path = f"/ping/{cron.source.address}"
    assert (Client().head(path).status_code, Client().get(path).status_code) == (200, 200)
    assert len(cron.runs()) == 2
    answer = Client().put(path)
    assert (answer.status_code, answer["allow"]) == (405, "GET, HEAD, POST")
    unknown = Client().get("/ping/nobody")
    assert (unknown.status_code, unknown["content-type"]) == (404, "text/plain; charset=utf-8")


def test_another_team_is_not_touched(cron: Cron, other_team: Any) -> None:
    cron(0)
    with team_context(other_team.team.id):
        assert not Execution.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(which("curl") is None and not os.environ.get("CI"), reason="no curl on this machine")
def test_a_script_pings_with_curl(live_server: LiveServer, source: Source) -> None:
    script = (
        'RID=6f4ad1c5-0a7c-4c5e-9d6e-6f8e3f2a1b00; URL=$1; curl -fsS -m 10 --retry 5 "$URL/start?rid=$RID"\n'
        'OUTPUT=$(sh -c "echo done; exit 3" 2>&1)\n'
        'curl -fsS -m 10 --retry 5 --data-raw "$OUTPUT" "$URL/$??rid=$RID"'
    )
    url = f"{live_server.url}/ping/{source.address}"
    done = subprocess.run(["sh", "-c", script, "sh", url], capture_output=True, check=True, timeout=30)
    assert done.stdout == b"OKOK"
    with team_context(source.team_id):
        run = Execution.objects.get()
        assert (run.status, run.error, run.started_at is None) == (Status.FAILED, "exit code 3", False)
        assert LogLine.objects.get().message == "done"


@pytest.mark.django_db(transaction=True)
def test_pings_at_the_same_time_never_close_the_same_run(live_server: LiveServer, source: Source) -> None:
    url = f"{live_server.url}/ping/{source.address}"

    def ping(path: str) -> int:
        for _ in range(50):
            try:
                with urllib.request.urlopen(url + path, timeout=30) as answer:
                    return int(answer.status)
            except urllib.error.HTTPError as error:
                if error.code != 503:
                    raise
        return 0

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ping, ["/start"] * 8)) == {200}
        assert set(pool.map(ping, ["", "/0", "/1", "/fail"] * 2)) == {200}
    connections.close_all()
    with team_context(source.team_id):
        runs = list(Execution.objects.values_list("status", "duration_ms"))
    assert len(runs) == 8
    assert all(duration is not None for _, duration in runs)
    assert sorted(status for status, _ in runs) == [int(Status.SUCCEEDED)] * 4 + [int(Status.FAILED)] * 4
