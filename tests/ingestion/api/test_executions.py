"""Reporting over HTTP: what is stored, what is refused, and that a refusal leaves the tables as they were."""

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
import zstandard
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, Team
from accounts.services.teams import NewTeam, issue_key, revoke_key
from accounts.tenancy import team_context
from config.chunked import ChunkedBodies
from ingestion.adapters.wire import EXECUTION_FIELDS
from monitoring.models import Execution, LogLine, Payload, Step, Workflow

ADDRESS = "/api/v1/executions"
START = "2026-11-22T10:00:00Z"
pytestmark = pytest.mark.django_db


def counts(team: Team) -> dict[str, int]:
    """Rows of the team in every table that a report can fill."""
    with team_context(team.id):
        return {model.__name__: model.objects.count() for model in (Execution, Step, Payload, LogLine, Workflow)}


class Sender:
    """Reports with a key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def __call__(self, body: Any, content_type: str = "application/json", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"authorization": f"Bearer {self.key}", **headers}
        return self.client.post(ADDRESS, data, content_type=content_type, headers=told)


@pytest.fixture
def send(api_key: str) -> Sender:
    """Reports with the team's first key."""
    return Sender(api_key)


def test_one_execution_is_stored_and_known_the_second_time(send: Sender, team: Team) -> None:
    item = {
        "id": "e1",
        "workflow": "w",
        "status": "failed",
        "started_at": "2026-11-20T10:00:00Z",
        "steps": [{"id": "1", "node": "n", "status": "failed", "error": "boom"}],
        "logs": [{"message": "hello"}],
    }
    first = send(item)
    assert (first.status_code, first.json()) == (200, {"stored": 1, "duplicate": 0, "rejected": []})
    after = counts(team)
    assert after == {"Execution": 1, "Step": 1, "Payload": 1, "LogLine": 1, "Workflow": 1}
    assert send(item).json() == {"stored": 0, "duplicate": 1, "rejected": []}
    assert counts(team) == after


def test_list_lines_and_compressions(send: Sender, team: Team) -> None:
    items = [{"id": f"e{number}"} for number in range(3)]
    lines = "\n".join(json.dumps(item) for item in items).encode()
    assert send(items).json()["stored"] == 3
    assert send(lines, "application/x-ndjson").json()["duplicate"] == 3
    assert send(gzip.compress(lines), **{"content-encoding": "gzip"}).json()["duplicate"] == 3
    zstd = zstandard.ZstdCompressor().compress(json.dumps([*items, {"id": "e3"}]).encode())
    assert send(zstd, **{"content-encoding": "zstd"}).json() == {"stored": 1, "duplicate": 3, "rejected": []}
    # What `curl -d` says about its body.
    assert send(lines, "application/x-www-form-urlencoded").status_code == 200
    assert counts(team)["Execution"] == 4


def test_parts_in_any_order_are_one_execution(send: Sender, team: Team) -> None:
    finish = {"id": "e", "status": "success", "finished_at": "2026-11-20T10:00:05Z"}
    step = {"id": "e", "steps": [{"id": "1", "node": "n", "status": "ok"}]}
    start = {"id": "e", "workflow": "w", "status": "running", "started_at": "2026-11-20T10:00:00Z"}
    assert send([finish, step, start, finish]).status_code == 200
    with team_context(team.id):
        execution = Execution.objects.get()
        assert (execution.duration_ms, execution.step_count) == (5000, 1)
        assert execution.get_status_display() == "succeeded"


def test_bad_items_are_named_and_the_good_ones_stay(send: Sender, team: Team) -> None:
    answer = send([{"id": "a"}, {"id": "b", "status": 5}, {"id": "c"}, {"steps": []}])
    assert answer.status_code == 200
    assert answer.json() == {
        "stored": 2,
        "duplicate": 0,
        "rejected": [
            {"index": 1, "field": "status", "reason": "must be text, not a whole number"},
            {"index": 3, "field": "id", "reason": "is missing"},
        ],
    }
    assert counts(team)["Execution"] == 2


BAD: dict[str, tuple[Any, int, str]] = {
    "broken": (b'{"id": "e", ', 400, "not valid JSON"),
    "ends early": (b'{"id":"a"}\n{"id":"b"', 400, "not valid JSON"),
    "empty": (b"", 400, "empty"),
    "not utf-8": (b'{"id":"\xff"}', 400, "UTF-8"),
    "nan": (b'{"id":"e","duration_ms":NaN}', 422, "duration_ms is NaN"),
    "infinity": (b'{"id":"e","steps":[{"id":"1","cost_usd":-Infinity}]}', 422, "steps[0].cost_usd is -Infinity"),
    "huge number": (b'{"id":"e","duration_ms":1e999}', 422, "duration_ms is too large for a number of 64 bits"),
    "duplicate keys": (b'{"id":"e","id":"f"}', 422, "id is told more than once"),
    "depth": (
        b'{"id":"e","input":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        400,
        "input[0] is nested too deeply: at most 64",
    ),
    "depth 65": (b'{"id":"e","input":' + b"[" * 65 + b"]" * 65 + b"}", 422, "at most 64 levels"),
    "attributes": (
        {"id": "e", "attributes": {str(i): i for i in range(10_000)}},
        422,
        "attributes must have at most 1,000",
    ),
    "status no text": ({"id": "e", "status": 1}, 422, "status must be text"),
    "types": ({"id": "e", "steps": "none"}, 422, "steps must be a list"),
    "negative": ({"id": "e", "duration_ms": -1}, 422, "duration_ms must be at least 0"),
    "backwards": (
        {"id": "e", "started_at": START, "finished_at": "2026-11-22T09:00:00Z"},
        422,
        "finished_at must not be before started_at",
    ),
    "1970": ({"id": "e", "started_at": "1970-01-01T00:00:01Z"}, 422, "started_at must be from 1990-01-01"),
    "2100": ({"id": "e", "started_at": "2100-01-01T00:00:00Z"}, 422, "started_at must be from 1990-01-01"),
    "surrogate": (b'{"id":"e","workflow":"\\ud800"}', 422, "workflow holds half of a surrogate pair"),
    "nul": (b'{"id":"e","workflow":"a\\u0000b"}', 422, "workflow holds the character NUL"),
    "long id": ({"id": "x" * 10_240}, 422, "id must have at most 256 characters"),
    "no object": ([1, "a", None], 422, "(item) must be an object"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_leaves_no_trace(send: Sender, team: Team, name: str) -> None:
    body, status, words = BAD[name]
    send({"id": "before", "workflow": "w"})
    before = counts(team)
    answer = send(body)
    assert answer.status_code == status, answer.content
    assert answer["content-type"] == "application/problem+json"
    assert words in answer.json()["detail"]
    assert counts(team) == before


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_bombs_stop_at_the_limit(send: Sender, team: Team, encoding: str) -> None:
    zeros = b" " * 80_000_000
    bomb = gzip.compress(zeros) if encoding == "gzip" else zstandard.ZstdCompressor().compress(zeros)
    answer = send(bomb, **{"content-encoding": encoding})
    assert answer.status_code == 413
    assert "67108864 bytes when inflated" in answer.json()["detail"]
    assert counts(team)["Execution"] == 0


def test_damaged_and_unknown_encodings(send: Sender) -> None:
    assert send(b"{}", **{"content-encoding": "gzip"}).status_code == 400
    assert send(gzip.compress(b'{"id":"e"}')[:-4], **{"content-encoding": "gzip"}).status_code == 400
    answer = send(b"{}", **{"content-encoding": "br"})
    assert (answer.status_code, "gzip, zstd, deflate" in answer.json()["detail"]) == (415, True)


def test_a_body_of_100_megabytes_is_refused(send: Sender, team: Team) -> None:
    answer = send(b'{"id":"' + b"x" * 100_000_000 + b'"}')
    assert answer.status_code == 413
    assert "16777216 bytes" in answer.json()["detail"]
    assert counts(team)["Execution"] == 0


def test_a_body_shorter_than_announced_stores_nothing(api_key: str, team: Team) -> None:
    cut = {"wsgi.input": io.BytesIO(b'{"id":"a"}\n'), "CONTENT_LENGTH": "500"}
    headers = {"authorization": f"Bearer {api_key}"}
    answer = Client().post(ADDRESS, b"", content_type="application/x-ndjson", headers=headers, **cut)
    assert answer.status_code == 400
    assert "500 bytes were announced, 11 came" in answer.json()["detail"]
    assert counts(team)["Execution"] == 0


def keys_that_fail(new_team: NewTeam) -> Iterator[tuple[str, int, str]]:
    """Header values, the status they get, and words of the answer."""
    now = timezone.now()
    _, expired = issue_key(team=new_team.team, name="old", scopes=["ingest"], expires_at=now - timedelta(days=1))
    key, revoked = issue_key(team=new_team.team, name="gone", scopes=["ingest"])
    revoke_key(key=key)
    _, reader = issue_key(team=new_team.team, name="reader", scopes=["read"])
    yield "", 401, "Send an API key"
    yield "Bearer nonsense", 401, "not known"
    yield f"Bearer {new_team.api_key[:-1]}{'b' if new_team.api_key.endswith('a') else 'a'}", 401, "not known"
    yield f"Bearer {expired}", 401, "expired"
    yield f"Bearer {revoked}", 401, "revoked"
    yield f"Bearer {reader}", 403, "scope 'ingest'"


def test_keys_missing_wrong_expired_revoked_or_without_scope(new_team: NewTeam) -> None:
    client = Client()
    for header, status, words in keys_that_fail(new_team):
        headers = {"authorization": header} if header else {}
        answer = client.post(ADDRESS, b'{"id":"e"}', content_type="application/json", headers=headers)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.json()
        assert answer["content-type"] == "application/problem+json"
    assert counts(new_team.team)["Execution"] == 0


def test_a_key_reports_into_its_own_team_only(send: Sender, team: Team, other_team: NewTeam) -> None:
    assert Sender(other_team.api_key)({"id": "e"}).status_code == 200
    assert counts(team)["Execution"] == 0
    assert counts(other_team.team)["Execution"] == 1


def test_other_methods_and_accept_headers(send: Sender, api_key: str) -> None:
    answer = Client().put(ADDRESS, headers={"authorization": f"Bearer {api_key}"})
    assert answer.status_code == 405
    assert send({"id": "e"}, accept="text/html").status_code == 200


def test_a_database_that_is_away_is_a_503_to_try_again(send: Sender) -> None:
    with mock.patch.object(ApiKey.objects, "filter", side_effect=OperationalError("away")):
        answer = send({"id": "e"})
    assert (answer.status_code, answer["retry-after"]) == (503, "5")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(st.characters(exclude_categories=()), max_size=300)
ITEM = st.fixed_dictionaries(
    {"id": TEXT},
    optional={
        "workflow": TEXT,
        "release": TEXT,
        "environment": TEXT,
        "status": st.sampled_from(["ok", "failed", "dreaming"]) | TEXT,
        "started_at": st.datetimes().map(str) | JSON,
        "finished_at": st.floats() | JSON,
        "duration_ms": st.floats() | st.integers(),
        "cost_usd": st.decimals().map(str) | JSON,
        "attempt": st.integers(),
        "tokens": st.dictionaries(st.sampled_from(["input", "output", "cache_read"]), st.integers()) | JSON,
        "error": TEXT | JSON,
        "tags": JSON,
        "feedback": JSON,
        "input": JSON,
        "attributes": JSON,
        "url": TEXT,
        "steps": st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from("ab") | TEXT},
                optional={
                    "node": TEXT,
                    "parent_id": TEXT,
                    "status": TEXT,
                    "position": st.integers(),
                    "attempt": st.integers(),
                    "input_tokens": st.integers(min_value=0, max_value=10**15),
                    "cost_usd": st.floats(),
                    "error": JSON,
                    "output": JSON,
                },
            ),
            max_size=3,
        )
        | JSON,
        "logs": st.lists(TEXT, max_size=2) | JSON,
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ITEM | JSON, max_size=3))
def test_no_json_makes_a_server_error(send: Sender, items: list[Any]) -> None:
    answer = send(items)
    assert answer.status_code in (200, 400, 422), answer.content


@pytest.mark.django_db(transaction=True)
def test_a_chunked_body_is_read_whole(api_key: str, team: Team) -> None:
    """Two common clients send bodies without a length; the server's wrapper gives them one."""
    body = json.dumps([{"id": f"e{number}"} for number in range(50)]).encode()
    told: list[str] = []
    environ = {
        **RequestFactory().post(ADDRESS).environ,
        "CONTENT_TYPE": "application/json",
        "HTTP_AUTHORIZATION": f"Bearer {api_key}",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
    }
    environ.pop("CONTENT_LENGTH", None)
    application = ChunkedBodies(get_wsgi_application(), limit=1_000_000, upload_limit=1_000_000)
    with closing(application(environ, lambda status, headers, *rest: told.append(status))) as parts:
        answer = json.loads(b"".join(parts))
    assert answer == {"stored": 50, "duplicate": 0, "rejected": []}
    assert told == ["200 OK"]
    assert counts(team)["Execution"] == 50


def test_the_openapi_document_tells_how_to_report() -> None:
    document = Client().get("/api/schema/", headers={"accept": "application/json"}).json()
    operation = document["paths"]["/api/v1/executions"]["post"]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "413", "415", "422", "503"}
    assert {"application/json", "application/x-ndjson"} == set(operation["requestBody"]["content"])
    fields = document["components"]["schemas"]["ExecutionTold"]
    assert fields["required"] == ["id"]
    assert EXECUTION_FIELDS - set(fields["properties"]) <= {
        f"{name}_tokens" for name in ("input", "output", "cache_read", "cache_write", "reasoning")
    }
