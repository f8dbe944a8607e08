"""Tasks that take long: one copy of each at a time in a worker, and never as many as it has threads.

Else two of them, or two copies of one that a killed beat sent again, would keep the figures of all teams waiting. There
are two kinds, so that what takes hours does not keep back what is done every minute.
"""

import time
from threading import Lock
from typing import Any

from celery import Task

WAIT_SECONDS, TWIN_SECONDS, GONE_SECONDS = 1.0, 60.0, 10.0


class Room:
    """What long tasks are at work in this process; `places` is how many may be."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.lock = Lock()
        self.at_work: set[Any] = set()
        # Who waits for a place: one copy of each task, and when it last asked (seconds of a steady clock).
        self.waiting: dict[Any, tuple[str, float]] = {}

    def enter(self, key: Any) -> bool | None:
        """True: it may begin. False: there is no place now. None: the same is at work already."""
        with self.lock:
            if key in self.at_work:
                return None
            if len(self.at_work) >= self.places:
                return False
            self.at_work.add(key)
            return True

    def may_wait(self, key: Any, name: str) -> bool:
        """Whether the copy of this name may come again: one of each does. One that did not ask again is gone."""
        with self.lock:
            other, asked_at = self.waiting.get(key, (name, 0.0))
            if other != name and time.monotonic() - asked_at < GONE_SECONDS:
                return False
            self.waiting[key] = (name, time.monotonic())
            return True

    def leave(self, key: Any) -> None:
        """It has ended."""
        with self.lock:
            self.at_work.discard(key)


class LongTask(Task[..., Any]):
    """What may take minutes or hours: `@shared_task(base=LongTask)`."""

    room = Room(places=1)
    # How often it may find no place; its hint expires.
    max_retries = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Does it. In a worker it comes again when there is no place, or leaves when the same is at work and the beat
        will send it anew; what somebody asked for once comes again then, too: the other one may be killed."""
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        key = (self.name, args, tuple(sorted(kwargs.items())))
        if not (may := self.room.enter(key)):
            is_sent_anew = self.request.expires is not None
            if is_sent_anew and (may is None or not self.room.may_wait(key, str(self.request.id))):
                return None
            raise self.retry(countdown=TWIN_SECONDS if may is None else WAIT_SECONDS)
        try:
            return self.run(*args, **kwargs)
        finally:
            self.room.leave(key)


class SlowTask(LongTask):
    """What ends by itself after up to a minute, and goes on at its next hint: `@shared_task(base=SlowTask)`."""

    room = Room(places=1)


def leave_a_thread(threads: int) -> None:
    """Gives both kinds together all threads of this worker but one, two thirds of them to long tasks: what somebody
    asked for need not wait for a removal of hours. Four threads are the least for that, three for a free one."""
    SlowTask.room.places = max((threads - 1) // 3, 1)
    LongTask.room.places = max(threads - 1 - SlowTask.room.places, 1)
