"""The beat process: `python -m config.beat SCHEDULE_FILE`.

It only sends the names of due tasks, so it loads neither Django nor the tasks. That halves its memory,
and a beat that has little to load has little to break.
"""

import logging.config
import os
import sys

# The client of Valkey loads this where it happens to be installed: 2 to 3 MB.
sys.modules.setdefault("opentelemetry.sdk", None)  # type: ignore[arg-type]

from celery import Celery  # noqa: E402 - what stands above comes first
from celery.apps.beat import Beat  # noqa: E402 - what stands above comes first
from celery.signals import after_task_publish  # noqa: E402

from config import readiness  # noqa: E402 - what stands above comes first
from config.aliveness import Signs, note_beat  # noqa: E402
from config.beat_scheduler import Scheduler  # noqa: E402
from config.logs import logging_settings  # noqa: E402

# Named for the log alone; an app of its own, without Celery's hook into Django.
app = Celery("steadyrun-beat", fixups=[])
app.config_from_object("config.settings", namespace="CELERY")


def main() -> None:
    """Runs until ended by a signal; the file keeps when each task ran last."""
    level = os.environ.get("LOG_LEVEL", "WARNING").upper()
    # Django does it for the others. Of plain lines Celery writes its own.
    logging.config.dictConfig(logging_settings(level))
    signs = Signs(lambda: note_beat(app.conf.broker_url))
    after_task_publish.connect(signs)
    app.conf.beat_scheduler = Scheduler
    # No banner: it would stand between the lines of JSON.
    Beat(app=app, schedule=sys.argv[1], loglevel=level, quiet=True).run()


__all__ = ["app", "main", "readiness"]

if __name__ == "__main__":
    main()
