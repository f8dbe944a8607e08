"""How often keys may ask the API: each its own rate within the team's, told in headers, refused with when to come."""

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone
from redis import RedisError

from accounts import rates
from accounts.models import ApiKey, Scope, Team
from accounts.reads.keys import Asked, asked_by_key
from accounts.services.key_usage import take_counts
from accounts.services.teams import NewTeam, issue_key
from accounts.tenancy import team_context
from accounts.throttling import forget_buckets
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    rates.forget_pause()
    forget_buckets()
    # What other tests asked.
    take_counts()
    yield
    rates.forget_pause()
    take_counts()


def ask(text: str) -> Any:
    return Client().get("/api/v1/workflows/", headers={"authorization": f"Bearer {text}"})


def statuses(text: str, count: int) -> list[int]:
    return [ask(text).status_code for _ in range(count)]


def test_without_limits_every_request_passes_and_says_nothing_of_limits(api_key: str) -> None:
    answer = ask(api_key)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("ratelimit")]


def test_a_key_beyond_its_rate_is_told_when_to_come_again(api_key: str, settings: Any, other_team: NewTeam) -> None:
    settings.API_LIMITS = {"key": 1, "team": 0}
    with mock.patch("accounts.throttling.BURST_SECONDS", 3):
        first = ask(api_key)
        told = [first[f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")]
        assert (first.status_code, told) == (200, ["3", "2", "1"])
        assert statuses(api_key, 2) == [200, 200]
        answer = ask(api_key)
    assert (answer.status_code, answer["Retry-After"], answer["RateLimit-Remaining"]) == (429, "1", "0")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["retry_after"] == 1
    assert ask(other_team.api_key).status_code == 200


def test_a_limit_of_the_key_itself_counts_for_it_alone(team: Team, api_key: str, settings: Any) -> None:
    settings.API_LIMITS = {"key": 100, "team": 0}
    slow = ApiKeyFactory(team=team)
    ApiKey.objects.filter(id=slow.id).update(requests_per_second=1, burst=2)
    assert statuses(slow.text, 3) == [200, 200, 429]  # type: ignore[attr-defined]
    assert statuses(api_key, 3) == [200, 200, 200]


def test_all_keys_of_a_team_share_its_rate_and_another_team_has_its_own(
    team: Team, api_key: str, settings: Any, other_team: NewTeam
) -> None:
    settings.API_LIMITS = {"key": 100, "team": 1}
    second = ApiKeyFactory(team=team)
    with mock.patch("accounts.throttling.BURST_SECONDS", 2):
        assert statuses(api_key, 1) + statuses(second.text, 2) == [200, 200, 429]  # type: ignore[attr-defined]
        assert statuses(other_team.api_key, 2) == [200, 200]


def test_scim_and_metrics_take_from_the_same_buckets(team: Team, settings: Any) -> None:
    settings.API_LIMITS = {"key": 0.01, "team": 0}
    _, text = issue_key(team=team, name="Directory", scopes=[Scope.MANAGE, Scope.READ])
    program = Client(headers={"authorization": f"Bearer {text}"})
    with mock.patch("accounts.throttling.BURST_SECONDS", 200):
        first = program.get("/scim/v2/Users")
        assert (first.status_code, first["RateLimit-Limit"], first["RateLimit-Remaining"]) == (200, "2", "1")
        assert program.get("/metrics").status_code == 200
        asked, scraped = program.get("/scim/v2/Users"), program.get("/metrics")
    assert (asked.status_code, asked["Content-Type"]) == (429, "application/scim+json")
    assert 10 < int(asked["Retry-After"]) <= 100
    assert asked.json() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "429",
        "detail": f"Too many requests. Come again in {asked['Retry-After']} s.",
    }
    assert scraped.status_code == 429
    assert 10 < int(scraped["Retry-After"]) == scraped.json()["retry_after"] <= 100


def test_each_process_counts_for_itself_while_the_server_is_gone(api_key: str, settings: Any) -> None:
    settings.API_LIMITS = {"key": 1, "team": 0}
    gone = mock.patch.object(rates, "_script", return_value=mock.Mock(side_effect=RedisError))
    with gone as script, mock.patch("accounts.throttling.BURST_SECONDS", 2):
        assert statuses(api_key, 3) == [200, 200, 429]
    assert script.call_count == 1


def test_what_a_key_asked_and_was_refused_is_counted_by_day(team: Team, api_key: str, settings: Any) -> None:
    settings.API_LIMITS = {"key": 1, "team": 0}
    key = ApiKey.objects.get(team=team)
    with mock.patch("accounts.throttling.BURST_SECONDS", 2):
        statuses(api_key, 3)
    assert take_counts() == 1
    statuses(api_key, 1)
    take_counts()
    assert take_counts() == 0
    with team_context(team.id):
        found = asked_by_key(team.id, timezone.now().date())
    assert list(found) == [key.id]
    assert found[key.id].reads == 4
    assert found[key.id].refused in (1, 2)


def test_counts_of_a_key_that_is_gone_are_left_out(team: Team, api_key: str) -> None:
    ask(api_key)
    ApiKey.objects.filter(team=team).delete()
    take_counts()
    with team_context(team.id):
        assert asked_by_key(team.id, timezone.now().date()) == {}


def test_counts_wait_while_the_server_is_gone(team: Team, api_key: str) -> None:
    key = ApiKey.objects.get(team=team)
    ask(api_key)
    with mock.patch("accounts.services.key_usage.client", side_effect=RedisError):
        assert take_counts() == 0
    take_counts()
    with team_context(team.id):
        assert asked_by_key(team.id, timezone.now().date()) == {key.id: Asked(1, 0)}
