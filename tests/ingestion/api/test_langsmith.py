"""The LangSmith SDK's addresses: what they answer, and that a refusal leaves nothing behind."""

import gzip
import json
from typing import Any
from unittest import mock

import pytest
import zstandard
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Team
from accounts.services.teams import issue_key
from accounts.tenancy import team_context
from ingestion.models import SourceAttribute
from ingestion.sources import forget_sources
from monitoring.models import Execution, Payload, Step
from monitoring.store.payloads import merge_chunks
from tests.ingestion.adapters.langsmith.sending import MULTIPART, multipart, part, post, uid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_sources() -> None:
    forget_sources()


class Sender:
    """Reports with a key."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.client = Client(raise_request_exception=False)

    def __call__(self, path: str, body: Any = b"", method: str = "POST", **headers: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        content_type = MULTIPART if path == "runs/multipart" else "application/json"
        told = {"x-api-key": self.key, **headers}
        return self.client.generic(method, f"/langsmith/{path}", data, content_type=content_type, headers=told)


@pytest.fixture
def send(api_key: str) -> Sender:
    """Reports with the team's first key."""
    return Sender(api_key)


def now_run(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A run that began now."""
    told = post(number, start_time=timezone.now().isoformat(), **fields)
    return {key: value for key, value in told.items() if key != "dotted_order"}


def counts(team: Team) -> tuple[int, int]:
    """Executions and steps of the team."""
    with team_context(team.id):
        return Execution.objects.count(), Step.objects.count()


def test_info_says_what_is_taken(send: Sender) -> None:
    answer = send("info", method="GET")
    assert answer.status_code == 200
    told = answer.json()
    assert told["instance_flags"] == {"zstd_compression_enabled": True, "gzip_body_enabled": True}
    # Read by the clients without a default.
    assert told["batch_ingest_config"].keys() == {
        *("use_multipart_endpoint", "size_limit", "size_limit_bytes"),
        *("scale_up_qsize_trigger", "scale_up_nthreads_limit", "scale_down_nempty_trigger"),
    }
    assert told["batch_ingest_config"]["size_limit_bytes"] < 16 * 1024 * 1024


def test_every_way_stores_the_same_once(send: Sender, team: Team) -> None:
    run = now_run(run_type="llm")
    body = multipart(("post", run))
    first = send("runs/multipart", body)
    assert (first.status_code, first.json()) == (202, {"stored": 1, "duplicate": 0, "rejected": []})
    zstd = zstandard.ZstdCompressor().compress(body)
    for answer in (
        send("runs/multipart", zstd, **{"content-encoding": "zstd"}),
        send("runs/multipart", gzip.compress(body), **{"content-encoding": "gzip"}),
        send("runs/batch", {"post": [run]}),
        send("runs", run),
    ):
        assert (answer.status_code, answer.json()) == (202, {"stored": 0, "duplicate": 1, "rejected": []})
    assert send(f"runs/{run['id']}", {"outputs": {"a": 1}}, "PATCH").json()["stored"] == 1
    assert counts(team) == (1, 1)


def test_one_broken_run_is_rejected_alone_and_named(send: Sender, team: Team) -> None:
    answer = send("runs/batch", {"post": [now_run(), {**now_run(2), "trace_id": "x"}, now_run(3)]})
    assert answer.status_code == 202
    told = answer.json()
    assert (told["stored"], [one["index"] for one in told["rejected"]]) == (2, [1])
    assert (told["rejected"][0]["field"], told["rejected"][0]["id"]) == ("trace_id", uid(2))
    assert counts(team) == (1, 1)


def test_when_nothing_is_left_it_is_a_422(send: Sender, team: Team) -> None:
    answer = send("runs", {"id": "x", "name": "a"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Item 0: id must be a UUID")
    assert counts(team) == (0, 0)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("runs/multipart", b"", 400, "with a boundary"),
        ("runs/multipart", b"x", 400, "not valid multipart"),
        ("runs/multipart", multipart(("post", post())).replace(b"--a3f1", b"--b"), 400, "not valid multipart"),
        ("runs/multipart", multipart(("post", post()))[:-9], 400, "not valid multipart"),
        ("runs/multipart", part("post.x", b"x" * 17_000_000), 413, "16777216 bytes"),
        ("runs/batch", b"{", 400, "not valid JSON"),
        ("runs/batch", [], 400, "must be an object"),
        ("runs", b"", 400, "is empty"),
        ("feedback", b"5", 400, "must be an object"),
        ("feedback", {"key": "k"}, 422, "run_id is missing"),
    ],
)
def test_bad_bodies(send: Sender, team: Team, path: str, body: Any, status: int, words: str) -> None:
    answer = send(path, body)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.content
    assert counts(team) == (0, 0)


def test_bombs_stop_at_the_limit(send: Sender, team: Team) -> None:
    bomb = zstandard.ZstdCompressor().compress(part("post.x", b" " * 80_000_000))
    answer = send("runs/multipart", bomb, **{"content-encoding": "zstd"})
    assert (answer.status_code, "67108864 bytes" in answer.json()["detail"]) == (413, True)
    assert send("runs/multipart", b"x", **{"content-encoding": "zstd"}).status_code == 400
    assert send("runs/multipart", b"x", **{"content-encoding": "br"}).status_code == 415
    assert counts(team) == (0, 0)


def test_keys(team: Team) -> None:
    _, reader = issue_key(team=team, name="reader", scopes=["read"])
    for key, status in (("", 401), ("sr_wrong", 401), (reader, 403)):
        for path, method in (("info", "GET"), ("runs/multipart", "POST"), (f"runs/{uid(1)}", "PATCH"), ("x", "GET")):
            answer = Sender(key)(path, multipart(("post", post())), method)
            assert (answer.status_code, list(answer.json())) == (status, ["detail"])


def test_other_methods_and_addresses(send: Sender) -> None:
    assert send("runs", method="GET").status_code == 405
    assert send(f"runs/{uid(1)}", method="GET").status_code == 405
    for path, method in (("sessions", "GET"), ("runs/query", "POST"), ("feedback/5", "DELETE")):
        answer = send(path, b"{}", method)
        assert answer.status_code in (404, 405)
        assert list(answer.json()) == ["detail"]


def test_trouble_with_the_database_says_try_again(send: Sender) -> None:
    with mock.patch.object(ApiKey.objects, "filter", side_effect=OperationalError("away")):
        answer = send("runs", now_run())
    assert (answer.status_code, answer["retry-after"], list(answer.json())) == (503, "5", ["detail"])


def test_runs_that_tell_only_their_id_are_found(send: Sender, team: Team) -> None:
    send("runs", now_run(run_type="tool"))
    child = {"id": uid(2), "parent_run_id": uid(1), "name": "child", "run_type": "llm"}
    assert send("runs", child).status_code == 202
    assert send("runs", {"id": uid(3), "parent_run_id": uid(2), "name": "grandchild"}).status_code == 202
    assert send(f"runs/{uid(3)}", {"end_time": timezone.now().isoformat()}, "PATCH").status_code == 202
    assert counts(team) == (1, 3)
    lost = send(f"runs/{uid(9)}", {"outputs": {"a": 1}}, "PATCH")
    assert (lost.status_code, "tell trace_id" in lost.json()["detail"]) == (422, True)
    assert counts(team) == (1, 3)


def test_feedback_finds_its_execution_or_is_a_404_to_try_again(send: Sender, team: Team) -> None:
    judged = {"key": "useful", "score": 1}
    early = send("feedback", {**judged, "run_id": uid(2)})
    assert (early.status_code, "no run with the told run_id" in early.json()["detail"]) == (404, True)
    assert counts(team) == (0, 0)
    send("runs/batch", {"post": [now_run(), now_run(2)]})
    assert send("feedback", {**judged, "run_id": uid(2)}).status_code == 202
    assert send("feedback", {**judged, "run_id": uid(1), "key": "root"}).status_code == 202
    assert counts(team) == (1, 1)
    with team_context(team.id):
        told = merge_chunks(Execution.objects.get().id, Payload.objects.values_list("body", flat=True)).execution[
            "feedback"
        ]
    assert told == {key: {"score": 1.0, "comment": None} for key in ("root", "useful")}


def test_names_that_nobody_understood_are_listed_at_the_source(send: Sender, team: Team) -> None:
    send("runs/multipart", part("post.x.secrets", b"1") + multipart(("post", now_run(mood="good"))))
    with team_context(team.id):
        assert set(SourceAttribute.objects.values_list("name", flat=True)) == {"part post.<id>.secrets", "run.mood"}


def test_a_key_reports_into_its_own_team_only(send: Sender, team: Team, other_team: Any) -> None:
    assert Sender(other_team.api_key)("runs", now_run()).status_code == 202
    assert counts(team) == (0, 0)
    assert counts(other_team.team) == (1, 0)
