"""What a team may report: refused with 429, which limit, and when to come again; also while Valkey is gone."""

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from redis import RedisError

from accounts import rates
from accounts.buckets import Buckets, Limit
from accounts.models import ApiKey, Team, TeamLimits
from accounts.reads.keys import Asked, asked_by_key
from accounts.services.key_usage import take_counts
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion import quotas
from ingestion.models import TeamStorage
from ingestion.sources import forget_sources
from monitoring.store.rollups import fold_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    quotas.forget_limits()
    forget_sources()
    yield
    quotas.forget_limits()


def allow(team: Team, **limits: int) -> None:
    TeamLimits.objects.create(team=team, **limits)


def report(key: str, steps: int = 0, id: str = "e1") -> Any:
    item = {"id": id, "workflow": "w", "status": "succeeded", "steps": [{"id": str(n)} for n in range(steps)]}
    return Client().post(
        "/api/v1/executions", json.dumps(item), content_type="application/json", headers={"x-api-key": key}
    )


def statuses(key: str, count: int, steps: int = 0) -> list[int]:
    return [report(key, steps).status_code for _ in range(count)]


def test_a_team_without_limits_asks_no_server(team: Team, api_key: str) -> None:
    with mock.patch.object(rates, "_script", side_effect=AssertionError):
        assert statuses(api_key, 3) == [200, 200, 200]


def test_requests_beyond_the_burst_are_told_when_to_come_again(team: Team, api_key: str, other_team: NewTeam) -> None:
    allow(team, requests_per_second=1, burst=2)
    assert statuses(api_key, 2) == [200, 200]
    answer = report(api_key)
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    told = answer.json()
    assert (told["limit"], told["retry_after"], answer["Retry-After"]) == ("requests_per_second", 1, "1")
    assert "1 requests a second" in told["detail"]
    assert report(other_team.api_key).status_code == 200


def test_a_refused_request_stores_nothing_and_its_buckets_fill_again(team: Team, api_key: str) -> None:
    allow(team, requests_per_second=50, burst=1)
    found = statuses(api_key, 1)
    with mock.patch.object(quotas, "take", return_value=rates.Taken(1, 0.02, 0.0)):
        found += statuses(api_key, 1)
    assert found == [200, 429]


def test_steps_that_were_stored_must_be_paid_before_more_come(team: Team, api_key: str) -> None:
    allow(team, steps_per_second=2)
    assert statuses(api_key, 1, steps=30) == [200]
    answer = report(api_key, 1)
    assert (answer.status_code, answer.json()["limit"]) == (429, "steps_per_second")
    assert 10 <= int(answer["Retry-After"]) <= 14


def test_each_process_counts_for_itself_while_the_server_is_gone(team: Team, api_key: str) -> None:
    allow(team, requests_per_second=1, burst=2)
    with mock.patch.object(rates, "_script", return_value=mock.Mock(side_effect=RedisError)) as script:
        assert statuses(api_key, 3) == [200, 200, 429]
    assert script.call_count == 1


def test_a_key_has_a_limit_of_its_own(team: Team, api_key: str) -> None:
    ApiKey.objects.filter(team=team).update(requests_per_second=1)
    assert statuses(api_key, 3) == [200, 200, 429]


def test_a_key_may_have_more_at_once_and_what_it_was_refused_is_counted(team: Team, api_key: str) -> None:
    ApiKey.objects.filter(team=team).update(requests_per_second=1, burst=4)
    assert statuses(api_key, 6) == [200] * 4 + [429] * 2
    take_counts()
    key = ApiKey.objects.get(team=team)
    with team_context(team.id):
        assert asked_by_key(team.id, timezone.now().date()) == {key.id: Asked(reads=0, refused=2)}


def test_a_full_month_and_full_storage_are_refused(team: Team, api_key: str) -> None:
    allow(team, monthly_executions=1, storage_bytes=1_000)
    assert report(api_key).status_code == 200
    fold_all(timezone.now(), team_id=team.id)
    quotas.forget_limits()
    answer = report(api_key, id="e2")
    assert (answer.status_code, answer.json()["limit"]) == (429, "monthly_executions")
    TeamLimits.objects.filter(team=team).update(monthly_executions=0)
    with team_context(team.id):
        TeamStorage.objects.create(storage_bytes=1_000, measured_at=timezone.now())
    quotas.forget_limits()
    assert report(api_key, id="e2").json()["limit"] == "storage_bytes"


@given(st.lists(st.floats(0, 10), min_size=1, max_size=40))
def test_no_more_than_burst_and_rate_pass(gaps: list[float]) -> None:
    buckets, now, passed = Buckets(), 0.0, 0
    for gap in gaps:
        now += gap
        place, wait = buckets.take([Limit("r", 2, 5, 1, 1)], now)
        passed += not place
        assert wait <= 0.5 + 1e-9
    assert passed <= 5 + 2 * now + 1e-6
