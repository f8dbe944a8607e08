"""Parts of executions in any order, repeated, split, and in one request or many give the same rows."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import zstandard
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure, LogReport, StepReport, Tokens
from monitoring.identity import step_id
from monitoring.models import Execution, FailureGroup, Label, LogLine, Payload, Step, Workflow
from monitoring.statuses import Status
from monitoring.store.payload_words import WORDS
from monitoring.store.payloads import make_chunk, merge_chunks, merge_own
from tests.factories import NOW, send

SLOW = settings(
    max_examples=25,
    deadline=None,
    # Shrinking takes minutes here: a failing case says which table differs.
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

RUN = UUID(int=7)

counts = st.integers(0, 1000)
moments = st.integers(0, 5000).map(lambda seconds: NOW - timedelta(seconds=seconds))
durations = st.integers(0, 90_000).map(float)
money = st.integers(0, 500).map(lambda n: Decimal(n) / 1000)
words = st.sampled_from(["a", "b", "ü"])
failures = st.builds(
    Failure,
    type=st.sampled_from([None, "TimeoutError", "ValueError"]),
    message=st.sampled_from([None, "no answer after 30 s", "no answer after 31 s", "bad value"]),
)
tokens = st.builds(Tokens, input=st.none() | counts, cache_read=st.none() | counts, output=st.none() | counts)
STEP_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "parent_id": st.sampled_from(["s1", "s2"]),
    "position": st.integers(0, 5),
    "node": words,
    "kind": words,
    "status": st.sampled_from(Status),
    "started_at": moments,
    "ended_at": moments,
    "duration_ms": durations,
    "attempt": st.integers(1, 3),
    "model": words,
    "tool": words,
    "tokens": tokens,
    "cost_usd": money,
    "error": failures,
    "input": st.dictionaries(words, counts, max_size=2),
    "attributes": st.dictionaries(words, counts, max_size=2),
}
EXECUTION_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "workflow": st.sampled_from(["nightly", "daily"]),
    "release": words,
    "commit": words,
    "environment": st.sampled_from(["production", "eu", "us"]),
    "trigger": words,
    "status": st.sampled_from(Status),
    "started_at": moments,
    "finished_at": moments,
    "duration_ms": durations,
    "retry_of": st.sampled_from(["first", "run"]),
    "parent_execution": words,
    "session": words,
    "url": words,
    "error": failures,
    "input": st.dictionaries(words, counts | words, max_size=2),
    "tags": st.dictionaries(words, words, max_size=2),
    "tokens": tokens,
    "cost_usd": money,
}
# What an error's parts, an input and token counts belong to, and a release with its commit, is split off whole.
reports_of_steps = st.fixed_dictionaries({"id": st.sampled_from(["s1", "s2", "s3"])}, optional=STEP_FIELDS)
logs = st.builds(LogReport, message=words, at=st.none() | moments, step_id=st.none() | st.just("s1"))
executions = st.fixed_dictionaries({"id": st.sampled_from(["run", "other"])}, optional=EXECUTION_FIELDS)
parts = st.builds(
    lambda told, revision, steps, lines: ExecutionReport(
        **told, revision=revision, steps=[StepReport(**one) for one in steps], logs=lines
    ),
    executions,
    st.sampled_from([0, 0, 0, 1, 2]),
    st.lists(reports_of_steps, max_size=3),
    st.lists(logs, max_size=2),
)


# What was written with the words is read with them: their end is never changed.
_WORDS_SIZE, _WORDS_DIGEST = 2900, "579b52df60af1e3345485903c7bffc58df0089b21cdaafe59033cfcc02347e02"


def _rows(model: Any) -> list[tuple[Any, ...]]:
    return sorted(model.objects.values_list(), key=repr)


def snapshot(team: Team) -> dict[str, Any]:
    """All that is stored about a team's executions; chunks of payload merged."""
    with team_context(team.id):
        tables = {model.__name__: _rows(model) for model in (Execution, Step, LogLine, Label, FailureGroup)}
        bodies: dict[Any, list[bytes]] = {}
        for execution, body in Payload.objects.order_by("digest").values_list("execution_id", "body"):
            bodies.setdefault(execution, []).append(body)
        merged = {execution: merge_chunks(execution, found) for execution, found in sorted(bodies.items())}
        workflows = sorted(Workflow.objects.values_list("id", "name", "type"))
        return {**tables, "payload": merged, "workflows": workflows}


def stored_by(team: Team, requests: Iterable[Sequence[ExecutionReport]], now: datetime = NOW) -> dict[str, Any]:
    """What these requests leave in the database, which forgets it again."""
    with transaction.atomic():
        for request in requests:
            send(team, *request, now=now)
        found = snapshot(team)
        transaction.set_rollback(True)
    return found


def assert_equal(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Compares table by table, so that a difference can be read."""
    for table, rows in expected.items():
        assert found[table] == rows, table


@pytest.mark.django_db
@SLOW
@given(data=st.data(), told=st.lists(parts, min_size=1, max_size=4))
def test_order_repetition_and_grouping_do_not_matter(
    team: Team, data: st.DataObject, told: list[ExecutionReport]
) -> None:
    expected = stored_by(team, [[part] for part in told])
    shuffled = data.draw(st.permutations([*told, *told[:2]]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert_equal(stored_by(team, [shuffled[:cut], shuffled[cut:]]), expected)


def _split(report: ExecutionReport, choose: Any) -> list[ExecutionReport]:
    """Cuts one report into parts: each field, each step's field and each log line goes into one or two of three."""
    parts: list[dict[str, Any]] = [
        {"id": report.id, "revision": report.revision, "steps": [], "logs": []} for _ in range(3)
    ]
    for name, value in _told(report):
        for number in choose():
            parts[number][name] = value
            if name == "release":
                parts[number]["commit"] = report.commit
    for step in report.steps or ():
        for number in choose():
            parts[number]["steps"].append(StepReport(id=step.id))
        for name, value in _told(step):
            for number in choose():
                parts[number]["steps"].append(StepReport(id=step.id, **{name: value}))
    for line in report.logs or ():
        for number in choose():
            parts[number]["logs"].append(line)
    return [ExecutionReport(**part) for part in parts]


def _told(struct: ExecutionReport | StepReport) -> list[tuple[str, Any]]:
    skipped = ["id", "revision", "steps", "logs"]
    if getattr(struct, "release", None):
        skipped.append("commit")
    found = [(name, getattr(struct, name)) for name in struct.__struct_fields__ if name not in skipped]
    return [(name, value) for name, value in found if value is not None]


@pytest.mark.django_db
@SLOW
@given(data=st.data(), told=parts)
def test_a_report_split_into_parts_gives_the_same_rows(team: Team, data: st.DataObject, told: ExecutionReport) -> None:
    def choose() -> list[int]:
        return data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=2))

    pieces = data.draw(st.permutations(_split(told, choose)))
    assert_equal(stored_by(team, [[piece] for piece in pieces]), stored_by(team, [[told]]))


def test_chunks_merge_in_any_order() -> None:
    told = [
        make_chunk(0, {"input": {"b": 1}, "tags": {"x": "1", "y": "2"}}, {"a": {"output": 1}}),
        make_chunk(2, {"input": 5, "tags": {"y": "3"}}, {}),
        make_chunk(1, {"input": 9, "session": "s"}, {"a": {"output": 2}, "b": {}}),
    ]
    bodies = [chunk[1] for chunk in told if chunk]
    merged = merge_chunks(RUN, bodies)
    assert merge_own(bodies) == merge_own([*reversed(bodies), *bodies]) == merged.execution
    assert all(merge_own([body]) == merge_chunks(RUN, [body]).execution for body in bodies)
    assert merged == merge_chunks(RUN, [*reversed(bodies), *bodies])
    assert merged.execution == {"input": 5, "session": "s", "tags": {"x": "1", "y": "3"}}
    assert merged.steps == {step_id(RUN, "a"): {"id": "a", "output": 2}, step_id(RUN, "b"): {"id": "b"}}
    assert make_chunk(3, {}, {}) is None


def test_chunks_from_before_the_words_are_read() -> None:
    content = b'{"e":{"input":1},"s":{"7":{"id":"a","attributes":{"gen_ai.operation.name":"chat"}}}}'
    merged = merge_chunks(RUN, [zstandard.ZstdCompressor().compress(content)])
    assert (merged.execution, merged.steps[7]["id"]) == ({"input": 1}, "a")


def test_chunks_with_numbers_of_steps_merge_with_those_that_have_the_senders_own_ids() -> None:
    content = b'{"e":{"input":1},"s":{"%d":{"id":"a","output":1,"parent":"p"}}}' % step_id(RUN, "a")
    chunk = make_chunk(1, {}, {"a": {"output": 2}})
    assert chunk is not None
    older = zstandard.ZstdCompressor().compress(content)
    merged = merge_chunks(RUN, [older, chunk[1]])
    assert merged == merge_chunks(RUN, [chunk[1], older])
    assert merged.steps == {step_id(RUN, "a"): {"id": "a", "output": 2, "parent": "p"}}


def test_words_are_only_added_in_front() -> None:
    assert hashlib.sha256(WORDS[-_WORDS_SIZE:]).hexdigest() == _WORDS_DIGEST
