"""How worker and beat tell the supervisor that they are at work."""

import os
from pathlib import Path

from celery.signals import beat_init, worker_ready


@worker_ready.connect
@beat_init.connect
def note_ready(**_: object) -> None:
    """Makes the file that the supervisor named."""
    if path := os.environ.get("STEADYRUN_READY_FILE"):
        Path(path).touch()
