"""Loki's push, by a real handler and by hand."""

import json
import logging
from typing import Any

import cramjam
import pytest
from django.test import Client
from django.utils import timezone
from logging_loki import LokiHandler
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.adapters.logs import loki
from ingestion.models import Source, SourceLine
from monitoring.models import Execution, LogLine

ADDRESS = "/loki/api/v1/push"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def send(key: str, body: bytes, content_type: str = "application/json", **headers: str) -> Any:
    return Client().post(
        ADDRESS, body, content_type=content_type, headers={"authorization": f"Bearer {key}", **headers}
    )


def push(*values: Any, **labels: str) -> bytes:
    return json.dumps({"streams": [{"stream": labels, "values": list(values)}]}).encode()


def now_ns() -> str:
    return str(int(timezone.now().timestamp()) * 10**9)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("version", ["0", "1"])
def test_pythons_loki_handler_reports(live_server: LiveServer, api_key: str, team: Team, version: str) -> None:
    handler = LokiHandler(
        url=f"{live_server.url}{ADDRESS}", tags={"app": "etl"}, auth=("any", api_key), version=version
    )
    failures: list[logging.LogRecord] = []
    handler.handleError = failures.append  # type: ignore[method-assign]
    logger = logging.Logger("etl")
    logger.addHandler(handler)
    logger.warning("nobody's line", extra={"tags": {"pool": "p1"}})
    logger.error("a step failed", extra={"tags": {"trace_id": TRACE}})
    run = {"timestamp": timezone.now().replace(tzinfo=None).isoformat(), "workflow": "etl", "status": "success"}
    logger.info(json.dumps({**run, "duration_seconds": 3, "tokens_used": 10, "cost_usd": 0.5}))
    handler.emitter.close()
    assert failures == []
    with team_context(team.id):
        line = SourceLine.objects.get()
        assert (line.message, line.level) == ("nobody's line", "warn")
        assert line.labels == {"app": "etl", "severity": "warning", "logger": "etl", "pool": "p1"}
        log = LogLine.objects.get()
        assert (log.message, log.level) == ("a step failed", "error")
        assert Execution.objects.get(id=log.execution_id).external_id == TRACE
        assert Execution.objects.get(workflow_id__isnull=False).duration_ms == 3000
        assert Source.objects.get().kind == "loki"


@pytest.mark.django_db
def test_a_push_is_answered_with_204_and_known_the_second_time(api_key: str, team: Team) -> None:
    body = push([now_ns(), "a"], [now_ns(), "b", {"detected_level": "warn"}], app="x")
    for _ in range(2):
        answer = send(api_key, body)
        assert (answer.status_code, answer.content) == (204, b"")
    with team_context(team.id):
        assert list(SourceLine.objects.order_by("message").values_list("message", "level")) == [
            ("a", None),
            ("b", "warn"),
        ]


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{}, {"content-encoding": "snappy"}])
def test_agents_send_protobuf_in_snappy_and_vector_says_so(api_key: str, team: Team, headers: dict[str, str]) -> None:
    request = loki._push_request()()
    stream = request.streams.add(labels=b'{job="etl"}')
    stream.entries.add(line=b"a").timestamp.seconds = int(timezone.now().timestamp())
    body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    assert send(api_key, body, "application/x-protobuf", **headers).status_code == 204
    with team_context(team.id):
        assert SourceLine.objects.get().labels == {"job": "etl"}


@pytest.mark.django_db
def test_a_refused_line_is_a_400_and_the_others_are_stored(api_key: str, team: Team) -> None:
    bad = json.dumps({"workflow": "w", "status": "ok", "duration_seconds": -1})
    values = [[f"{int(now_ns()) + number * 1000}", "x"] for number in range(999)]
    answer = send(api_key, push(*values, [now_ns(), bad]))
    assert answer.status_code == 400
    assert b"1 lines refused, 999 stored; line 999: duration_seconds must be" in answer.content
    with team_context(team.id):
        assert SourceLine.objects.count() == 999


@pytest.mark.django_db
def test_refusals_are_text(api_key: str) -> None:
    assert send(api_key, b"{}").status_code == 400
    assert send("sr_wrong", push()).status_code == 401
    bomb = bytes(cramjam.snappy.compress_raw(b"\0" * 80_000_000))
    answer = send(api_key, bomb, "application/x-protobuf")
    assert (answer.status_code, answer["content-type"]) == (413, "text/plain; charset=utf-8")
