"""The snippets of the first run work as pasted: taken from the page as somebody sees it, run, and waited for.

With the client itself where the project has it; where not, what the client sends is sent to the address, and with the
key or the secret, of the snippet.
"""

import hashlib
import hmac
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from html import unescape
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.test import Client as Browser
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.snippets.first import FIRST
from ingestion.sources import forget_sources
from monitoring.models import Execution
from tests.ingestion.adapters.webhooks import events
from tests.ingestion.test_snippets import run
from tests.nodejs import CLIENTS, find_client
from tests.otlp import request, span
from tests.web import running


def shell(texts: Sequence[str], folder: Path) -> None:
    """All that is pasted into a terminal, one after the other; what installs something is there already."""
    run("".join(text for text in texts if not text.startswith(("pip install", "npm install"))), folder)


def python(texts: Sequence[str], folder: Path) -> None:
    """The last text is Python, those before it a terminal's."""
    shell([*texts[:-1], f"python - <<'END'\n{texts[-1]}END\n"], folder)


def javascript(texts: Sequence[str], folder: Path) -> None:
    """The environment, and the file that is started by Node.js."""
    node = find_client("@opentelemetry/sdk-trace-base")
    (folder / "node_modules").symlink_to(CLIENTS / "node_modules")
    (folder / "first.mjs").write_text(texts[2])
    shell([texts[1], f"'{node}' first.mjs\n"], folder)


def n8n(texts: Sequence[str], folder: Path) -> None:
    """The trace of one execution, as n8n exports it with this environment."""
    told = dict(line.split("=", 1) for line in texts[0].split())
    assert told["N8N_OTEL_ENABLED"] == "true"
    name, value = told["N8N_OTEL_EXPORTER_OTLP_HEADERS"].split("=", 1)
    about = {"n8n.workflow.name": "Sync", "n8n.execution.id": "7", "n8n.execution.status": "success"}
    body = request(span(1, name="n8n.workflow", attributes=about)).SerializeToString()
    address = told["N8N_OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    post(address, body, {name: value, "Content-Type": "application/x-protobuf"})


def github(texts: Sequence[str], folder: Path) -> None:
    """The delivery of a run, signed as GitHub does with the secret of the hook."""
    hook = json.loads(texts[0].split("<<'JSON'\n")[1].split("\nJSON")[0])
    assert hook["events"] == ["workflow_run", "workflow_job"]
    body = json.dumps(events.github_run()).encode()
    signature = hmac.new(hook["config"]["secret"].encode(), body, hashlib.sha256).hexdigest()
    about = {"X-GitHub-Event": "workflow_run", "X-Hub-Signature-256": f"sha256={signature}"}
    post(hook["config"]["url"], body, {"Content-Type": "application/json", **about})


def airflow(texts: Sequence[str], folder: Path) -> None:
    """The module, called as Airflow calls it when a run of a DAG has ended."""
    call = """
from datetime import datetime, timezone
from types import SimpleNamespace as Told
at = datetime(2026, 8, 12, 12, tzinfo=timezone.utc)
run = Told(dag_id="nightly", run_id="scheduled__1", run_type="scheduled", state="success", start_date=at, end_date=at)
report({"dag_run": run, "task_instance": None, "reason": "success"})
"""
    python([texts[0] + call], folder)


def dify(texts: Sequence[str], folder: Path) -> None:
    """The request of the HTTP node, with the variables that Dify puts in."""
    head, body = texts[0].split("\n\n", 1)
    first, *headers = head.split("\n")
    body = body.replace("{{#sys.workflow_run_id#}}", "run-1").replace("{{#sys.workflow_id#}}", "workflow-1")
    post(first.removeprefix("POST "), body.encode(), dict(line.split(": ", 1) for line in headers))


def cron(texts: Sequence[str], folder: Path) -> None:
    """The line of the crontab without its times, with a job that succeeds."""
    line = next(one for one in texts[1].splitlines() if one.startswith("0 3 * * *"))
    run(line.removeprefix("0 3 * * *").replace("/path/to/job.sh", "true").strip(), folder)


WAYS: dict[str, Callable[[Sequence[str], Path], None]] = {
    "curl": shell,
    "otel-python": python,
    "otel-js": javascript,
    "langsmith": python,
    "n8n": n8n,
    "github": github,
    "airflow": airflow,
    "dify": dify,
    "cron": cron,
    "python-logging": python,
}


def post(address: str, body: bytes, headers: dict[str, str]) -> None:
    """Sends it; an answer that is no success raises."""
    urlopen(Request(address, body, headers), timeout=20).close()


def texts_of(page: str, slug: str) -> list[str]:
    """What stands in the panel of a client, as somebody copies it."""
    return [unescape(text) for text in re.findall(rf'<pre class="code"\s+id="{slug}-\d+"[^>]*>(.*?)</pre>', page, re.S)]


@pytest.fixture
def server(slug: str, live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where reports go: bodies without a length, as the JavaScript SDK sends them, only production's server takes."""
    if slug != "otel-js":
        yield live_server.url
        return
    with running(tmp_path_factory.mktemp("web")) as address:
        yield address


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("slug", FIRST)
def test_a_snippet_of_the_page_reports_and_the_page_becomes_the_replay(
    slug: str, server: str, team: Team, member_client: Browser, tmp_path: Path, settings: object
) -> None:
    settings.BASE_URL = server  # type: ignore[attr-defined]
    forget_sources()
    start = f"/t/{team.slug}/start/"
    texts = texts_of(member_client.post(f"{start}key/", {"client": slug}).content.decode(), slug)
    assert texts
    assert not any("<your" in text or "<address" in text for text in texts)
    assert member_client.get(f"{start}waiting/?seen=").status_code == 204
    WAYS[slug](texts, tmp_path)
    with team_context(team.id):
        found = Execution.objects.get()
    assert member_client.get(f"{start}waiting/").headers["HX-Redirect"] == f"/t/{team.slug}/executions/{found.id}/"


def test_every_tab_is_run() -> None:
    assert WAYS.keys() == FIRST.keys()
    assert shutil.which("curl")
