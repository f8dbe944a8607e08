"""Who is refused is in the log of the process, without what they sent; who signs in is in that of the installation."""

import logging

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import InstallationEvent, Scope, Team, User
from accounts.services.teams import issue_key, revoke_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="steadyrun.security")
    return caplog


def test_a_member_without_the_permission(lines: pytest.LogCaptureFixture, member_client: Client, member: User) -> None:
    assert member_client.get("/t/harbour/settings/audit/").status_code == 404
    assert f"refused: user {member.id} lacks view_audit (developer) at audit" in lines.text


def test_a_stranger(lines: pytest.LogCaptureFixture, stranger_client: Client, stranger: User, team: Team) -> None:
    assert stranger_client.get("/t/harbour/workflows/").status_code == 404
    assert f"refused: user {stranger.id} lacks view_figures (no member)" in lines.text


def test_a_key_without_the_scope_and_one_that_was_revoked(lines: pytest.LogCaptureFixture, team: Team) -> None:
    key, text = issue_key(team=team, name="Reporter", scopes=[Scope.INGEST])
    told = {"authorization": f"Bearer {text}"}
    assert Client().get("/api/v1/executions/", headers=told).status_code == 403
    assert f"refused: key {key.prefix} lacks scope read at api/v1/executions/" in lines.text
    revoke_key(key=key, now=timezone.now())
    assert Client().get("/api/v1/executions/", headers=told).status_code == 401
    assert f"a revoked key was used: key {key.prefix}" in lines.text
    assert text not in lines.text


def test_a_failed_sign_in(owner: User) -> None:
    Client().post("/sign-in/", {"login": owner.email, "password": "not this one"})
    assert InstallationEvent.objects.filter(action="user.sign_in_failed", actor_name=owner.email).exists()
