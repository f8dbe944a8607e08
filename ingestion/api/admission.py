"""How much of the server one team may hold: a flood is refused early and cheaply, and leaves room for the others."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings


class Overloaded(Exception):
    """The team has as many requests at work as it may; the sender may try again."""


_lock = threading.Lock()
_at_work: Counter[UUID] = Counter()


@contextmanager
def admitted(team_id: UUID) -> Iterator[None]:
    """Holds one of the team's places in this process while its body runs. Raises `Overloaded` when all are taken."""
    with _lock:
        if _at_work[team_id] >= settings.INGEST_MAX_CONCURRENT_PER_TEAM:
            raise Overloaded("this team has as many requests at work as it may")
        _at_work[team_id] += 1
    try:
        yield
    finally:
        with _lock:
            _at_work[team_id] -= 1
            if not _at_work[team_id]:
                del _at_work[team_id]
