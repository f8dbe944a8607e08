"""The snippets of the documentation of logs and pings do what they show, with the clients that they name."""

import re
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.sources import add_source
from monitoring.models import Execution, LogLine
from monitoring.statuses import Status

DOCS = Path(__file__).parents[2] / "docs" / "sources"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def snippets(page: str, language: str) -> list[str]:
    """The blocks of one language."""
    return [text for found, text in BLOCK.findall((DOCS / page).read_text()) if found == language]


def run_shell(script: str, **environ: str) -> str:
    """What a script prints; it must succeed."""
    told = {"PATH": "/usr/local/bin:/usr/bin:/bin", **environ}
    done = subprocess.run(["sh", "-e", "-c", script], env=told, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_the_shell_snippets_of_logs(live_server: LiveServer, api_key: str, team: Team) -> None:
    lines, hec = snippets("logs.md", "sh")
    assert run_shell(lines, BASE_URL=live_server.url, KEY=api_key) == '{"stored": 2, "duplicate": 0, "rejected": []}'
    assert run_shell(hec, BASE_URL=live_server.url, KEY=api_key) == '{"text": "Success", "code": 0}'
    with team_context(team.id):
        assert Execution.objects.get(duration_ms=12500).status == Status.SUCCEEDED
        assert LogLine.objects.filter(execution_id=Execution.objects.get(external_id="order-4711").id).count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("place", "message"), [(0, "step failed"), (1, "started")])
def test_the_python_snippets_of_logs(
    live_server: LiveServer, api_key: str, team: Team, place: int, message: str
) -> None:
    code = snippets("logs.md", "python")[place].replace("$BASE_URL", live_server.url).replace("$KEY", api_key)
    exec(compile(code, "logs.md", "exec"), {"__name__": "snippet"})
    with team_context(team.id):
        assert LogLine.objects.get().message == message


@pytest.mark.django_db(transaction=True)
def test_the_script_of_pings(live_server: LiveServer, team: Team) -> None:
    with team_context(team.id):
        source = add_source(team_id=team.id, kind=SourceKind.PING, name="Backup")
    (script,) = snippets("ping.md", "sh")
    assert run_shell(script, PING_URL=f"{live_server.url}/ping/{source.address}") == "OKOK"
    with team_context(team.id):
        run = Execution.objects.get()
        assert (run.status, run.duration_ms is not None) == (Status.SUCCEEDED, True)
        assert LogLine.objects.get().execution_id == run.id
