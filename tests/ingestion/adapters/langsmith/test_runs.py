"""What runs of the SDK become: executions, steps, their fields."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingestion.adapters.langsmith import read_multipart, to_records
from ingestion.adapters.langsmith.failures import read_failure
from ingestion.adapters.langsmith.usage import read_usage
from ingestion.records import Decoded, ExecutionReport, Failure, Rate, Sampled, SamplingOrigin, StepReport, Tokens
from monitoring.statuses import Status
from tests.ingestion.adapters.langsmith.sending import MULTIPART, NOW, at, dotted, multipart, post, uid


def decode(*items: tuple[str, dict[str, Any]], **options: Any) -> Decoded:
    return to_records(read_multipart(multipart(*items, **options), MULTIPART), {}, NOW)


def told(*items: tuple[str, dict[str, Any]], **options: Any) -> ExecutionReport:
    """The only part of an execution that these make."""
    decoded = decode(*items, **options)
    assert decoded.rejected == []
    ((_, report),) = decoded.reports
    return report


def step_of(run: dict[str, Any], kind: str = "post") -> StepReport:
    """The step that a child run is."""
    (step,) = told((kind, run)).steps or []
    return step


def test_a_root_that_holds_others_is_the_execution() -> None:
    report = told(
        (
            "post",
            post(
                name="Support",
                end_time=at(5).isoformat(),
                inputs={"order": 7},
                outputs={"answer": "yes"},
                tags=["beta", "seq:step:1"],
                extra={
                    "metadata": {
                        "thread_id": "t-1",
                        "user_id": 5,
                        "environment": "eu",
                        "revision_id": "v7-3-g2414721-dirty",
                        "customer": "north",
                        "ls_method": "traceable",
                        "LANGSMITH_TRACING": "true",
                        "LANGCHAIN_CALLBACKS": "x",
                        "plan": {"a": 1},
                    },
                    "runtime": {"sdk": "langsmith-py"},
                },
            ),
        ),
        ("post", post(2)),
    )
    assert (report.id, report.workflow, report.status) == (uid(1), "Support", Status.SUCCEEDED)
    assert (report.started_at, report.finished_at) == (at(0), at(5))
    assert (report.input, report.output) == ({"order": 7}, {"answer": "yes"})
    assert (report.session, report.user, report.environment) == ("t-1", "5", "eu")
    assert (report.release, report.commit) == ("v7-3-g2414721-dirty", "2414721")
    assert report.tags == {"beta": "true", "customer": "north", "project": "shop"}
    assert report.attributes is not None
    assert report.attributes["runtime"] == {"sdk": "langsmith-py"}
    assert report.attributes["plan"] == {"a": 1}
    assert not [name for name in report.attributes if name.startswith("LANG")]
    assert (report.items, report.revision) == (2, 1)
    assert [(step.id, step.parent_id) for step in report.steps or []] == [(uid(2), uid(1))]


def test_a_root_that_does_something_itself_is_a_step_too() -> None:
    report = told(("post", post(run_type="llm", name="Ask", inputs={"q": 1}, end_time=at(1).isoformat())))
    (step,) = report.steps or []
    assert (report.workflow, report.input, step.node, step.kind, step.input) == (
        "Ask",
        {"q": 1},
        "Ask",
        "llm",
        {"q": 1},
    )


def test_a_child_tells_when_its_trace_began_but_nothing_else_about_it() -> None:
    report = told(("patch", post(3, dotted_order=dotted((1, 0), (2, 1), (3, 2)), parent_run_id=None)))
    assert (report.id, report.started_at, report.workflow, report.status) == (uid(1), at(0), None, None)
    assert (report.revision, (report.steps or [])[0].parent_id) == (2, uid(2))


def test_the_address_of_an_agent_stands_for_project_and_environment() -> None:
    run = post(address="lrn:agents/helper/environments/staging")
    del run["session_name"]
    report = told(("post", run))
    assert (report.environment, report.tags) == ("staging", {"project": "helper"})


@pytest.mark.parametrize(
    ("kind", "fields", "status"),
    [
        ("post", {}, Status.RUNNING),
        ("patch", {}, None),
        ("patch", {"end_time": at(9).isoformat()}, Status.SUCCEEDED),
        ("patch", {"end_time": at(9).isoformat(), "error": "ValueError('x')"}, Status.FAILED),
        ("post", {"error": "x"}, Status.FAILED),
        ("post", {"end_time": at(9).isoformat(), "error": None}, Status.SUCCEEDED),
        ("patch", {"end_time": at(9).isoformat(), "error": "CancelledError()"}, Status.CANCELLED),
        ("patch", {"end_time": at(9).isoformat(), "error": "GraphInterrupt((Interrupt(value=1),))"}, Status.WAITING),
    ],
)
def test_status(kind: str, fields: dict[str, Any], status: Status | None) -> None:
    assert step_of(post(2, **fields), kind).status == status
    assert told((kind, post(1, **fields))).status == status


@pytest.mark.parametrize(
    ("run_type", "kind"),
    [
        *(("llm", "llm"), ("embedding", "embedding"), ("tool", "tool"), ("retriever", "retriever"), ("chain", "chain")),
        *(("prompt", "chain"), ("parser", "chain"), ("juggling", "juggling"), (None, None)),
    ],
)
def test_kinds(run_type: str | None, kind: str | None) -> None:
    assert step_of(post(2, run_type=run_type)).kind == kind


METADATA = {"ls_provider": "openai", "ls_model_name": "gpt-4o", "usage_metadata": {"input_tokens": 5}}


@pytest.mark.parametrize("run_type", ["llm", "embedding"])
def test_runs_that_call_a_model_count(run_type: str) -> None:
    step = step_of(post(2, run_type=run_type, extra={"metadata": METADATA}))
    assert (step.provider, step.model, step.tokens) == ("openai", "gpt-4o", Tokens(input=5))
    assert step.external_system == "openai"
    assert step.attributes is None


@pytest.mark.parametrize("run_type", ["chain", "tool", "retriever", None])
def test_runs_that_only_repeat_usage_do_not(run_type: str | None) -> None:
    step = step_of(
        post(2, run_type=run_type, extra={"metadata": METADATA}, outputs={"usage_metadata": {"input_tokens": 5}})
    )
    assert (step.tokens, step.cost_usd, step.model) == (None, None, None)


def test_a_patch_without_a_type_counts_when_it_shows_that_a_model_was_called() -> None:
    run = post(2, extra={"metadata": {**METADATA, "ls_model_type": "chat"}}, outputs={"generations": []})
    del run["run_type"]
    assert step_of(run, "patch").tokens == Tokens(input=5)


def message(usage: dict[str, Any]) -> dict[str, Any]:
    return {"generations": [[{"message": {"kwargs": {"usage_metadata": usage}}}]]}


WHOLE = {"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200}


@pytest.mark.parametrize(
    ("outputs", "tokens", "cost"),
    [
        ({"usage_metadata": WHOLE}, Tokens(input=1000, output=200), None),
        (message(WHOLE), Tokens(input=1000, output=200), None),
        (
            {"llm_output": {"token_usage": {"prompt_tokens": 9, "completion_tokens": 2}}},
            Tokens(input=9, output=2),
            None,
        ),
        (
            {"usage_metadata": {**WHOLE, "input_token_details": {"cache_read": 600, "cache_creation": 100}}},
            Tokens(input=300, cache_read=600, cache_write=100, output=200),
            None,
        ),
        (
            {
                "usage_metadata": {
                    **WHOLE,
                    "input_token_details": {"ephemeral_5m_input_tokens": 1, "priority_cache_read": 2},
                }
            },
            Tokens(input=997, cache_read=2, cache_write=1, output=200),
            None,
        ),
        # A sender that does not count the cache as input.
        (
            {"usage_metadata": {"input_tokens": 10, "input_token_details": {"cache_read": 50}}},
            Tokens(input=10, cache_read=50),
            None,
        ),
        ({"usage_metadata": {"total_cost": 0.1, "input_cost": 5}}, None, Decimal("0.1")),
        ({"usage_metadata": {"output_cost": 0.25, "input_cost": 1}}, None, Decimal("1.25")),
        ({"usage_metadata": {"input_tokens": -1, "output_tokens": "many", "total_cost": -1}}, None, None),
        ({"usage_metadata": {"input_tokens": 12.0, "output_tokens": 2**70}}, Tokens(input=12), None),
        ({"usage_metadata": [1]}, None, None),
        ("text", None, None),
    ],
)
def test_usage(outputs: Any, tokens: Tokens | None, cost: Decimal | None) -> None:
    found = read_usage(outputs, {})
    assert (found.tokens, found.cost_usd) == (tokens, cost)


def test_parts_tier_and_object_of_usage() -> None:
    told = {
        **WHOLE,
        "input_token_details": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200, "audio": 50},
        "output_token_details": {"flex_reasoning": 20, "audio": 10},
    }
    found = read_usage({"usage_metadata": told}, {})
    assert found.tokens == Tokens(
        input=700, cache_write=300, cache_write_1h=200, output=200, reasoning=20, input_audio=50, output_audio=10
    )
    assert (found.tier, found.usage) == ("flex", told)
    assert read_usage({"usage_metadata": {**WHOLE, "service_tier": "default"}}, {}).tier == ""


TRACE = 'Traceback (most recent call last):\n  File "a.py", line 1\n'


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (f"ValueError('no order')\n\n{TRACE}ValueError: no order", "ValueError", "no order"),
        (f"ValueError('no order'){TRACE}ValueError: no order", "ValueError", "no order"),
        ('KeyError("it\'s")', "KeyError", "it's"),
        ("ValueError('line\\nnext \\x41 \\ud800')", "ValueError", "line\nnext A \ufffd"),
        ("OSError(2, 'No such file')", "OSError", "2, 'No such file'"),
        ("httpx.ReadTimeout('')", "httpx.ReadTimeout", None),
        ("TypeError: x is undefined\n    at run (a.mjs:1:2)\n    at b", "TypeError", "x is undefined"),
        ("Error: boom", "Error", "boom"),
        (
            f"1 validation error for Order\nid\n  missing\n{TRACE}pydantic_core.ValidationError: 1 error",
            "pydantic_core.ValidationError",
            "1 validation error for Order\nid\n  missing",
        ),
        (f"{TRACE}ZeroDivisionError: division by zero", "ZeroDivisionError", "division by zero"),
        ("the model is not available", None, "the model is not available"),
        ({"message": "odd"}, None, '{"message":"odd"}'),
    ],
)
def test_errors(text: Any, kind: str | None, words: str | None) -> None:
    failure, status = read_failure(text)
    assert failure is not None
    assert (failure.type, failure.message, status) == (kind, words, Status.FAILED)
    assert (failure.detail is None) == ("Traceback" not in str(text) and "    at" not in str(text))


@pytest.mark.parametrize("text", [None, "", "  ", {}])
def test_no_error(text: Any) -> None:
    assert read_failure(text) == (None, None)


def test_hostile_errors_are_read_in_bounded_time() -> None:
    for text in (
        "A(" * 50_000,
        "'" * 100_000,
        "A('" + "\\" * 100_000,
        "a." * 50_000,
        "\n" * 100_000 + "at",
        "X" * 300_000,
    ):
        failure, _ = read_failure(text)
        assert failure is None or failure.message is None or len(failure.message) <= 100_000


def test_clocks() -> None:
    """JS adds microseconds to starts and none to ends; a clock that was set back is another matter."""
    start = at(2).isoformat()
    step = step_of(post(2, start_time=start, end_time=(at(2) - timedelta(microseconds=7)).timestamp() * 1000))
    assert (step.started_at, step.ended_at, step.status) == (at(2), at(2), Status.SUCCEEDED)
    told_end = at(-60).isoformat()
    step = step_of(post(2, start_time=start, end_time=told_end))
    assert (step.ended_at, step.status, step.attributes) == (None, Status.SUCCEEDED, {"told_end_time": told_end})
    run = post(2, start_time=at(2).replace(tzinfo=None).isoformat())
    assert step_of(run).started_at == at(2)
    assert step_of(post(2, start_time=None)).started_at == at(2)


def test_events_are_lines() -> None:
    events = [
        {"name": "start", "time": at(2).isoformat()},
        {"name": "new_token", "time": at(3).isoformat()},
        {"name": "new_token", "time": at(4).isoformat()},
        {"name": "retry", "time": at(3).isoformat(), "kwargs": {"slept": 2}},
        {"name": "event", "time": at(4).isoformat(), "message": "halfway"},
        "odd",
    ]
    report = told(("post", post(2, events=events)))
    lines = report.logs or []
    assert [(line.message, line.at, line.level, line.step_id) for line in lines] == [
        ('retry {"kwargs":{"slept":2}}', at(3), "warning", uid(2)),
        ("halfway", at(4), None, uid(2)),
    ]
    assert (report.steps or [])[0].attributes == {"first_token_at": at(3).isoformat()}


def test_attempts_of_langchain() -> None:
    assert step_of(post(2, tags=["retry:attempt:3"])).attempt == 3
    assert step_of(post(2, tags=["retry:attempt:x", 5])).attempt is None


def test_attachments_are_named_but_not_kept() -> None:
    files = {
        f"attachment.{uid(2)}.scan": ("image/png; length=3", b"\x00\r\n"),
        f"attachment.{uid(9)}.lost": ("text/plain", b"x"),
    }
    decoded = decode(("post", post(2)), attachments=files)
    ((_, report),) = decoded.reports
    assert (report.steps or [])[0].attributes == {"attachment.scan": {"type": "image/png", "bytes": 3}}
    assert decoded.unknown == {"part attachment of a run that is not in the request": "part"}


def test_long_names_are_cut_and_serialized_models_are_not_kept() -> None:
    step = step_of(post(2, name="n" * 500, serialized={"kwargs": 1}, inputs={}))
    assert step.node == "n" * 199 + "…"
    assert (step.attributes, step.input) == (None, None)


def test_a_trace_told_by_dotted_order_alone() -> None:
    run = post(2)
    del run["trace_id"], run["parent_run_id"]
    report = told(("post", run))
    assert (report.id, (report.steps or [])[0].parent_id) == (uid(1), uid(1))


def test_error_of_an_execution() -> None:
    report = told(("patch", post(error="ValueError('x')", end_time=at(3).isoformat())))
    assert report.error == Failure(type="ValueError", message="x")


@pytest.mark.parametrize(
    ("metadata", "one_in", "told"),
    [
        ({"ls_tracing_sample_rate": 0.1}, 10.0, "ls_tracing_sample_rate: 0.1"),
        ({"ls_tracing_sample_rate": 1}, 1.0, "ls_tracing_sample_rate: 1"),
        # What the client was set to goes before the setting of its surroundings.
        (
            {"LANGSMITH_TRACING_SAMPLING_RATE": "0.5", "ls_tracing_sample_rate": 0.1},
            10.0,
            "ls_tracing_sample_rate: 0.1",
        ),
        ({"LANGSMITH_TRACING_SAMPLING_RATE": "0.5"}, 2.0, "LANGSMITH_TRACING_SAMPLING_RATE: 0.5"),
        ({"LANGCHAIN_TRACING_SAMPLING_RATE": "0.25"}, 4.0, "LANGCHAIN_TRACING_SAMPLING_RATE: 0.25"),
    ],
)
def test_a_root_tells_how_often_its_client_reports(metadata: dict[str, Any], one_in: float, told: str) -> None:
    found = decode(("post", post(name="Support", extra={"metadata": metadata})))
    assert found.sampled == [Sampled("Support", Rate(one_in, SamplingOrigin.LANGSMITH, told))]


@pytest.mark.parametrize("value", [0, 1.5, -1, "often", None, [0.1]])
def test_what_is_no_rate_tells_none(value: Any) -> None:
    found = decode(("post", post(extra={"metadata": {"ls_tracing_sample_rate": value}})))
    assert found.sampled == []


def test_children_tell_no_rate_of_their_own() -> None:
    extra = {"metadata": {"ls_tracing_sample_rate": 0.1}}
    child = post(2, trace_id=uid(1), parent_run_id=uid(1), dotted_order=dotted((1, 0.0), (2, 1.0)), extra=extra)
    assert decode(("post", child)).sampled == []
