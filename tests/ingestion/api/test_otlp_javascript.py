"""The JavaScript SDK of OpenTelemetry with its HTTP exporters as they are: they send bodies without a length."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceAttribute
from monitoring.models import Execution
from monitoring.reads import replay
from monitoring.reads.replay_records import Replay
from monitoring.statuses import Status
from tests.nodejs import CLIENTS, find_client
from tests.relays import relaying
from tests.web import running

pytestmark = pytest.mark.django_db(transaction=True)
WAYS = pytest.mark.parametrize("encoding", ["protobuf", "json"])


@pytest.fixture(scope="module")
def node() -> str:
    """Node with the SDK."""
    return find_client("@opentelemetry/sdk-trace-base")


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server."""
    with running(tmp_path_factory.mktemp("web")) as address:
        yield address


def run(node: str, server: str, key: str, encoding: str, **settings: str) -> subprocess.CompletedProcess[str]:
    # The milliseconds: for a busy machine.
    own = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": server,
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={key}",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "25000",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [node, "otel.mjs", encoding],
        cwd=CLIENTS,
        env={**clean, **own, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def stored(team: Team) -> Replay:
    """The only execution of the team, with everything."""
    with team_context(team.id):
        found = replay.load(team.id, Execution.objects.get().id)
        assert not SourceAttribute.objects.exists(), list(SourceAttribute.objects.values())
    assert found
    return found


def check(told: Replay) -> None:
    execution = told.execution
    assert (execution.workflow, execution.status) == ("Answer a customer", Status.SUCCEEDED)
    assert (told.payload["input"], told.payload["output"]) == ({"question": "where?"}, "on its way")
    assert [(step.node, step.kind, step.status, step.attempt) for step in told.steps] == [
        ("invoke_agent helper", "agent", Status.SUCCEEDED, 1),
        ("chat gpt-4o", "llm", Status.SUCCEEDED, 1),
        ("execute_tool track", "tool", Status.FAILED, 1),
        ("execute_tool track", "tool", Status.SUCCEEDED, 2),
    ]
    helper, model, failed, again = told.steps
    assert {model.parent_id, failed.parent_id, again.parent_id} == {helper.id}
    assert (model.provider, model.model, model.system) == ("openai", "gpt-4o", "api.openai.com")
    assert (failed.error_type, failed.error) == ("TypeError", "the parcel service did not answer")
    assert "otel.mjs" in (failed.error_detail or "")
    for tokens in (model.tokens, execution.tokens):
        assert (tokens.input, tokens.output) == (90, 10)


@WAYS
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_run_with_a_failed_and_repeated_step_is_complete(
    node: str, server: str, api_key: str, team: Team, encoding: str, compression: str
) -> None:
    with relaying(server, lost=0) as relay:
        said = run(node, relay.url, api_key, encoding, OTEL_EXPORTER_OTLP_COMPRESSION=compression)
    assert (said.stdout, said.stderr) == ("", "")
    (sent,) = relay.sent
    assert b"transfer-encoding: chunked" in sent.partition(b"\r\n\r\n")[0].lower()
    check(stored(team))


@WAYS
def test_what_the_exporter_sends_again_is_kept_once(
    node: str, server: str, api_key: str, team: Team, encoding: str
) -> None:
    with relaying(server, lost=1) as relay:
        said = run(node, relay.url, api_key, encoding)
    assert said.stderr == ""
    assert len(relay.sent) == 2
    check(stored(team))


@WAYS
def test_a_wrong_key_is_said_to_the_program(node: str, server: str, team: Team, encoding: str) -> None:
    said = run(node, server, "sr_wrong", encoding)
    assert "401" in said.stderr
    assert "This API key is not known" in said.stderr
    with team_context(team.id):
        assert not Execution.objects.exists()
