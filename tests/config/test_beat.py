"""The beat sends names alone: each must be that of a task which the worker knows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config.celery import app


@pytest.mark.parametrize("name", sorted(settings.CELERY_BEAT_SCHEDULE))
def test_the_worker_knows_what_the_beat_sends(name: str) -> None:
    app.loader.import_default_modules()
    assert settings.CELERY_BEAT_SCHEDULE[name]["task"] in app.tasks


def test_the_beat_logs_lines_of_json_and_nothing_else(tmp_path: Path) -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1/0", "LOG_FORMAT": "json", "STEADYRUN_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "config.beat", str(tmp_path / "schedule")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **away}
    ) as beat:
        assert beat.stdout
        told = json.loads(beat.stdout.readline())
        beat.kill()
    assert (told["level"], told["logger"]) == ("error", "celery.beat")
