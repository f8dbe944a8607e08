"""JSON log lines over HTTP: what each becomes, and that order, splitting and repetition do not matter."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Scope, Team
from accounts.services.teams import NewTeam, issue_key
from accounts.tenancy import team_context
from ingestion.models import SourceLine, SourceRejection
from monitoring.models import Execution, LogLine, Workflow
from tests.factories import TeamFactory

ADDRESS = "/api/v1/logs"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NOW = timezone.now().replace(microsecond=0)
pytestmark = pytest.mark.django_db


def at(seconds: int) -> str:
    """A time as the workflow logger writes it: UTC without a zone."""
    return (NOW - timedelta(hours=1) + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def run(seconds: int = 0, **fields: Any) -> dict[str, Any]:
    """A line of the workflow logger."""
    told = {"timestamp": at(seconds), "workflow": "invoices", "status": "success", "duration_seconds": 2.5}
    return {**told, "tokens_used": 100, "cost_usd": 0.01, **fields}


def send(key: str, body: Any, content_type: str = "application/json", **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(
        ADDRESS, data, content_type=content_type, headers={"authorization": f"Bearer {key}", **headers}
    )


def rows(team: Team) -> tuple[list[Any], ...]:
    """Everything that log lines leave behind, but for what depends on the moment of receipt."""
    with team_context(team.id):
        told = "external_id", "status", "started_at", "told_finished_at", "duration_ms", "told_cost_usd"
        line = "logged_at", "level", "message"
        return (
            list(Execution.objects.order_by("external_id").values_list(*told)),
            list(LogLine.objects.order_by("logged_at", "message", "level", "step_id").values_list(*line, "step_id")),
            list(
                SourceLine.objects.order_by("logged_at", "message", "level", "labels").values_list(
                    "logged_at", "level", "message", "labels"
                )
            ),
            list(Workflow.objects.order_by("name").values_list("name", flat=True)),
        )


def test_each_line_becomes_what_it_is(api_key: str, team: Team) -> None:
    lines = [
        run(),
        {
            "timestamp": at(1),
            "level": "WARN",
            "message": "slow",
            "trace_id": TRACE.upper(),
            "span_id": "00f067aa0ba902b7",
        },
        {"timestamp": at(2), "level": "info", "message": "idle", "pool": 3},
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    assert send(api_key, body, "application/x-ndjson").json() == {"stored": 3, "duplicate": 0, "rejected": []}
    executions, logs, loose, workflows = rows(team)
    assert executions[0][0] == TRACE
    assert [one[4] for one in executions] == [None, 2500.0]
    assert [one[1:3] for one in logs] == [("warn", "slow")]
    assert [one[1:] for one in loose] == [("info", "idle", {"pool": "3"})]
    assert workflows == ["invoices"]


@pytest.mark.parametrize("headers", [{}, {"content-encoding": "gzip"}])
def test_arrays_of_shippers_plain_and_compressed(api_key: str, team: Team, headers: dict[str, str]) -> None:
    vector = {"message": json.dumps(run()), "file": "/var/log/a.log", "timestamp": f"{at(9)}Z"}
    fluent_bit = {"date": 1795341600.123456, "log": json.dumps(run()) + "\n", "stream": "stdout"}
    logstash = {"@timestamp": f"{at(8)}Z", "@version": "1", "message": json.dumps(run())}
    body = json.dumps([vector, fluent_bit, logstash]).encode()
    answer = send(api_key, gzip.compress(body) if headers else body, **headers)
    assert answer.json() == {"stored": 1, "duplicate": 2, "rejected": []}
    assert len(rows(team)[0]) == 1


def test_the_same_request_twice_changes_nothing(api_key: str, team: Team) -> None:
    lines = [run(), {"timestamp": at(1), "message": "a", "run_id": "r"}, {"timestamp": at(1), "message": "b"}]
    assert send(api_key, lines).json()["stored"] == 3
    before = rows(team)
    assert send(api_key, lines).json() == {"stored": 0, "duplicate": 3, "rejected": []}
    assert rows(team) == before


def test_equal_lines_at_different_instants_are_different_runs(api_key: str, team: Team) -> None:
    assert send(api_key, [run(0), run(1), run(1)]).json() == {"stored": 2, "duplicate": 1, "rejected": []}
    assert len(rows(team)[0]) == 2


def test_one_poisoned_line_among_a_thousand(api_key: str, team: Team) -> None:
    lines = [run(number) for number in range(1000)]
    lines[500]["cost_usd"] = -1
    answer = send(api_key, lines)
    assert (answer.status_code, answer.json()["stored"]) == (200, 999)
    assert [(one["index"], one["field"]) for one in answer.json()["rejected"]] == [(500, "cost_usd")]
    with team_context(team.id):
        rejection = SourceRejection.objects.get()
    assert rejection.field == "cost_usd"
    assert json.loads(rejection.sample or "")["workflow"] == "invoices"
    body = "\n".join([json.dumps(lines[0]), '{"timestamp": "2026', json.dumps(lines[1])]).encode()
    assert send(api_key, body, "application/x-ndjson").json()["duplicate"] == 2


def test_refusals(api_key: str, db: None) -> None:
    assert send(api_key, b"").status_code == 400
    assert send(api_key, b'{"a":').status_code == 400
    assert send(api_key, [run(cost_usd=-1)]).status_code == 422
    assert send("sr_wrong", [run()]).status_code == 401
    assert Client().get(ADDRESS, headers={"x-api-key": api_key}).status_code == 405


def test_a_team_sees_only_its_own_lines(api_key: str, team: Team, other_team: NewTeam) -> None:
    send(other_team.api_key, [run(), {"message": "secret", "timestamp": at(0)}])
    assert rows(team) == ([], [], [], [])


LINE = st.one_of(
    st.builds(
        lambda second, status, run_id: run(second, status=status, **({"run_id": run_id} if run_id else {})),
        st.integers(0, 2),
        st.sampled_from(["success", "failed", "running"]),
        st.sampled_from(["", "", "r1"]),
    ),
    st.builds(
        lambda second, text, fields: {"timestamp": f"{at(second)}Z", "message": text, **fields},
        st.integers(0, 2),
        st.sampled_from(["a", "b"]),
        st.sampled_from([{}, {"trace_id": TRACE}, {"run_id": "r1", "level": "warn"}, {"x": 1}]),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8, deadline=None)
@given(lines=st.lists(LINE, min_size=1, max_size=6), data=st.data())
def test_any_split_order_and_repetition_gives_the_same_rows(db: None, lines: list[Any], data: st.DataObject) -> None:
    once, often = TeamFactory(), TeamFactory()
    keys = [issue_key(team=team, name="k", scopes=[Scope.INGEST])[1] for team in (once, often)]
    assert send(keys[0], lines).status_code == 200
    shuffled = data.draw(st.permutations(lines + data.draw(st.lists(st.sampled_from(lines), max_size=4))))
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        assert send(keys[1], shuffled[:size]).status_code == 200
        shuffled = shuffled[size:]
    assert rows(often) == rows(once)


FIELDS = (
    "timestamp",
    "workflow",
    "status",
    "duration_seconds",
    "cost_usd",
    "error",
    "message",
    "level",
    "run_id",
    "time",
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(ANY, max_size=4))
def test_no_json_makes_a_server_error(api_key: str, values: list[Any]) -> None:
    answer = send(api_key, values)
    assert answer.status_code in (200, 400, 422), answer.content
    if answer.status_code == 200:
        told = answer.json()
        records = sum(len(value) if isinstance(value, list) else 1 for value in values)
        assert told["stored"] + told["duplicate"] + len(told["rejected"]) == records
