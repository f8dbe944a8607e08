"""The beat sends names alone: each must be that of a task which the worker knows."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery
from django.conf import settings

from config.beat_scheduler import RARE, Scheduler
from config.celery import app

SCHEDULE = settings.CELERY_BEAT_SCHEDULE
HOURLY = ("one", "two", "three")


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_the_worker_knows_what_the_beat_sends(name: str) -> None:
    app.loader.import_default_modules()
    assert SCHEDULE[name]["task"] in app.tasks


@pytest.mark.parametrize("name", sorted(SCHEDULE))
def test_hints_do_not_pile_up_while_no_worker_takes_them(name: str) -> None:
    expires, every = SCHEDULE[name]["options"]["expires"], SCHEDULE[name]["schedule"]
    assert expires < every if every >= RARE.total_seconds() else expires <= max(5, every)


@pytest.fixture
def sender() -> Iterator[Celery]:
    """An app that sends hourly tasks to a queue of its own."""
    with Celery("sender", broker=settings.REDIS_URL, fixups=[], set_as_current=False) as made:
        made.conf.task_default_queue = uuid4().hex
        made.conf.beat_schedule = {name: {"task": name, "schedule": 3600.0} for name in HOURLY}
        yield made
        with made.connection() as connection:
            connection.default_channel.queue_purge(made.conf.task_default_queue)


def test_a_killed_beat_does_not_send_again_what_it_sent(sender: Celery, tmp_path: Path) -> None:
    first, there = tmp_path / "first", tmp_path / "there"
    first.mkdir()
    with closing(Scheduler(sender, schedule_filename=str(first / "schedule"))) as scheduler:
        for name in HOURLY:
            scheduler.schedule[name].last_run_at -= timedelta(hours=2)
        scheduler.sync()
        while scheduler.tick() == 0:
            pass
        # What a kill leaves: the files as they are now.
        shutil.copytree(first, there)
    with closing(Scheduler(sender, schedule_filename=str(there / "schedule"))) as scheduler:
        assert [scheduler.schedule[name].total_run_count for name in HOURLY] == [1, 1, 1]


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
