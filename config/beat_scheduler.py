"""When the beat sent what: kept in a file, so that a beat that is started again goes on where it was."""

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler, ScheduleEntry

RARE = timedelta(seconds=60)


class Scheduler(PersistentScheduler):
    """Writes at once that a rare task was sent.

    Celery writes every three minutes: a beat that is killed before would send again what is due once an hour or day.
    """

    def apply_async(self, entry: ScheduleEntry, *args: Any, **kwargs: Any) -> Any:
        """Sends a task."""
        try:
            return super().apply_async(entry, *args, **kwargs)
        finally:
            if getattr(entry.schedule, "run_every", RARE) >= RARE:
                self.sync()
