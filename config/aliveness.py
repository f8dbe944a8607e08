"""Signs of life of worker and beat, and the check of them: `python -m config.aliveness`.

Both touch the file STEADYRUN_ALIVE_FILE while they reach the broker: a container's health check looks at it. The beat
also leaves its name in Valkey, so that `manage.py doctor` on any machine tells whether one runs, or two.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# How often a sign is given, and how old the last one may be (seconds).
EVERY, OLDEST = 5.0, 30.0
BEATS = "steadyrun:beat:"


def alive_file() -> Path | None:
    """The file of this process; None where nobody asks for one."""
    told = os.environ.get("STEADYRUN_ALIVE_FILE", "")
    return Path(told) if told else None


class Signs:
    """Gives a sign of life when called, at most every few seconds; a receiver of Celery's signals."""

    def __init__(self, give: Callable[[], object] | None = None) -> None:
        self.give = give
        self.last = -EVERY

    def __call__(self, **_: Any) -> None:
        now = time.monotonic()
        if now - self.last < EVERY:
            return
        self.last = now
        if path := alive_file():
            path.touch()
        if self.give:
            self.give()


def note_beat(url: str) -> None:
    """Leaves the name of this beat in Valkey until it is too old. Raises `redis.RedisError`."""
    from redis import Redis

    with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
        client.set(f"{BEATS}{socket.gethostname()}:{os.getpid()}", int(time.time()), ex=int(OLDEST))


def main() -> int:
    """0 when the process of this container gave a sign lately, else 1 with what is wrong."""
    path = alive_file()
    if path is None:
        sys.stdout.write("STEADYRUN_ALIVE_FILE is not set\n")
        return 1
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        sys.stdout.write("no sign of life yet\n")
        return 1
    sys.stdout.write(f"the last sign of life was {age:.0f} s ago\n")
    return int(age > OLDEST)


if __name__ == "__main__":
    sys.exit(main())
