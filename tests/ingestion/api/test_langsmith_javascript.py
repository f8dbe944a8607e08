"""The JavaScript package `langsmith` as it is, reporting to gunicorn: it sends bodies without a length."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceAttribute, SourceSampling
from monitoring.models import Execution
from monitoring.reads import replay
from monitoring.reads.replay_records import Replay
from monitoring.statuses import Status
from tests.nodejs import CLIENTS, find_client
from tests.web import running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def node() -> str:
    """Node with the client."""
    return find_client("langsmith")


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the server."""
    with running(tmp_path_factory.mktemp("web")) as address:
        yield address


def run(
    node: str, server: str, key: str, order: int, way: str = "batch", **settings: str
) -> subprocess.CompletedProcess[str]:
    own = {"LANGSMITH_TRACING": "true", "LANGSMITH_ENDPOINT": f"{server}/langsmith", "LANGSMITH_API_KEY": key}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH_", "LANGCHAIN_"))}
    return subprocess.run(
        [node, "langsmith.mjs", str(order), way],
        cwd=CLIENTS,
        env={**clean, **own, "LANGSMITH_PROJECT": "shop", **settings},
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


@pytest.mark.parametrize(
    ("way", "settings"),
    [("batch", {}), ("batch", {"LANGSMITH_DISABLE_RUN_COMPRESSION": "true"}), ("single", {})],
    ids=["compressed", "chunked", "one by one"],
)
def test_a_run_is_complete(
    node: str, server: str, api_key: str, team: Team, way: str, settings: dict[str, str]
) -> None:
    said = run(node, server, api_key, 7, way, **settings)
    assert (said.stdout, said.stderr) == ("", "")
    told = stored(team)
    execution = told.execution
    assert (execution.workflow, execution.status) == ("Support", Status.SUCCEEDED)
    assert execution.duration_ms is not None
    assert told.payload["input"] == {"number": 7}
    assert told.payload["output"]["answer"] == "ORDER 7"
    assert told.payload["session"] == "thread-1"
    assert told.payload["tags"] == {"beta": "true", "customer": "north \ufffd", "project": "shop"}
    assert [(step.node, step.kind, step.status) for step in told.steps] == [
        ("Look up", "tool", Status.SUCCEEDED),
        ("Ask", "llm", Status.SUCCEEDED),
    ]
    model = told.steps[1]
    assert (model.provider, model.model) == ("openai", "gpt-4o")
    for tokens in (model.tokens, execution.tokens):
        assert (tokens.input, tokens.cache_read, tokens.cache_write) == (300, 600, 100)
        assert (tokens.output, tokens.reasoning) == (200, 50)


def test_an_exception_is_the_failure_of_its_step_and_of_the_execution(
    node: str, server: str, api_key: str, team: Team
) -> None:
    run(node, server, api_key, -1)
    told = stored(team)
    assert (told.execution.status, told.execution.failed_node) == (Status.FAILED, "Look up")
    (step,) = told.steps
    assert (step.status, step.error_type, step.error) == (Status.FAILED, "TypeError", "no order (-1)")


def test_a_client_that_samples_says_so(node: str, server: str, api_key: str, team: Team) -> None:
    # All but one in a thousand are kept, so that one run is enough, and the rate is told all the same.
    for order in (7, 8):
        run(node, server, api_key, order, LANGSMITH_TRACING_SAMPLING_RATE="0.999")
    with team_context(team.id):
        (rate,) = SourceSampling.objects.values_list("lowest", "highest", "told")
    assert rate == (1.0, 1.0, "ls_tracing_sample_rate: 0.999")


def test_a_wrong_key_is_said_to_the_program(node: str, server: str, team: Team) -> None:
    said = run(node, server, "sr_wrong", 7)
    assert "This API key is not known" in said.stderr
    with team_context(team.id):
        assert not Execution.objects.exists()
