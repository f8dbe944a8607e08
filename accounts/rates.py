"""Rates that hold for all processes together: token buckets in Valkey, asked in one round trip.

While Valkey is gone each process counts for itself. What keys asked and were refused is counted there, too, until
`accounts.services.key_usage` takes it into the database: an emptied Valkey loses the counts of some seconds.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from redis import Redis, RedisError

from accounts.buckets import SCRIPT, Buckets, Limit

logger = logging.getLogger(__name__)

# After a failure the server is not asked for this long.
PAUSE_SECONDS = 5.0
TIMEOUT_SECONDS = 0.25
COUNTERS = "steadyrun:key-counts"
READS, REFUSED = "reads", "refused"


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted with a request: whose key it is, when, and whether it is a reading one."""

    team_id: UUID
    key_id: UUID
    now: datetime
    is_read: bool = True

    def fields(self) -> tuple[str, str]:
        """The counters of requests (empty where the ledger of sources counts them) and of refused ones."""
        about = f"{self.team_id} {self.key_id} {self.now.astimezone(UTC).date()}"
        return (f"{about} {READS}" if self.is_read else ""), f"{about} {REFUSED}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request: `place` of the limit that is reached (from 1; 0: none), seconds to wait, and what is
    left of the first limit."""

    place: int
    wait: float
    left: float


@dataclass(slots=True)
class _Server:
    """Until when (monotonic seconds) the server is not asked."""

    paused_until: float = 0.0


_server = _Server()


def forget_pause() -> None:
    """Asks the server again at once: for tests."""
    _server.paused_until = 0.0


def take(place: str, limits: Sequence[Limit], own: Buckets, counted: Counted | None = None) -> Taken:
    """Takes from the buckets at `place`; from `own` while the server cannot be asked."""
    at = time.monotonic()
    if _server.paused_until <= at:
        told: list[Any] = [part for one in limits for part in (one.name, one.rate, one.burst, one.taken, one.needed)]
        try:
            refused, wait, left = _script()(
                keys=[f"steadyrun:rate:{place}", COUNTERS], args=[*told, *(counted.fields() if counted else ())]
            )
            return Taken(int(refused), float(wait), float(left))
        except (RedisError, OSError) as error:
            logger.warning("rates are counted by each process: %s", type(error).__name__)
            _server.paused_until = at + PAUSE_SECONDS
    refused, wait = own.take(limits, at)
    return Taken(refused, wait, own.levels[limits[0].name][0] if limits else 0.0)


def count_refusal(counted: Counted | None) -> None:
    """Counts a request that was refused for another reason than a rate."""
    if counted is None or _server.paused_until > time.monotonic():
        return
    try:
        client().hincrby(COUNTERS, counted.fields()[1], 1)
    except (RedisError, OSError):
        _server.paused_until = time.monotonic() + PAUSE_SECONDS


@cache
def client() -> Redis:
    """The server that all processes share."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)


@cache
def _script() -> Any:
    return client().register_script(SCRIPT)
