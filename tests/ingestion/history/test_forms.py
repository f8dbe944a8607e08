"""Histories of other tools, in the words of the REST way in."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.adapters.refusals import Refused
from ingestion.adapters.rest import read_item
from ingestion.history.files import Piece, is_lines, opened, read_document, read_lines
from ingestion.history.forms import translate
from ingestion.records import ExecutionReport
from monitoring.statuses import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

GITHUB = {
    "id": 30946035499,
    "name": "Build",
    "node_id": "x",
    "head_branch": "main",
    "head_sha": "abc",
    "run_number": 7,
    "run_attempt": 2,
    "event": "push",
    "status": "completed",
    "conclusion": "startup_failure",
    "workflow_id": 5,
    "html_url": "https://github.com/a/b/actions/runs/30946035499",
    "created_at": "2026-08-04T20:00:00Z",
    "run_started_at": "2026-08-04T20:02:37Z",
    "updated_at": "2026-08-04T20:04:32Z",
    "actor": {"login": "octo"},
    "repository": {"full_name": "a/b"},
}
N8N = {
    "id": 1000,
    "finished": False,
    "mode": "webhook",
    "status": "error",
    "retryOf": "998",
    "startedAt": "2026-08-04T20:02:37.100Z",
    "stoppedAt": "2026-08-04T20:02:39.100Z",
    "workflowId": "w1",
    "workflowData": {
        "name": "Leads",
        "versionId": "5b2c91d4-3f0a-4a0e-9d0a-7f9a1c2b3d4e",
        "nodes": [{"name": "Ask", "type": "n8n-nodes-base.httpRequest"}],
    },
    "data": {
        "resultData": {
            "error": {"name": "NodeApiError", "message": "503", "stack": "..."},
            "lastNodeExecuted": "Ask",
            "runData": {
                "Hook": [{"startTime": 1785873757100, "executionTime": 3, "executionStatus": "success"}],
                "Ask": [
                    {
                        "startTime": 1785873757200,
                        "executionTime": 1800,
                        "executionStatus": "error",
                        "error": {"name": "NodeApiError", "message": "503"},
                        "source": [{"previousNode": "Hook"}],
                    }
                ],
            },
        }
    },
}
AIRFLOW = {
    "dag_id": "load",
    "dag_run_id": "scheduled__2026-08-04",
    "state": "up_for_retry",
    "run_type": "scheduled",
    "start_date": "2026-08-04T20:02:37+00:00",
    "end_date": None,
    "conf": {"full": True},
    "logical_date": "2026-08-04T00:00:00+00:00",
}


def read(item: dict[str, Any]) -> ExecutionReport:
    return read_item(translate(item), NOW)


def test_github() -> None:
    run = read(GITHUB)
    assert (run.id, run.attempt, run.retry_of) == ("gha-30946035499-2", 2, "gha-30946035499-1")
    assert (run.workflow, run.trigger, run.user, run.status) == ("Build", "push", "octo", Status.FAILED)
    assert run.started_at == datetime(2026, 8, 4, 20, 2, 37, tzinfo=UTC)
    assert run.finished_at == datetime(2026, 8, 4, 20, 4, 32, tzinfo=UTC)
    assert run.input == {"branch": "main"}
    assert run.attributes is not None
    assert run.attributes["repository"] == "a/b"
    waiting = read({**GITHUB, "status": "waiting", "conclusion": None})
    assert (waiting.status, waiting.finished_at) == (Status.WAITING, None)


def test_n8n() -> None:
    run = read(N8N)
    assert (run.id, run.workflow, run.retry_of, run.attempt) == ("n8n-1000", "Leads", "n8n-998", 2)
    assert run.status is Status.FAILED
    assert run.release == "5b2c91d4-3f0a-4a0e-9d0a-7f9a1c2b3d4e"
    assert run.error is not None
    assert (run.error.type, run.error.message) == ("NodeApiError", "503")
    hook, ask = run.steps or []
    assert (hook.node, hook.duration_ms, hook.status) == ("Hook", 3, Status.SUCCEEDED)
    assert (ask.id, ask.parent_id, ask.kind, ask.status) == ("Ask:0", "Hook:0", "httpRequest", Status.FAILED)
    assert ask.started_at == datetime(2026, 8, 4, 20, 2, 37, 200_000, tzinfo=UTC)


def test_airflow() -> None:
    run = read(AIRFLOW)
    assert (run.id, run.workflow, run.status) == ("load/scheduled__2026-08-04", "load", Status.RUNNING)
    assert (run.trigger, run.input, run.finished_at) == ("scheduled", {"full": True}, None)
    assert run.attributes == {"logical_date": "2026-08-04T00:00:00+00:00"}


def test_records_tell_attempts_and_keep_their_order() -> None:
    run = read(
        {
            "id": "gha-7-3",
            "source": "github-actions",
            "version": "v1",
            "status": "success",
            "attributes": {"attempt": 3},
            "steps": [
                {"id": "a", "kind": "job", "duration_ms": -2000.0, "attributes": {"queue_ms": 1}},
                {"id": "b", "kind": "llm", "attributes": {"text": "Hi", "calls": []}},
            ],
        }
    )
    assert (run.attempt, run.retry_of, run.release, run.workflow_type) == (3, "gha-7-1", "v1", "github-actions")
    first, second = run.steps or []
    assert (first.position, first.duration_ms, second.position) == (0, None, 1)
    assert first.attributes == {"queue_ms": 1, "told_duration_ms": -2000.0}
    assert (second.output, second.attributes) == ("Hi", {"calls": []})
    alone = read({"id": "tau-0-1", "attributes": {"attempt": 2}})
    assert (alone.attempt, alone.retry_of) == (None, None)


def test_a_finish_before_the_start_is_moved_aside() -> None:
    run = read({"id": "e", "started_at": "2026-01-02T00:00:00Z", "finished_at": "2026-01-01T00:00:00Z"})
    assert run.finished_at is None
    assert run.attributes == {"told_finished_at": "2026-01-01T00:00:00Z"}


def pieces(path: Path, text: str, block: int | None = None) -> list[Any]:
    """The items of a saved answer, read in blocks of a given size."""
    path.write_text(text)
    with opened(path) as (stream, _):
        if block is not None:
            read = stream.read
            stream = type("Blocks", (), {"read": staticmethod(lambda _size: read(block))})()  # type: ignore[assignment]
        return [json.loads(piece.body) for piece in read_document(stream)]


ITEMS = [{"id": 1, "text": 'br"ack]et{s \\'}, {"id": 2, "data": {"data": [{"id": 9}]}}, {"id": 3}]


@pytest.mark.parametrize("block", [1, 7, 64, None])
@pytest.mark.parametrize(
    "document",
    [
        {"total_count": 3, "workflow_runs": ITEMS, "links": {"next": {"id": 8}}},
        {"dag_runs": ITEMS, "total_entries": 3},
        {"data": ITEMS, "nextCursor": None},
        [{"data": ITEMS[:2]}, {"data": ITEMS[2:]}],
        ITEMS,
    ],
)
def test_saved_answers_are_split_at_any_block_size(tmp_path: Path, document: Any, block: int | None) -> None:
    path = tmp_path / "saved.json"
    if document is ITEMS:
        document = [ITEMS[0], {"id": 2, "data": {"x": 1}}, ITEMS[2]]
        assert pieces(path, json.dumps(document, indent=1), block) == document
    else:
        assert pieces(path, json.dumps(document, indent=1), block) == ITEMS
    assert not is_lines(path)


def test_several_answers_behind_each_other(tmp_path: Path) -> None:
    page = json.dumps({"workflow_runs": ITEMS})
    assert pieces(tmp_path / "pages.json", f"{page}\n{page}") == ITEMS * 2


def test_an_answer_that_ends_early_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends early, behind item 2"):
        pieces(tmp_path / "cut.json", json.dumps({"data": ITEMS})[:-10])


def test_lines_tell_their_numbers_and_offsets(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    path.write_text('{"id":1}\n\n{"id":2}\n{"id":3}')
    with opened(path) as (stream, _):
        found = list(read_lines(stream))
    assert [(piece.number, piece.end) for piece in found] == [(1, 9), (3, 19), (4, 27)]
    with opened(path) as (stream, _):
        assert list(read_lines(stream, offset=9, number=1)) == found[1:]
    assert is_lines(path)
    assert isinstance(found[0], Piece)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([GITHUB, N8N, AIRFLOW]), st.data())
def test_no_value_makes_a_parser_fail(item: dict[str, Any], data: st.DataObject) -> None:
    changed = {name: data.draw(JSON) if data.draw(st.booleans()) else value for name, value in item.items()}
    with contextlib.suppress(Refused):
        read(changed)
