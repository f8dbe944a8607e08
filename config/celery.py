"""The Celery application. Tasks carry hints and ids only: the truth is in tables."""

import os

from celery import Celery

from config import readiness

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("steadyrun")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

__all__ = ["app", "readiness"]
