"""The Python package `langsmith` as it is, reporting to a server."""

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langsmith import Client, schemas, traceable, tracing_context
from langsmith import utils as langsmith_utils
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceAttribute
from ingestion.sampling import forget_notes
from ingestion.sources import forget_sources
from monitoring.models import Execution, Workflow
from monitoring.reads import replay
from monitoring.reads.replay_records import Replay
from monitoring.statuses import Status

pytestmark = pytest.mark.django_db(transaction=True)

USAGE = {
    "input_tokens": 1000,
    "output_tokens": 200,
    "total_tokens": 1200,
    "input_token_details": {"cache_read": 600, "cache_creation": 100},
    "output_token_details": {"reasoning": 50},
    "total_cost": 0.0123,
}


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a program would set, and nothing of this machine's."""
    forget_sources()
    forget_notes()
    for name in [name for name in os.environ if name.startswith(("LANGSMITH_", "LANGCHAIN_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setenv("LANGSMITH_REVISION_ID", "v7")
    langsmith_utils.get_env_var.cache_clear()
    yield
    langsmith_utils.get_env_var.cache_clear()


@pytest.fixture
def connect(live_server: LiveServer, api_key: str) -> Iterator[Callable[..., Client]]:
    """Makes clients of the server."""
    clients: list[Client] = []

    def make(**options: Any) -> Client:
        client = Client(api_url=f"{live_server.url}/langsmith", api_key=api_key, **options)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.cleanup()


@traceable(run_type="llm", name="Ask", metadata={"ls_provider": "openai", "ls_model_name": "gpt-4o"})
def ask(question: str) -> dict[str, Any]:
    return {"answer": question.upper(), "usage_metadata": USAGE}


@traceable(run_type="tool", name="Look up")
def look_up(order: int) -> str:
    if order < 0:
        raise ValueError(f"no order ({order})")
    return f"order {order}"


@traceable(name="Support", metadata={"session_id": "thread-1", "customer": "north"}, tags=["beta"])
def support(order: int) -> dict[str, Any]:
    told = look_up(order)
    # Returned as it is: the SDK then copies the usage onto this run.
    return ask(told)


def run(client: Client, order: int) -> None:
    with tracing_context(enabled=True, client=client, project_name="shop"):
        try:
            support(order)
        except ValueError:
            assert order < 0
    client.flush()


def stored(team: Team) -> Replay:
    """The only execution of the team, with everything."""
    with team_context(team.id):
        found = replay.load(team.id, Execution.objects.get().id)
        assert not SourceAttribute.objects.exists(), list(SourceAttribute.objects.values())
    assert found
    return found


def assert_told(told: Replay) -> None:
    """That the run of `support(7)` is all there, once."""
    execution = told.execution
    assert (execution.workflow, execution.status, execution.release) == ("Support", Status.SUCCEEDED, "v7")
    assert execution.duration_ms is not None
    assert told.payload["input"] == {"order": 7}
    assert told.payload["output"]["answer"] == "ORDER 7"
    assert told.payload["session"] == "thread-1"
    assert told.payload["tags"] == {"beta": "true", "customer": "north", "project": "shop"}
    assert "LANGSMITH_TRACING" not in told.payload["attributes"]
    assert [(step.node, step.kind, step.status) for step in told.steps] == [
        ("Look up", "tool", Status.SUCCEEDED),
        ("Ask", "llm", Status.SUCCEEDED),
    ]
    model = told.steps[1]
    assert (model.provider, model.model) == ("openai", "gpt-4o")
    assert str(model.cost_usd) == "0.0123"
    # Counted once, though the SDK copies it onto the parent, and in buckets that do not overlap.
    for tokens in (model.tokens, execution.tokens):
        assert (tokens.input, tokens.cache_read, tokens.cache_write) == (300, 600, 100)
        assert (tokens.output, tokens.reasoning) == (200, 50)


@pytest.mark.parametrize("way", ["zstd", "plain", "one by one"])
def test_a_run_is_complete(
    connect: Callable[..., Client], team: Team, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "plain":
        monkeypatch.setenv("LANGSMITH_DISABLE_RUN_COMPRESSION", "true")
        langsmith_utils.get_env_var.cache_clear()
    client = connect(auto_batch_tracing=way != "one by one")
    run(client, 7)
    assert (client.compressed_traces is not None) == (way == "zstd")
    assert_told(stored(team))


@pytest.mark.parametrize("omit", [False, True])
def test_a_client_that_samples_says_so(connect: Callable[..., Client], team: Team, omit: bool) -> None:
    """Unless it is told to leave out what it knows of its surroundings."""
    client = connect(tracing_sampling_rate=0.5, omit_traced_runtime_info=omit)
    # The chance that none of so many is kept is 1 in 10 to the 12.
    for _ in range(40):
        run(client, 7)
    with team_context(team.id):
        assert 0 < Execution.objects.count() < 40
        (found,) = Workflow.objects.values_list("completeness", "sample_rate", "sample_rate_max")
    assert found == (("", None, None) if omit else ("sampled", 2.0, 2.0))


def test_an_exception_is_the_failure_of_its_step_and_of_the_execution(
    connect: Callable[..., Client], team: Team
) -> None:
    run(connect(), -1)
    told = stored(team)
    assert (told.execution.status, told.execution.failed_node) == (Status.FAILED, "Look up")
    assert told.execution.error == "no order (-1)"
    assert told.payload["error"]["type"] == "ValueError"
    assert "Traceback" in told.payload["error"]["detail"]
    (step,) = told.steps
    assert (step.status, step.error, step.error_type) == (Status.FAILED, "no order (-1)", "ValueError")


@pytest.mark.parametrize("is_batched", [True, False])
def test_feedback(connect: Callable[..., Client], team: Team, is_batched: bool) -> None:
    client = connect(auto_batch_tracing=is_batched)
    run(client, 7)
    with team_context(team.id):
        trace = Execution.objects.get().external_id
    with warnings.catch_warnings():
        # That feedback without the id of a project is deprecated.
        warnings.simplefilter("ignore", langsmith_utils.LangSmithWarning)
        client.create_feedback(trace_id=trace, key="useful", score=0.5, comment="well said")
        client.create_feedback(run_id=trace, key="tone", value="friendly")
        with team_context(team.id):
            told = replay.load(team.id, Execution.objects.get().id)
        assert told
        client.create_feedback(run_id=told.steps[1].external_id, key="correct", score=True)
    client.flush()
    assert stored(team).payload["feedback"] == {
        "correct": {"comment": None, "score": 1.0},
        "tone": {"comment": "friendly", "score": None},
        "useful": {"comment": "well said", "score": 0.5},
    }


def test_attachments_are_named_but_not_kept(connect: Callable[..., Client], team: Team) -> None:
    @traceable(name="Read", dangerously_allow_filesystem=False)
    def read(picture: schemas.Attachment) -> str:
        return picture.mime_type

    with tracing_context(enabled=True, client=(client := connect())):
        read(schemas.Attachment(mime_type="image/png", data=b"\x89PNG bytes"))
    client.flush()
    told = stored(team)
    assert told.payload["attributes"]["attachment.picture"] == {"type": "image/png", "bytes": 10}
    assert b"PNG" not in str(told.payload).encode()


def test_a_wrong_key_is_said_and_loses_nothing_else(live_server: LiveServer, team: Team) -> None:
    client = Client(api_url=f"{live_server.url}/langsmith", api_key="sr_wrong")
    with pytest.raises(langsmith_utils.LangSmithAuthError, match="not known"):
        client.request_with_retries("GET", "/info")
    client.cleanup()


def test_what_is_no_report_is_a_404_that_says_so(connect: Callable[..., Client]) -> None:
    with pytest.raises(langsmith_utils.LangSmithNotFoundError, match="takes what the LangSmith SDK reports"):
        connect().read_project(project_name="shop")


def test_the_documented_program_reports(live_server: LiveServer, api_key: str, team: Team) -> None:
    document = (Path(__file__).parents[3] / "docs" / "sources" / "langsmith.md").read_text()
    program = document.partition("```python\n")[2].partition("```")[0]
    told = {"LANGSMITH_ENDPOINT": f"{live_server.url}/langsmith", "LANGSMITH_API_KEY": api_key}
    subprocess.run([sys.executable, "-c", program], env={**os.environ, **told}, check=True, timeout=60)
    execution = stored(team)
    assert (execution.execution.workflow, execution.payload["session"]) == ("Support", "thread-1")
    assert [step.node for step in execution.steps] == ["look_up"]
