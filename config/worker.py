"""The worker process: `python -m config.worker`. It does what `celery -A config.celery worker` does, with less loaded.

Celery's command also loads a shell for people, and runs the project's checks, which loads every page, without telling
what they found. Checks are made by `manage.py check`.
"""

import os
import sys

os.environ["CELERY_SKIP_CHECKS"] = "1"
# The client of Valkey loads this where it happens to be installed: 2 to 3 MB.
sys.modules.setdefault("opentelemetry.sdk", None)  # type: ignore[arg-type]

from celery.apps.worker import Worker  # noqa: E402 - what stands above comes first
from celery.signals import heartbeat_sent  # noqa: E402

from accounts.long_tasks import leave_a_thread  # noqa: E402
from config.aliveness import Signs  # noqa: E402
from config.celery import app  # noqa: E402
from config.checks import refuse_unsafe  # noqa: E402


def main() -> int:
    """Runs until ended by a signal, WORKER_THREADS (3) tasks at once. Returns the exit code."""
    # The tasks are loaded first, and Django with them.
    app.loader.import_default_modules()
    refuse_unsafe()
    signs = Signs()
    heartbeat_sent.connect(signs)
    threads = int(os.environ.get("WORKER_THREADS", "3"))
    leave_a_thread(threads)
    worker = Worker(
        app=app,
        pool_cls="threads",
        concurrency=threads,
        loglevel=os.environ.get("LOG_LEVEL", "WARNING").upper(),
        # No banner: it would stand between the lines of JSON.
        quiet=True,
        without_gossip=True,
        without_mingle=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
