"""Amazon Data Firehose to an HTTP endpoint, in its documented shape."""

import base64
import gzip
import json
import time
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.models import SourceHour, SourceLine
from monitoring.models import Execution

ADDRESS = "/firehose"
REQUEST = "ed4acda5-034f-9f42-bba1-f29aea6d7d8f"


def record(content: bytes) -> dict[str, str]:
    return {"data": base64.b64encode(content).decode()}


def subscription(*messages: str, kind: str = "DATA_MESSAGE") -> bytes:
    """What CloudWatch Logs puts into a record."""
    stamp = round(time.time() * 1000)
    events = [{"id": str(number), "timestamp": stamp, "message": text} for number, text in enumerate(messages)]
    told = {"messageType": kind, "owner": "123456789012", "logGroup": "/aws/lambda/etl", "logStream": "s"}
    return gzip.compress(json.dumps({**told, "subscriptionFilters": ["f"], "logEvents": events}).encode())


def body_of(*contents: bytes) -> bytes:
    return json.dumps({"requestId": REQUEST, "timestamp": 1, "records": [record(one) for one in contents]}).encode()


def send(key: str, body: bytes) -> Any:
    headers = {"x-amz-firehose-access-key": key, "x-amz-firehose-request-id": REQUEST}
    return Client().post(ADDRESS, body, content_type="application/json", headers=headers)


@pytest.mark.django_db(transaction=True)
def test_a_delivery_of_cloudwatch_logs(live_server: LiveServer, api_key: str, team: Team) -> None:
    run = {"timestamp": timezone.now().isoformat(), "workflow": "etl", "status": "success", "duration_seconds": 2}
    control = subscription("CWL CONTROL MESSAGE: Checking health of destination Firehose.", kind="CONTROL_MESSAGE")
    content = body_of(subscription("START RequestId", json.dumps(run)), control)
    headers = {
        "Content-Type": "application/json",
        "Content-Encoding": "gzip",
        "X-Amz-Firehose-Protocol-Version": "1.0",
        "X-Amz-Firehose-Request-Id": REQUEST,
        "X-Amz-Firehose-Source-Arn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/logs",
        "X-Amz-Firehose-Access-Key": api_key,
        "X-Amz-Firehose-Common-Attributes": '{"commonAttributes":{"env":"prod"}}',
    }
    answer = httpx.post(f"{live_server.url}{ADDRESS}", content=gzip.compress(content), headers=headers)
    assert answer.status_code == 200
    assert answer.json()["requestId"] == REQUEST
    assert abs(answer.json()["timestamp"] - time.time() * 1000) < 60_000
    with team_context(team.id):
        assert Execution.objects.get().duration_ms == 2000
        line = SourceLine.objects.get()
        assert (line.message, line.labels and line.labels["logGroup"]) == ("START RequestId", "/aws/lambda/etl")
        assert line.labels is not None
        assert line.labels["env"] == "prod"
    ledger.fold()
    with team_context(team.id):
        hour = SourceHour.objects.get()
        assert (hour.stored_count, hour.ignored_count, hour.rejected_count) == (2, 1, 0)


@pytest.mark.django_db
def test_a_bad_record_does_not_make_firehose_send_all_of_them_again(api_key: str, team: Team) -> None:
    told = json.loads(body_of(*[subscription(f"line {number}") for number in range(1000)]))
    told["records"][7]["data"] = "%%%"
    assert send(api_key, json.dumps(told).encode()).status_code == 200
    with team_context(team.id):
        assert SourceLine.objects.count() == 999


@pytest.mark.django_db
def test_errors_repeat_the_requests_id(api_key: str) -> None:
    for key, body, status in ((api_key, b"{}", 400), ("sr_wrong", body_of(), 401)):
        answer = send(key, body)
        assert (answer.status_code, answer["content-type"]) == (status, "application/json")
        assert answer.json()["requestId"] == REQUEST
        assert answer.json()["errorMessage"]
        assert answer.json()["timestamp"] > 0


@pytest.mark.django_db
def test_a_record_that_is_a_bomb_is_refused_whole(api_key: str, team: Team) -> None:
    answer = send(api_key, body_of(gzip.compress(b" " * 80_000_000)))
    assert (answer.status_code, "67108864 bytes" in answer.json()["errorMessage"]) == (413, True)
