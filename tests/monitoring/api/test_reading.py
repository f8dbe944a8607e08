"""The reading API as a program uses it."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.services.teams import NewTeam
from ingestion.records import Failure, LogReport, Tokens
from monitoring.identity import execution_id
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store
from tests.monitoring.store.test_criteria import criterion

EXECUTIONS, WORKFLOWS, TRENDS = "/api/v1/executions/", "/api/v1/workflows/", "/api/v1/trends/"
RANGE = {"from": "2026-08-12T00:00:00Z", "to": "2026-08-13T00:00:00Z"}


class Caller:
    """A program with a key."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {key}"})

    def get(self, address: str, /, expect: int = 200, **parameters: Any) -> Any:
        answer = self.client.get(address, parameters)
        assert answer.status_code == expect, answer.content
        return json.loads(answer.content)


@pytest.fixture
def caller(api_key: str) -> Caller:
    return Caller(api_key)


@pytest.fixture
def stranger_caller(other_team: NewTeam) -> Caller:
    return Caller(other_team.api_key)


def failing(**fields: Any) -> Any:
    """A run that failed at the step `charge`, calling a model and a tool."""
    broken = step(
        id="s1",
        node="charge",
        status=Status.FAILED,
        provider="openai",
        model="gpt-4o",
        tool="pay",
        external_system="stripe.com",
        tokens=Tokens(input=100, output=20),
        cost_usd=Decimal("0.0123"),
        error=Failure(type="HTTPError", message="HTTP 503 from upstream"),
        input={"order": 1},
        output=None,
        attributes={"region": "eu"},
    )
    told = {
        "id": "broken",
        "status": Status.FAILED,
        "release": "v2",
        "trigger": "schedule",
        "environment": "production",
        "input": {"customer": "a"},
        "output": {"ok": False},
        "tags": {"plan": "pro"},
        "steps": [broken],
        "logs": [LogReport(message="started", level="info", at=NOW - timedelta(minutes=3))],
    }
    return report(**{**told, **fields})


@pytest.mark.usefixtures("new_team")
@pytest.mark.parametrize("address", [EXECUTIONS, f"{EXECUTIONS}{UUID(int=1)}/", WORKFLOWS, TRENDS])
def test_without_a_key_it_is_401_and_post_is_not_allowed(address: str, api_key: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 401
    assert answer["content-type"] == "application/problem+json"
    assert Client(headers={"x-api-key": api_key}).put(address).status_code == 405


def test_row_has_all_fields(team: Team, caller: Caller) -> None:
    store(team, failing())
    found = caller.get(EXECUTIONS)
    (row,) = found["results"]
    assert (found["next"], found["previous"]) == (None, None)
    assert row["id"] == str(execution_id(team.id, "broken"))
    assert row["external_id"] == "broken"
    assert (row["workflow"], row["release"], row["trigger"]) == ("nightly", "v2", "schedule")
    assert (row["environment"], row["status"], row["attempt"]) == ("production", "failed", 1)
    assert row["started_at"] == "2026-08-12T11:57:00Z"
    assert row["finished_at"] == "2026-08-12T11:59:00Z"
    assert row["duration_ms"] == 120_000
    assert row["tokens"] == {"input": 100, "cache_read": None, "cache_write": None, "output": 20, "reasoning": None}
    assert row["cost_usd"] == 0.0123
    assert row["step_count"] == 1
    assert row["failed_node"] == "charge"


def test_detail_has_everything(team: Team, caller: Caller) -> None:
    store(team, failing())
    found = caller.get(f"{EXECUTIONS}{execution_id(team.id, 'broken')}/")
    assert found["input"] == {"customer": "a"}
    assert found["output"] == {"ok": False}
    assert found["tags"] == {"plan": "pro"}
    assert [line["message"] for line in found["logs"]] == ["started"]
    (told,) = found["steps"]
    assert (told["id"], told["node"], told["status"]) == ("s1", "charge", "failed")
    assert (told["provider"], told["model"], told["tool"]) == ("openai", "gpt-4o", "pay")
    assert told["external_system"] == "stripe.com"
    assert told["tokens"]["input"] == 100
    assert told["cost_usd"] == 0.0123
    assert told["error"] == "HTTP 503 from upstream"
    assert told["input"] == {"order": 1}
    assert told["attributes"] == {"region": "eu"}
    assert told["started_at"]
    assert told["finished_at"]


def test_another_team_finds_what_nobody_finds(team: Team, stranger_caller: Caller) -> None:
    store(team, failing())
    own = stranger_caller.get(f"{EXECUTIONS}{execution_id(team.id, 'broken')}/", expect=404)
    assert own == stranger_caller.get(f"{EXECUTIONS}{uuid4()}/", expect=404)
    assert own == stranger_caller.get(f"{EXECUTIONS}no-uuid/", expect=404)
    assert stranger_caller.get(EXECUTIONS, workflow="nightly")["results"] == []
    assert stranger_caller.get(WORKFLOWS)["results"] == []
    assert stranger_caller.get(TRENDS, workflow="nightly")["totals"]["runs"] == 0


FILTERED = [
    ({"workflow": "nightly"}, {"broken", "good", "old"}),
    ({"workflow": "-nightly"}, {"other"}),
    ({"status": "failed"}, {"broken"}),
    ({"status": "success"}, {"good", "old", "other"}),
    ({"status": ["failed", "succeeded"]}, {"broken", "good", "old", "other"}),
    ({"release": "v2"}, {"broken"}),
    ({"environment": "staging"}, {"other"}),
    ({"environment": "-staging"}, {"broken", "good", "old"}),
    ({"trigger": "schedule"}, {"broken"}),
    ({"model": "gpt-4o"}, {"broken"}),
    ({"tool": "pay", "system": "stripe.com", "step": "charge"}, {"broken"}),
    ({"model": "unheard-of"}, set()),
    ({"q": "bro"}, {"broken"}),
    ({"q": "from upstream"}, {"broken"}),
    ({"q": "%"}, set()),
    ({"from": "2026-08-12T00:00:00Z"}, {"broken", "good", "other"}),
    ({"to": "2026-08-12"}, {"old"}),
    ({"from": "2026-08-12T11:59:00Z", "to": "2026-08-12T11:59:00.000001Z"}, {"broken", "good", "other"}),
    ({"from": "2026-08-12T11:00:00Z", "to": "2026-08-12T11:59:00Z"}, set()),
]


@pytest.mark.parametrize(("parameters", "expected"), FILTERED, ids=[str(p) for p, _ in FILTERED])
def test_filters(team: Team, caller: Caller, parameters: dict[str, Any], expected: set[str]) -> None:
    old = {"started_at": NOW - timedelta(days=3), "finished_at": NOW - timedelta(days=3)}
    store(
        team,
        failing(),
        report(id="good"),
        report(id="old", **old),
        report(id="other", workflow="other", environment="staging"),
    )
    assert {row["external_id"] for row in caller.get(EXECUTIONS, **parameters)["results"]} == expected


REFUSED = [
    (EXECUTIONS, "status", "broken", "Allowed: unknown, queued"),
    (EXECUTIONS, "from", "yesterday", "ISO 8601"),
    (EXECUTIONS, "to", "1912-01-01", "between 1990 and 2100"),
    (EXECUTIONS, "sort", "name", "-time"),
    (EXECUTIONS, "limit", "0", "greater than or equal to 1"),
    (EXECUTIONS, "limit", "5000", "less than or equal to 1000"),
    (EXECUTIONS, "after", "!!!", "cursor"),
    (EXECUTIONS, "group", "7", "UUID"),
    (EXECUTIONS, "q", "x" * 400, "300"),
    (EXECUTIONS, "workflow", "x" * 400, "300"),
    (TRENDS, "bucket", "fortnight", "1h"),
    (TRENDS, "from", "2026-13-01", "ISO 8601"),
    (WORKFLOWS, "to", "soon", "ISO 8601"),
]


@pytest.mark.parametrize(("address", "name", "value", "words"), REFUSED)
def test_what_cannot_be_meant_is_refused(caller: Caller, address: str, name: str, value: str, words: str) -> None:
    problem = caller.get(address, expect=400, **{name: value})
    (error,) = problem["errors"]
    assert error["field"] == name
    assert words in error["reason"]


def test_a_range_that_ends_before_it_starts_is_refused(caller: Caller) -> None:
    problem = caller.get(TRENDS, expect=400, **{"from": "now", "to": "now-1d"})
    assert problem["errors"] == [{"field": "from", "reason": "Must be before 'to'."}]


@pytest.mark.parametrize("sort", ["-time", "time", "-duration", "duration", "-cost", "cost"])
def test_paging_gives_every_row_once_in_both_directions(team: Team, caller: Caller, sort: str) -> None:
    ends = [NOW - timedelta(seconds=n // 2 * 30) for n in range(23)]
    store(
        team,
        *(
            report(
                id=f"r{n}",
                started_at=None if n % 5 == 0 else NOW - timedelta(hours=1),
                finished_at=end,
                cost_usd=None if n % 3 == 0 else Decimal(n),
            )
            for n, end in enumerate(ends)
        ),
    )
    page = caller.get(EXECUTIONS, sort=sort, limit=5)
    pages = [page]
    while page["next"]:
        pages.append(page := caller.get(page["next"]))
    forward = [[row["id"] for row in page["results"]] for page in pages]
    assert [len(ids) for ids in forward] == [5, 5, 5, 5, 3]
    assert len({row for ids in forward for row in ids}) == 23
    backward = [forward[-1]]
    while page["previous"]:
        page = caller.get(page["previous"])
        backward.append([row["id"] for row in page["results"]])
    assert backward[::-1] == forward
    unknown = [row["cost_usd"] is None for page in pages for row in page["results"]]
    assert unknown == sorted(unknown) or "cost" not in sort


def test_trends(team: Team, caller: Caller) -> None:
    store(
        team,
        failing(),
        report(id="good"),
        report(id="again", status=Status.TIMED_OUT, attempt=2, retry_of="good"),
        report(id="staged", environment="staging", status=Status.CANCELLED),
        report(id="other", workflow="other"),
    )
    found = caller.get(TRENDS, workflow="nightly", bucket="1h", **RANGE)
    totals = found["totals"]
    assert {name: totals[name] for name in ("runs", "succeeded", "failed", "timed_out", "cancelled")} == {
        "runs": 4,
        "succeeded": 1,
        "failed": 1,
        "timed_out": 1,
        "cancelled": 1,
    }
    assert {totals[name] for name in ("waiting", "unknown", "running")} == {0}
    assert totals["success_rate"] == pytest.approx(1 / 3)
    assert totals["duration_ms"]["avg"] == 120_000
    assert totals["duration_ms"]["p95"] == pytest.approx(120_000, rel=0.02)
    assert totals["retries"] == 1
    assert totals["tokens"]["input"] == 100
    assert totals["cost_usd"] == 0.0123
    assert totals["unpriced_tokens"] == 0
    assert (found["from"], found["to"], found["bucket"]) == ("2026-08-12T00:00:00Z", "2026-08-13T00:00:00Z", "1h")
    assert len(found["series"]) == 24
    assert {point["start"]: point["runs"] for point in found["series"] if point["runs"]} == {"2026-08-12T11:00:00Z": 4}
    assert set(found["series"][0]) == {"start", *totals}
    assert caller.get(TRENDS, environment="staging")["totals"]["runs"] == 1
    assert caller.get(TRENDS)["totals"]["runs"] == 5
    assert caller.get(TRENDS, workflow="unheard of")["totals"]["runs"] == 0
    assert caller.get(TRENDS, workflow="unheard of")["totals"]["success_rate"] is None


def test_too_many_buckets_are_refused(caller: Caller) -> None:
    problem = caller.get(TRENDS, expect=400, bucket="1m", **{"from": "2026-08-01", "to": "2026-08-12"})
    assert problem["errors"] == [{"field": "bucket", "reason": "Gives 15,840 buckets; at most 2,000 are allowed."}]


def test_workflows_are_worst_first(team: Team, caller: Caller) -> None:
    store(team, report(workflow="fine"), failing())
    found = caller.get(WORKFLOWS)["results"]
    assert [row["name"] for row in found] == ["nightly", "fine"]
    assert found[0]["totals"]["failed"] == 1
    assert found[0]["verdict"] == "not_enough_data"
    assert found[0]["slug"] == "nightly"


@pytest.mark.parametrize("address", [EXECUTIONS, WORKFLOWS, TRENDS])
def test_query_count_does_not_grow(team: Team, caller: Caller, address: str) -> None:
    store(team, failing())
    caller.get(address)
    with CaptureQueriesContext(connection) as one:
        caller.get(address)
    store(team, *(report(id=f"r{n}", workflow=f"w{n}", release=f"v{n}", trigger=f"t{n}") for n in range(20)))
    with CaptureQueriesContext(connection) as many:
        caller.get(address)
    assert len(many) == len(one)


def test_query_count_of_detail_does_not_grow(team: Team, caller: Caller) -> None:
    store(team, failing(), failing(id="long", steps=[step(node=f"n{n}") for n in range(20)]))
    caller.get(EXECUTIONS)
    counts = []
    for name in ("broken", "long"):
        with CaptureQueriesContext(connection) as queries:
            caller.get(f"{EXECUTIONS}{execution_id(team.id, name)}/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_schema_is_made_without_warnings(tmp_path: Any) -> None:
    path = tmp_path / "schema.yaml"
    call_command("spectacular", "--file", str(path), "--validate", "--fail-on-warn")
    text = path.read_text()
    assert all(address in text for address in (EXECUTIONS, WORKFLOWS, TRENDS))


def test_unmet_executions_are_told(caller: Caller, team: Team) -> None:
    criterion(team, "output.number")
    store(team, report(id="good", output={"number": 1}), report(id="empty", output={}), report(workflow="free"))
    assert [row["external_id"] for row in caller.get(EXECUTIONS, status="unmet")["results"]] == ["empty"]
    told = {row["external_id"]: row["is_unmet"] for row in caller.get(EXECUTIONS, workflow="nightly")["results"]}
    assert told == {"good": False, "empty": True}
    assert caller.get(EXECUTIONS, workflow="free")["results"][0]["is_unmet"] is None
    assert caller.get(f"{EXECUTIONS}{execution_id(team.id, 'empty', 1)}/")["is_unmet"] is True
    totals = caller.get(TRENDS, workflow="nightly", **RANGE)["totals"]
    assert (totals["succeeded"], totals["checked"], totals["unmet"], totals["met_rate"]) == (2, 2, 1, 0.5)
    assert totals["met_interval"][0] < 0.5 < totals["met_interval"][1]
    free = caller.get(TRENDS, workflow="free", **RANGE)["totals"]
    assert (free["checked"], free["unmet"], free["met_rate"], free["met_interval"]) == (0, 0, None, None)
