"""The set-up that pages show works as pasted: each text that can be run is run, with only key and address put in."""

import configparser
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.kinds import KINDS, SourceKind
from ingestion.models import Source, SourceLine
from ingestion.reads.ledger import all_time
from ingestion.services.sources import create_source, takes_secret
from ingestion.snippets import CLIENTS, GROUPS, YOUR_KEY, Client, clients_of, fill, grouped
from ingestion.sources import forget_sources
from ingestion.views.source_forms import make_secret
from monitoring.models import Execution

RUNNABLE = ("sh", "python")
# Texts in those languages that need a service or a program of the reader's own.
NOT_RUN = {
    ("otel-js", "Or, with @opentelemetry/auto-instrumentations-node installed and no line of code"): "the reader's own",
    ("airflow", "A module beside your DAGs"): "is called by Airflow, see test_the_airflow_callback_reports",
}


def is_install(text: str) -> bool:
    return text.startswith(("pip install", "npm install"))


def runnable(client: Client) -> list[tuple[str, str]]:
    """The texts to run one after the other, with their languages."""
    return [
        (one.language, one.text)
        for one in client.snippets
        if one.language in RUNNABLE and not is_install(one.text) and (client.slug, one.where) not in NOT_RUN
    ]


RUN = [slug for slug, client in CLIENTS.items() if any(not text.startswith("export") for _, text in runnable(client))]


def script_of(texts: list[tuple[str, str]]) -> str:
    """One shell script: environments stay in force for what follows, as in a terminal."""
    return "".join(text if language == "sh" else f"python - <<'END'\n{text}END\n" for language, text in texts)


@pytest.fixture
def put_in(live_server: LiveServer, team: Team, settings: object) -> Callable[[Client], tuple[Source, dict[str, str]]]:
    """Makes the source of a client; gives it and what its texts are filled with."""

    def make(client: Client) -> tuple[Source, dict[str, str]]:
        settings.BASE_URL = live_server.url  # type: ignore[attr-defined]
        forget_sources()
        secret = make_secret(client.kind) if takes_secret(client.kind) else None
        with team_context(team.id):
            made = create_source(team=team, kind=client.kind, name=client.label, secret=secret)
        told = {"base": live_server.url, "address": made.address, "key": made.key or "", "secret": secret or ""}
        return made.source, told

    return make


def run(script: str, folder: Path) -> None:
    """Runs a shell script with this environment's Python first."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "LANGSMITH_"))}
    done = subprocess.run(
        ["sh", "-e", "-c", script],
        cwd=folder,
        env={**kept, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("slug", RUN)
def test_what_can_be_run_reports(slug: str, put_in: Callable, team: Team, tmp_path: Path) -> None:
    client = CLIENTS[slug]
    source, told = put_in(client)
    run(fill(script_of(runnable(client)), **told), tmp_path)
    with team_context(team.id):
        found = all_time(team.id, source.id)
        executions, lines = Execution.objects.count(), SourceLine.objects.count()
    assert found.refused == 0
    if client.kind == SourceKind.GENERIC:
        # Without a mapping nothing can be said about it yet: the delivery is kept to try one on.
        return
    assert found.rejected == 0
    assert found.accepted >= 1
    assert executions + lines >= 1


@pytest.mark.django_db(transaction=True)
def test_the_airflow_callback_reports(put_in: Callable, team: Team, tmp_path: Path) -> None:
    client = CLIENTS["airflow"]
    _source, told = put_in(client)
    call = """
from datetime import datetime, timezone
from types import SimpleNamespace as Told
at = datetime(2026, 8, 12, 12, tzinfo=timezone.utc)
run = Told(dag_id="nightly", run_id="scheduled__1", run_type="scheduled", state="failed", start_date=at, end_date=at)
task = Told(task_id="load", state="failed", start_date=at, end_date=at, duration=2.5, try_number=2, operator="X",
            map_index=-1)
report({"dag_run": run, "task_instance": task, "exception": ValueError("no rows")})
report({"dag_run": run, "task_instance": task, "reason": "task_failure"})
"""
    run(fill(script_of([("python", client.snippets[0].text + call)]), **told), tmp_path)
    with team_context(team.id):
        found = Execution.objects.get()
        assert found.external_id == "nightly/scheduled__1"


@pytest.mark.parametrize("kind", list(SourceKind))
def test_every_kind_has_a_client(kind: SourceKind) -> None:
    assert clients_of(kind)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
def test_a_client_says_all_that_is_needed(client: Client) -> None:
    assert client.group in GROUPS
    assert client.note.endswith(".")
    texts = "".join(one.text for one in client.snippets)
    if KINDS[client.kind].has_address:
        assert "@ADDRESS@" in texts
        assert "@KEY@" not in texts
        assert ("@SECRET@" in texts) == takes_secret(client.kind)
    else:
        assert "@KEY@" in texts
        assert "@ADDRESS@" not in texts
    filled = fill(texts, base="https://sr.example.org/", address="https://sr.example.org/hooks/x")
    assert "@" not in filled.replace("@opentelemetry", "").replace("@traceable", "")
    assert (YOUR_KEY in filled) != KINDS[client.kind].has_address


def test_groups_hold_every_client() -> None:
    assert [client for clients in grouped().values() for client in clients] == sorted(
        CLIENTS.values(), key=lambda client: GROUPS.index(client.group)
    )


@pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
def test_texts_are_well_formed(client: Client) -> None:
    for one in client.snippets:
        text = fill(one.text, base="http://127.0.0.1:8000", address="http://127.0.0.1:8000/hooks/x")
        if one.language == "json":
            json.loads(text)
        elif one.language == "toml":
            tomllib.loads(text)
        elif one.language == "python":
            compile(text, one.where, "exec")
        elif one.language in ("sh", "sh-own"):
            subprocess.run(["sh", "-n", "-c", text], check=True, timeout=10)
        elif one.language == "conf":
            parsed = configparser.ConfigParser(delimiters=[" "])
            parsed.read_string(text)
            assert parsed["OUTPUT"]["Port"].strip() == "8000"
            assert parsed["OUTPUT"]["tls"].strip() == "off"
