"""API keys at the door: what each kind of key gets."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, Scope, Team
from accounts.services.teams import issue_key, revoke_key

PATH = "/api/v1/workflows/"


def get(text: str | None, header: str = "Authorization") -> tuple[int, dict]:
    """Status and problem of a call with this key."""
    value = f"Bearer {text}" if header == "Authorization" else text
    answer = Client().get(PATH, headers={header: value} if text else {})
    return answer.status_code, answer.json()


@pytest.mark.parametrize("header", ["Authorization", "x-api-key"])
def test_a_key_opens_its_team(api_key: str, header: str) -> None:
    status, _ = get(api_key, header)
    assert status == 200


def test_a_missing_key_is_asked_for(db: None) -> None:
    answer = Client().get(PATH)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("text", ["x", "sr_short", "sr_" + "a" * 47, "é" * 50])
def test_a_wrong_key_is_refused(db: None, text: str) -> None:
    status, problem = get(text.encode().decode("latin-1"))
    assert status == 401
    assert "not known" in problem["detail"]


def test_a_key_with_the_right_start_and_a_wrong_secret_is_refused(api_key: str) -> None:
    from accounts.keys import CHECKSUM_LENGTH, checksum

    body = api_key[:-CHECKSUM_LENGTH]
    forged = body[:-1] + ("a" if body[-1] != "a" else "b")
    assert get(forged + checksum(forged))[0] == 401


def test_a_revoked_key_is_refused_at_once(team: Team, api_key: str) -> None:
    revoke_key(key=ApiKey.objects.get(team=team))
    status, problem = get(api_key)
    assert status == 401
    assert "revoked" in problem["detail"]


def test_an_expired_key_is_refused(team: Team) -> None:
    _, text = issue_key(team=team, name="Old", scopes=[Scope.READ], expires_at=timezone.now() - timedelta(seconds=1))
    status, problem = get(text)
    assert status == 401
    assert "expired" in problem["detail"]


def test_a_key_without_the_scope_is_refused(team: Team) -> None:
    _, text = issue_key(team=team, name="Sender", scopes=[Scope.INGEST])
    status, problem = get(text)
    assert status == 403
    assert "read" in problem["detail"]


def test_last_use_is_noted_once_a_minute(team: Team, api_key: str) -> None:
    get(api_key)
    first = ApiKey.objects.get(team=team).last_used_at
    get(api_key)
    assert first is not None
    assert ApiKey.objects.get(team=team).last_used_at == first


def test_the_text_of_a_key_is_nowhere_in_the_database(team: Team, api_key: str) -> None:
    key = ApiKey.objects.get(team=team)
    assert api_key not in str(vars(key))
    assert bytes(key.secret_hash) != api_key.encode()
