"""The Celery application. Tasks carry hints and ids only: the truth is in tables."""

import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("steadyrun")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
@beat_init.connect
def note_ready(**_: object) -> None:
    """Tells the supervisor, by a file that it named, that this worker or beat is at work."""
    if path := os.environ.get("STEADYRUN_READY_FILE"):
        Path(path).touch()
