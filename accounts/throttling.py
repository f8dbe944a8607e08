"""How often a key may ask the API: a bucket of its own, and one of its team; refused with 429 and when to come again.

Reports come in by another door, with limits of their own (`ingestion.quotas`).
"""

import math
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.buckets import Buckets, Limit
from accounts.models import ApiKey
from accounts.rates import Counted, take

# What may come at once, in seconds of the rate.
BURST_SECONDS = 10
MAX_TEAMS = 10_000
_own: dict[UUID, Buckets] = {}


def forget_buckets() -> None:
    """Empties what this process counted itself: for tests."""
    _own.clear()


class KeyRate(BaseThrottle):
    """The rate of the key that asks, within that of its team."""

    def __init__(self) -> None:
        self.seconds: float | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        """Counts the request; whether it may go on. Notes the headers of the answer (`rate_headers`)."""
        self.seconds = seconds_to_wait(request._request, request.auth) if isinstance(request.auth, ApiKey) else None
        return self.seconds is None

    def wait(self) -> float | None:
        """Seconds until the next request may come."""
        return self.seconds


def seconds_to_wait(request: HttpRequest, key: ApiKey) -> float | None:
    """Counts a request of a key: None where it may go on, else the seconds until it may come again.

    For doors beside REST framework, too (SCIM, `/metrics`). `config.direct` adds the headers of the answer.
    """
    limits = limits_of(key)
    found = take(f"api:{key.team_id}", limits, _buckets_of(key.team_id), Counted(key.team_id, key.id, timezone.now()))
    if limits:
        request.rate_headers = headers(limits[0], found.left)  # type: ignore[attr-defined]
    return found.wait if found.place else None


def told_wait(seconds: float) -> int:
    """Whole seconds for `Retry-After`, as REST framework rounds them."""
    return math.ceil(seconds)


def limits_of(key: ApiKey) -> list[Limit]:
    """The buckets that a reading request takes from: the key's own first."""
    usual, of_team = settings.API_LIMITS["key"], settings.API_LIMITS["team"]
    rate = key.requests_per_second or usual
    found = []
    if rate:
        at_once = key.burst or (2 * rate if key.requests_per_second else BURST_SECONDS * rate)
        found.append(Limit(f"key:{key.id}", rate, at_once, 1, 1))
    if of_team:
        found.append(Limit("team", of_team, BURST_SECONDS * of_team, 1, 1))
    return found


def headers(limit: Limit, left: float) -> dict[str, str]:
    """What a client may still ask: requests at once, how many of them are left, seconds until all are there again."""
    full = math.ceil((limit.burst - left) / limit.rate) if left < limit.burst else 0
    return {
        "RateLimit-Limit": f"{limit.burst:.0f}",
        "RateLimit-Remaining": str(max(0, math.floor(left))),
        "RateLimit-Reset": str(full),
    }


def _buckets_of(team_id: UUID) -> Buckets:
    if len(_own) >= MAX_TEAMS:
        _own.clear()
    return _own.setdefault(team_id, Buckets())
