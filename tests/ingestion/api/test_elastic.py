"""Elasticsearch's `_bulk` by the official client and as rsyslog sends it."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from elasticsearch import AuthenticationException, Elasticsearch, helpers
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.models import SourceLine
from monitoring.models import Execution

COMPATIBLE = "application/vnd.elasticsearch+x-ndjson; compatible-with=9"


def send(key: str, body: bytes, path: str = "/_bulk", content_type: str = "application/json") -> Any:
    return Client().post(f"/elastic{path}", body, content_type=content_type, headers={"x-api-key": key})


def run(**fields: Any) -> dict[str, Any]:
    told = {"timestamp": timezone.now().isoformat(), "workflow": "etl", "status": "success", "duration_seconds": 2}
    return {**told, "tokens_used": 5, "cost_usd": 0.2, **fields}


@pytest.mark.django_db(transaction=True)
def test_the_official_client_sends_in_bulk(live_server: LiveServer, api_key: str, team: Team) -> None:
    lines = [{"@timestamp": timezone.now().isoformat(), "message": f"line {number}"} for number in range(20)]
    actions = [{"_index": "logs", "_op_type": "create", **line} for line in lines]
    bad = {"_index": "logs", "_source": run(cost_usd=-1)}
    with Elasticsearch(f"{live_server.url}/elastic", basic_auth=("any", api_key)) as client:
        assert client.ping()
        assert client.info()["tagline"] == "You Know, for Search"
        assert helpers.bulk(client, [*actions, {"_index": "runs", "_id": "7", "_source": run()}]) == (21, [])
        assert helpers.bulk(client, actions, index="logs") == (20, [])
        with pytest.raises(helpers.BulkIndexError) as caught:
            helpers.bulk(client, [*actions, bad])
        (error,) = caught.value.errors
        assert error["index"]["status"] == 400
        assert error["index"]["error"]["reason"].startswith("cost_usd must be")
    with (
        Elasticsearch(f"{live_server.url}/elastic", bearer_auth="wrong") as other,
        pytest.raises(AuthenticationException),
    ):
        other.info()
    with team_context(team.id):
        assert SourceLine.objects.count() == 20
        assert SourceLine.objects.first().labels == {"_index": "logs"}  # type: ignore[union-attr]
        assert Execution.objects.get().duration_ms == 2000


@pytest.mark.django_db(transaction=True)
def test_the_official_client_signs_in_in_every_way(live_server: LiveServer, api_key: str, team: Team) -> None:
    ways: list[dict[str, Any]] = [
        {"api_key": api_key},
        {"api_key": ("any", api_key)},
        {"basic_auth": ("any", api_key)},
        {"bearer_auth": api_key},
    ]
    for number, way in enumerate(ways):
        with Elasticsearch(f"{live_server.url}/elastic", **way) as client:
            action = {"_index": "logs", "message": f"m{number}", "@timestamp": timezone.now().isoformat()}
            assert helpers.bulk(client, [action]) == (1, [])


@pytest.mark.django_db
def test_rsyslog_posts_one_action_a_line_and_asks_for_health(api_key: str, team: Team) -> None:
    message = {"message": "oom", "severity": "crit", "timereported": "x", "@timestamp": timezone.now().isoformat()}
    body = f'{{"index":{{"_index":"syslog"}}}}\n{json.dumps(message)}\n'.encode()
    told = send(api_key, body).json()
    assert (told["errors"], [one["index"]["status"] for one in told["items"]]) == (False, [201])
    answer = Client().head("/elastic/_cat/health", headers={"x-api-key": api_key})
    assert (answer.status_code, answer["x-elastic-product"]) == (200, "Elasticsearch")
    with team_context(team.id):
        assert SourceLine.objects.get().level == "fatal"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "/", "/_license", "/_cluster/health", "/_cat/health"])
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_clients_ask_before_they_send(api_key: str, path: str, method: str) -> None:
    answer = getattr(Client(), method)(f"/elastic{path}", headers={"x-api-key": api_key})
    assert (answer.status_code, answer["x-elastic-product"]) == (200, "Elasticsearch")


@pytest.mark.django_db
def test_put_and_the_index_of_the_address(api_key: str, team: Team) -> None:
    body = b'{"create":{}}\n{"message":"a"}\n'
    answer = Client().put("/elastic/app-logs/_bulk", body, content_type=COMPATIBLE, headers={"x-api-key": api_key})
    assert answer.json()["items"][0]["create"]["_index"] == "app-logs"
    with team_context(team.id):
        assert SourceLine.objects.get().labels == {"_index": "app-logs"}


@pytest.mark.django_db
def test_one_poisoned_document_among_a_thousand_costs_itself_only(api_key: str, team: Team) -> None:
    documents = [json.dumps(run(customer=number)) for number in range(1000)]
    documents[300] = '{"timestamp"'
    told = send(api_key, "".join(f'{{"index":{{}}}}\n{one}\n' for one in documents).encode()).json()
    assert told["errors"] is True
    statuses = [one["index"]["status"] for one in told["items"]]
    assert (len(statuses), statuses.count(201), statuses[300]) == (1000, 999, 400)
    with team_context(team.id):
        assert Execution.objects.count() == 999


@pytest.mark.django_db
def test_refusals_are_worded_as_elasticsearch_does(api_key: str) -> None:
    answer = send(api_key, b"nonsense\n{}\n")
    assert (answer.status_code, answer["x-elastic-product"]) == (400, "Elasticsearch")
    assert answer.json()["error"]["type"] == "illegal_argument_exception"
    assert answer.json()["error"]["reason"].startswith("Malformed action/metadata line [1]")
    assert send("sr_wrong", b"").json()["error"]["type"] == "security_exception"
    assert send(api_key, b"").status_code == 400
