"""Splunk's HTTP Event Collector in the exact shapes of its clients, with its codes."""

import base64
import json
from typing import Any
from unittest import mock

import httpx
import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiKey, Scope, Team
from accounts.services.teams import issue_key
from accounts.tenancy import team_context
from ingestion.models import SourceLine
from monitoring.models import Execution

ADDRESS = "/services/collector"
SUCCESS = {"text": "Success", "code": 0}


def send(key: str, body: bytes, path: str = "/event") -> Any:
    headers = {"authorization": f"Splunk {key}"} if key else {}
    return Client().post(ADDRESS + path, body, content_type="application/octet-stream", headers=headers)


def codes(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.django_db(transaction=True)
def test_a_client_without_content_type_sends_objects_behind_each_other(
    live_server: LiveServer, api_key: str, team: Team
) -> None:
    now = timezone.now().timestamp()
    run = {"workflow": "nightly", "status": "success", "duration_seconds": 4, "tokens_used": 7, "cost_usd": 0.1}
    events = [
        {"time": f"{now:.6f}", "host": "h", "source": "s", "sourcetype": "json", "event": {"message": "m", "level": 3}},
        {"time": now, "index": "main", "event": run},
    ]
    with httpx.Client(base_url=live_server.url, headers={"Authorization": f"Splunk {api_key}"}) as client:
        answer = client.post(f"{ADDRESS}/event", content="".join(map(json.dumps, events)))
        assert (answer.status_code, answer.json()) == (200, SUCCESS)
        raw = client.post(f"{ADDRESS}/raw?channel=c&sourcetype=access", content="first\nsecond\n")
        assert (raw.status_code, raw.json()) == (200, SUCCESS)
        assert client.get(f"{ADDRESS}/health").json() == {"text": "HEC is healthy", "code": 17}
    with team_context(team.id):
        assert Execution.objects.get().duration_ms == 4000
        found = {line.message: line for line in SourceLine.objects.all()}
    assert sorted(found) == ["first", "m", "second"]
    assert (found["m"].level, found["m"].labels) == ("error", {"host": "h", "source": "s", "sourcetype": "json"})
    assert found["first"].labels == {"sourcetype": "access"}


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "/event", "/event/1.0"])
def test_every_address_of_events(api_key: str, path: str) -> None:
    assert send(api_key, b'{"event":"a"}', path).json() == SUCCESS


@pytest.mark.django_db
def test_codes_of_keys(api_key: str, team: Team) -> None:
    body = b'{"event":"a"}'
    _, reader = issue_key(team=team, name="reader", scopes=[Scope.READ])
    assert codes(send("", body)) == (401, 2)
    assert codes(Client().post(ADDRESS, body, content_type="x", headers={"authorization": "Digest x"})) == (401, 3)
    assert codes(send("sr_wrong", body)) == (403, 4)
    assert codes(send(reader, body)) == (403, 1)
    basic = base64.b64encode(f"x:{api_key}".encode()).decode()
    answer = Client().post(ADDRESS, body, content_type="x", headers={"authorization": f"Basic {basic}"})
    assert codes(answer) == (200, 0)


@pytest.mark.django_db
def test_codes_of_bodies(api_key: str) -> None:
    assert codes(send(api_key, b"")) == (400, 5)
    assert codes(send(api_key, b" \n", "/raw")) == (400, 5)
    assert codes(send(api_key, b"nonsense")) == (400, 6)
    assert codes(send(api_key, b'{"host":"h"}')) == (400, 12)
    assert codes(send(api_key, b'{"event":""}')) == (400, 13)
    assert codes(send(api_key, b"{}", "/ack")) == (400, 14)
    assert Client().post(f"{ADDRESS}/health").status_code == 405


@pytest.mark.django_db
def test_a_database_that_is_away_is_a_busy_server(api_key: str) -> None:
    with mock.patch.object(ApiKey.objects, "filter", side_effect=OperationalError("away")):
        answer = send(api_key, b'{"event":"a"}')
    assert (*codes(answer), answer["retry-after"]) == (503, 9, "5")


@pytest.mark.django_db
def test_one_poisoned_event_among_a_thousand_costs_itself_only(api_key: str, team: Team) -> None:
    events = [json.dumps({"time": timezone.now().timestamp() - number, "event": "x"}) for number in range(1000)]
    events[400] = '{"time": 1, "event"'
    answer = send(api_key, "\n".join(events).encode())
    assert codes(answer) == (400, 6)
    assert (answer.json()["invalid-event-number"], answer.json()["stored"]) == (400, 999)
    with team_context(team.id):
        assert SourceLine.objects.count() == 999
