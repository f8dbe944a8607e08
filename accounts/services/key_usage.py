"""Takes what keys asked and were refused, which all processes count in Valkey, into the database."""

import logging
from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from redis import RedisError, ResponseError

from accounts.models import ApiKey
from accounts.rates import COUNTERS, READS, REFUSED, client
from accounts.tenancy import team_context

logger = logging.getLogger(__name__)

KEPT = timedelta(days=400)
# What is being taken stands here: a worker that is killed leaves it to the next one.
TAKING = f"{COUNTERS}:taking"
_ADD = """
INSERT INTO key_day AS k (team_id, id, key_id, day, read_count, refused_count)
VALUES (%s, gen_random_uuid(), %s, %s, %s, %s)
ON CONFLICT (team_id, day, key_id) DO UPDATE SET read_count = k.read_count + EXCLUDED.read_count,
    refused_count = k.refused_count + EXCLUDED.refused_count
"""
# A key of a day: its team, its id, the day.
Place = tuple[UUID, UUID, date]


def take_counts() -> int:
    """Adds what was counted since the last time; of how many keys and days. While Valkey is gone nothing is."""
    try:
        found = _read()
        for (team_id, key_id, day), counts in sorted(found.items()):
            _add(team_id, key_id, day, counts)
        if found:
            client().delete(TAKING)
    except (RedisError, OSError) as error:
        logger.warning("counts of keys are taken later: %s", type(error).__name__)
        return 0
    return len(found)


def _read() -> dict[Place, dict[str, int]]:
    server: Any = client()
    if not server.exists(TAKING):
        try:
            server.rename(COUNTERS, TAKING)
        except ResponseError:
            # Nothing was counted.
            return {}
    found: dict[Place, dict[str, int]] = defaultdict(dict)
    for name, count in server.hgetall(TAKING).items():
        team_id, key_id, day, what = name.decode().split(" ")
        found[UUID(team_id), UUID(key_id), date.fromisoformat(day)][what] = int(count)
    return found


def _add(team_id: UUID, key_id: UUID, day: date, counts: dict[str, int]) -> None:
    """A team or key that is gone meanwhile is left out."""
    if not ApiKey.objects.filter(team_id=team_id, id=key_id).exists():
        return
    with team_context(team_id), connection.cursor() as cursor:
        cursor.execute(_ADD, [team_id, key_id, day, counts.get(READS, 0), counts.get(REFUSED, 0)])
        cursor.execute("DELETE FROM key_day WHERE team_id = %s AND day < %s", [team_id, day - KEPT])
