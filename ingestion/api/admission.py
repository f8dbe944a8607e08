"""How much of the server one team may hold: a flood is refused early and cheaply, and leaves room for the others.

A team that reports alone may use all places of a process. Once another team reports, too, each has its share of them:
requests beyond it wait for a moment, and those for which no thread should wait are refused at once.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

# For how long a team that has reported counts as one that shares the places.
SHARING_SECONDS = 5.0
WAIT_SECONDS = 2.0


class Overloaded(Exception):
    """The team has as many requests at work and waiting as it may; the sender may try again."""


@dataclass(slots=True)
class _Share:
    """What one team holds: requests at work, requests that wait, and when it last came."""

    at_work: int = 0
    waiting: int = 0
    seen_at: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether a request of the team is here."""
        return bool(self.at_work or self.waiting)


_changed = threading.Condition()
_shares: dict[UUID, _Share] = {}


def is_full(team_id: UUID) -> bool:
    """Whether a request of the team would be refused now. Asked without a lock: the answer may be out of date."""
    share = _shares.get(team_id)
    return share is not None and share.at_work + share.waiting >= settings.INGEST_MAX_CONCURRENT_PER_TEAM


@contextmanager
def admitted(team_id: UUID) -> Iterator[None]:
    """Holds one of the team's places in this process while its body runs. Raises `Overloaded` when none gets free."""
    with _changed:
        share = _share(team_id)
        if share.at_work + share.waiting >= settings.INGEST_MAX_CONCURRENT_PER_TEAM:
            raise Overloaded("this team has as many requests at work as it may")
        share.waiting += 1
        try:
            if not _changed.wait_for(lambda: share.at_work < _places(), WAIT_SECONDS):
                raise Overloaded("this team has as many requests at work as it may")
            share.at_work += 1
        finally:
            share.waiting -= 1
    try:
        yield
    finally:
        with _changed:
            share.at_work -= 1
            _changed.notify_all()


def _share(team_id: UUID) -> _Share:
    now = time.monotonic()
    # Only teams of the last seconds are kept, so that counting them stays short.
    if team_id not in _shares:
        for gone in [one for one, share in _shares.items() if not (share.is_held or _is_recent(share, now))]:
            del _shares[gone]
    share = _shares.setdefault(team_id, _Share())
    share.seen_at = now
    return share


def _is_recent(share: _Share, now: float) -> bool:
    return share.seen_at > now - SHARING_SECONDS


def _places() -> int:
    """Requests that one team may have at work now."""
    now = time.monotonic()
    teams = sum(1 for share in _shares.values() if _is_recent(share, now))
    if teams <= 1:
        return int(settings.INGEST_MAX_CONCURRENT_PER_TEAM)
    return max(1, int(settings.INGEST_SHARED_PLACES) // teams)
