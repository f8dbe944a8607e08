"""200 poisoned items among 1,000: each is refused with its reason, the 800 beside them are stored."""

import http.client
import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from bench.spans import requests
from tests.faults.auditing import audit_figures, stored_of
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.reports import JSON, PROTOBUF, number, reports
from tests.faults.results import Result
from tests.faults.sending import PASSING
from tests.faults.teams import Team, make_teams

ITEMS, POISONED, A_REQUEST = 1_000, 200, 100
Poison = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def teams(house: House) -> list[Team]:
    return make_teams(house, "Poisoned", "Poisoned spans")


POISONS: list[Poison] = [
    lambda one: one.pop("id"),
    lambda one: one.update(id=""),
    lambda one: one.update(id="x" * 100_000),
    lambda one: one.update(started_at="the day before yesterday"),
    lambda one: one.update(started_at="0001-01-01T00:00:00Z"),
    lambda one: one.update(finished_at="9999-12-31T23:59:59Z"),
    lambda one: one.update(finished_at=one["started_at"], started_at=one["finished_at"]),
    lambda one: one.update(cost_usd=-1),
    lambda one: one.update(cost_usd="1e400000000"),
    lambda one: one.update(steps="none"),
    lambda one: one.update(steps=[{"node": 7, "started_at": {}}]),
    lambda one: one.update(tags=[[]]),
    lambda one: one.update(tokens={"input": -5}),
    lambda one: one.update(attempt=10**30),
    lambda one: one.update(duration_ms="long"),
]


def post(house: House, path: str, content_type: str, key: str, body: bytes) -> tuple[int, bytes]:
    told = urlsplit(house.base_url)
    connection = http.client.HTTPConnection(told.hostname or "", told.port, timeout=60)
    connection.request("POST", path, body, {"Authorization": f"Bearer {key}", "Content-Type": content_type})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def note(result: Result, status: int) -> None:
    result.requests += 1
    result.answers[str(status)] = result.answers.get(str(status), 0) + 1
    result.other_5xx += 500 <= status < 600 and status not in PASSING


def test_reports(house: House, teams: list[Team], noting: Note) -> None:
    rng, team = random.Random(11), teams[0]
    told = [one for _ in range(ITEMS) for one in reports(number(), count=1)]
    poisoned = set(rng.sample(range(ITEMS), POISONED))
    healthy = {one["id"] for place, one in enumerate(told) if place not in poisoned}
    for turn, place in enumerate(sorted(poisoned)):
        POISONS[turn % len(POISONS)](told[place])
    refused: set[int] = set()
    with noting("200 poisoned reports among 1,000") as result:
        result.times = POISONED
        for first in range(0, ITEMS, A_REQUEST):
            body = json.dumps(told[first : first + A_REQUEST]).encode()
            status, answer = post(house, "/api/v1/executions", JSON, team.key, body)
            note(result, status)
            assert status == 200, answer[:500]
            rejected = json.loads(answer)["rejected"]
            refused |= {first + one["index"] for one in rejected}
            assert all(one["field"] and one["reason"] for one in rejected)
        stored = set(stored_of(house, team))
        result.sent, result.acknowledged, result.stored = ITEMS, ITEMS - len(refused), len(stored)
        result.lost, result.doubled = len(healthy - stored), len(stored - healthy)
        assert refused == poisoned
        assert stored == healthy
        audit_figures(house, team)


def test_spans(house: House, teams: list[Team], noting: Note) -> None:
    team, refused = teams[1], 0
    made = list(requests(10, number() * 1000))
    spans = [span for one in made for span in one.resource_spans[0].scope_spans[0].spans]
    steps = [span for span in spans if span.parent_span_id]
    for turn, span in enumerate(random.Random(13).sample(steps, POISONED)):
        if turn % 4 == 0:
            span.trace_id = b""
        elif turn % 4 == 1:
            span.span_id = b"\0" * 8
        elif turn % 4 == 2:
            span.trace_id = span.trace_id[:7]
        else:
            span.span_id = b"\1" * 9
    with noting("200 poisoned spans among about 1,000") as result:
        result.times = POISONED
        for one in made:
            status, answer = post(house, "/v1/traces", PROTOBUF, team.key, one.SerializeToString())
            note(result, status)
            assert status == 200, answer[:500]
            refused += ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
        stored = stored_of(house, team)
        result.sent, result.acknowledged = len(spans), len(spans) - refused
        result.stored = sum(one.steps + 1 for one in stored.values())
        result.lost = max(result.acknowledged - result.stored, 0)
        result.doubled = max(result.stored - result.acknowledged, 0)
        assert refused == POISONED
        assert result.stored == result.acknowledged
        audit_figures(house, team)
