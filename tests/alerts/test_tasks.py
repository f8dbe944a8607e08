"""The tasks of delivery: they carry nothing, so nothing is lost with them."""

from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.utils import timezone

from accounts.tenancy import team_context
from alerts.models import AlertDelivery, AlertDeliveryDue, Channel
from alerts.tasks import remove_old_notices, send_notices
from tests.alerts.services.test_delivery import hook
from tests.alerts.telling import kept, send

pytestmark = pytest.mark.django_db


def test_an_emptied_valkey_and_ten_minutes_without_beat_lose_nothing(team, receiver) -> None:
    one = hook(team, receiver.url)
    ids = [send(team, one) for _ in range(3)]
    AlertDeliveryDue.objects.update(due_at=timezone.now() - timedelta(minutes=10))
    redis.Redis.from_url(settings.REDIS_URL).flushall()
    send_notices()
    assert {kept(team, id).status for id in ids} == {"sent"}
    assert len(receiver.got) == 3


def test_old_deliveries_are_removed(team) -> None:
    one = hook(team, "https://hooks.example/")
    send(team, one)
    with team_context(team.id):
        AlertDelivery.objects.update(status="failed", created_at=timezone.now() - timedelta(days=31))
    remove_old_notices()
    with team_context(team.id):
        assert not AlertDelivery.objects.exists()
        assert Channel.objects.exists()


@pytest.mark.parametrize("name", ["send-notices", "remove-old-notices"])
def test_beat_knows_them(name) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[name]["task"] in current_app.tasks
