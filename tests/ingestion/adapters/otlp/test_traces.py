"""What a trace says about its execution, and that no split, order or repetition of its spans changes the rows."""

from typing import Any

import pytest

from ingestion.records import ExecutionReport
from monitoring.statuses import Status
from tests.otlp import REMOTE, START, TRACE, parts, span

SERVER, CLIENT = 2, 3


def ranked(*spans: Any, **about: Any) -> ExecutionReport:
    """The only part, with what the highest-ranked spans main."""
    (only,) = parts(*spans, **about)
    return only


def test_the_root_tells_the_execution_and_is_no_step() -> None:
    root = span(
        1,
        name="Answer a customer",
        attributes={
            "input.value": '{"question": "where?"}',
            "output.value": "there",
            "session.id": "s",
            "user.id": "u",
        },
        end=START + 5 * 10**9,
    )
    resource = {"service.name": "shop", "service.version": "7", "deployment.environment": "staging"}
    main = ranked(root, span(2, 1), resource=resource)
    assert [step.id for step in main.steps or []] == ["0000000000000002"]
    assert (main.id, main.items, main.revision) == (TRACE, 2, 0)
    assert (main.input, main.output, main.session, main.user) == ({"question": "where?"}, "there", "s", "u")
    assert main.attributes == {"resource shop": resource}
    assert (main.workflow, main.release, main.environment) == ("Answer a customer", "7", "staging")
    assert main.status == Status.SUCCEEDED
    assert main.finished_at is not None


@pytest.mark.parametrize(
    ("resource", "release", "commit"),
    [
        ({"service.version": "7", "vcs.ref.head.revision": "9d59409acf"}, "7", "9d59409acf"),
        (
            {"vcs.ref.head.revision": "9d59409acf479dfa0df1aa568182e43e43df8bbe"},
            "9d59409acf479dfa0df1aa568182e43e43df8bbe",
            "9d59409acf479dfa0df1aa568182e43e43df8bbe",
        ),
        ({"vcs.repository.ref.revision": "9d59409acf"}, "9d59409acf", "9d59409acf"),
        ({"service.version": "7"}, "7", ""),
        ({"vcs.ref.head.name": "main"}, None, ""),
    ],
)
def test_the_commit_is_told_beside_the_release_and_is_it_where_no_version_is_told(
    resource: dict[str, str], release: str | None, commit: str
) -> None:
    found = ranked(span(1), resource={"service.name": "shop", **resource})
    assert (found.release, found.commit) == (release, commit)


def test_the_commit_of_a_service_is_not_that_of_a_workflow_that_tells_its_own_version() -> None:
    root = span(1, attributes={"n8n.workflow.name": "Orders", "n8n.workflow.version_id": "v9"})
    found = ranked(root, resource={"service.name": "n8n", "vcs.ref.head.revision": "9d59409acf"})
    assert (found.release, found.commit) == ("v9", "")


def test_a_root_that_works_itself_is_a_step_too() -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}
    main = ranked(span(1, kind=CLIENT, name="chat m", attributes=call))
    assert [step.model for step in main.steps or []] == ["m"]
    assert main.workflow == "chat m"


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({"gen_ai.workflow.name": "A"}, "A"),
        ({"traceloop.workflow.name": "B"}, "B"),
        ({"n8n.workflow.name": "C", "n8n.workflow.version_id": "9"}, "C"),
        ({"airflow.dag_id": "D"}, "D"),
        ({"mlflow.traceName": '"E"'}, "E"),
    ],
)
def test_a_name_by_convention_beats_the_root_also_where_another_span_tells_it(
    attributes: dict[str, Any], name: str
) -> None:
    assert ranked(span(1, name="POST /chat", attributes=attributes)).workflow == name
    assert ranked(span(1, name="POST /chat"), span(2, 1, attributes=attributes)).workflow == name
    assert ranked(span(2, 1, attributes=attributes)).workflow == name


def test_without_a_root_the_service_names_the_workflow_and_a_local_parent_says_running() -> None:
    (only,) = parts(span(2, 1))
    assert (only.workflow, only.status, only.revision) == ("shop", Status.RUNNING, 0)
    (untold,) = parts(span(2, 1, flags=0))
    assert (untold.workflow, untold.status) == ("shop", None)


@pytest.mark.parametrize(
    "told", [{"flags": REMOTE}, {"flags": 0, "kind": SERVER}, {"flags": 0, "name": "workflow.execute"}]
)
def test_a_span_from_another_process_stands_in_for_the_root(told: dict[str, Any]) -> None:
    entry = span(2, 1, **{"name": "entry", **told}, status=2)
    main = ranked(entry, span(3, 2))
    assert [step.id[-1] for step in main.steps or []] == ["2", "3"]
    assert (main.workflow, main.status) == (entry.name, Status.FAILED)
    beaten = ranked(span(1, name="root"), entry, span(3, 2))
    assert (beaten.workflow, beaten.status) == ("root", Status.SUCCEEDED)


def test_of_several_roots_the_earliest_decides() -> None:
    late, early = span(1, name="late", status=2), span(2, name="early", start=START)
    assert ranked(late, early).workflow == ranked(early, late).workflow == "early"


def test_a_link_of_the_root_is_the_execution_that_started_this_one() -> None:
    root = span(1)
    root.links.add(trace_id=bytes.fromhex(TRACE), span_id=b"12345678")
    root.links.add(trace_id=b"\x07" * 16, span_id=b"12345678")
    main = ranked(root)
    assert main.parent_execution == "07" * 16
    assert [link["trace_id"] for link in (main.attributes or {})["otel.links"]] == [TRACE, "07" * 16]


def test_two_traces_of_a_request_are_two_executions() -> None:
    other = "1" * 32
    found = parts(span(1), span(1, trace=other), span(2, 1, trace=other))
    assert {part.id: part.items for part in found if part.items} == {TRACE: 1, other: 2}


def test_tags() -> None:
    attributes = {"tag.tags": ["a", "b"], "traceloop.association.properties.plan": "pro", "n8n.workflow.custom.x": "1"}
    assert parts(span(1, attributes=attributes))[0].tags == {"a": "true", "b": "true", "plan": "pro", "x": "1"}


@pytest.mark.parametrize("told", ["production", "staging"])
def test_an_environment_that_every_span_is_sent_with_needs_no_part_of_its_own(told: str) -> None:
    resource = {"service.name": "shop", "deployment.environment.name": told}
    main = ranked(span(1, name="root"), span(2, 1), resource=resource)
    assert (main.environment, main.workflow, main.items) == (told, "root", 2)
