"""The beat sends names alone: each must be that of a task which the worker knows."""

import pytest
from django.conf import settings

from config.celery import app


@pytest.mark.parametrize("name", sorted(settings.CELERY_BEAT_SCHEDULE))
def test_the_worker_knows_what_the_beat_sends(name: str) -> None:
    app.loader.import_default_modules()
    assert settings.CELERY_BEAT_SCHEDULE[name]["task"] in app.tasks
