"""A team that waits for its end: nothing of it is evaluated, sent or taken; restored, it goes on from now."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import Team, User
from accounts.services.team_life import delete_team, restore_team
from accounts.tenancy import team_context
from alerts.services.default_rules import make_missing
from alerts.services.delivery import send_due
from billing.services import cost_mail
from ingestion.kinds import SourceKind
from ingestion.sources import add_source, forget_sources
from monitoring.services import review_mail
from tests.alerts.ruling import due, evaluate, incidents, minute, rule, runs
from tests.alerts.telling import channel, hurry, send
from tests.receivers import TestReceiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def close(team: Team) -> Callable[..., None]:
    """Closes the team at a time, now unless told."""

    def do(now: datetime | None = None) -> None:
        with team_context(team.id):
            delete_team(team_id=team.id, name=team.name, now=now or timezone.now())

    return do


@pytest.fixture
def restore(team: Team) -> Callable[..., None]:
    """Restores it."""

    def do(now: datetime | None = None) -> None:
        with team_context(team.id):
            restore_team(team_id=team.id, now=now or timezone.now())

    return do


def test_no_rule_is_evaluated_and_what_happened_meanwhile_is_not_made_up(
    team: Team, close: Callable[..., None], restore: Callable[..., None]
) -> None:
    made = rule(team)
    runs(team, 0, good=30)
    assert evaluate(1) == 1
    close(minute(2))
    runs(team, 10, bad=30)
    assert evaluate(11) == 0
    assert due(made).evaluated_until == minute(1)
    restore(minute(60))
    runs(team, 60, good=30)
    assert evaluate(61) == 1
    assert (incidents(team), due(made).evaluated_until) == ([], minute(61))
    runs(team, 61, bad=30)
    evaluate(62)
    assert [one[0] for one in incidents(team)] == ["nightly"]


def test_no_notice_goes_out_until_the_team_is_restored(
    team: Team, receiver: TestReceiver, close: Callable[..., None], restore: Callable[..., None]
) -> None:
    with team_context(team.id):
        one = channel(team, "On call", settings={"url": receiver.url})
    send(team, one)
    close()
    hurry()
    assert send_due() == 0
    assert receiver.got == []
    restore()
    assert send_due() == 1


def test_no_report_is_taken_until_the_team_is_restored(
    team: Team, api_key: str, close: Callable[..., None], restore: Callable[..., None]
) -> None:
    with team_context(team.id):
        source = add_source(team_id=team.id, kind=SourceKind.PING, name="Backup")
    bearer = {"Authorization": f"Bearer {api_key}"}

    def answers() -> list[int]:
        forget_sources()
        ping = Client().get(f"/ping/{source.address}")
        key = Client().post("/api/v1/executions", "{}", content_type="application/json", headers=bearer)
        return [ping.status_code, key.status_code]

    before = answers()
    close()
    assert answers() == [403, 403]
    restore()
    assert answers() == before
    assert 403 not in before


def test_neither_reviews_nor_costs_are_mailed_nor_default_rules_made(
    team: Team, owner: User, settings: Any, close: Callable[..., None], restore: Callable[..., None]
) -> None:
    settings.MAIL_SERVER = MailServer("127.0.0.1")
    Team.objects.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    owner.memberships.update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    monday = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
    close(monday - timedelta(days=1))
    assert review_mail.queue_due(monday) == 0
    assert cost_mail.queue_due(monday) == 0
    assert make_missing(monday) == 0
    restore(monday)
    assert review_mail.queue_due(monday) == 1
    assert make_missing(monday) == 1
