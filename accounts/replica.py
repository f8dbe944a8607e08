"""Pages that may be a moment old are read on a replica (`DATABASE_REPLICA_URL`); everything else on the primary.

A page is read there when the replica holds all that was committed until `REPLICA_LAG_SECONDS` ago, and whoever asks has
changed nothing since. How old a replica is, is told by places in the log of the primary, not by clocks: each look asks
the primary where its log ends, and the replica how far it has come. So a replica that gets nothing any more is late,
and one of a primary where nothing happens is not.

What fails there is done again on the primary: a replica that is away, late or stopped a read (a page changes nothing),
a page that writes after all, and one that says "no such page", because the thing may have been made just now.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, InternalError, connections
from django.http import Http404, HttpRequest, HttpResponseBase
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import PoolTimeout

from accounts.audit import SAFE_METHODS

ALIAS = "replica"
# Between two looks, and after one that failed (seconds).
EVERY, AWAY = 1.0, 10.0
# A change holds its person on the primary for longer than a replica in use may be behind.
MARGIN_SECONDS = 2
_END = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
_REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END"
T = TypeVar("T")


class Freshness:
    """How old the replica is, as this process knows it. Times are seconds of a steady clock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        # Moments with where the primary's log ended then, oldest first; the first one is what the replica has reached.
        self.marks: deque[tuple[float, int]] = deque(maxlen=600)
        self.as_of = -math.inf
        self.next_look = -math.inf

    def age(self, now: float) -> float:
        """Everything that was committed so many seconds ago is there; infinite when that is not known."""
        if now >= self.next_look and self.lock.acquire(blocking=False):
            try:
                self._look(now)
            finally:
                self.lock.release()
        return now - self.as_of

    def _look(self, now: float) -> None:
        try:
            end = int(ask(DEFAULT_DB_ALIAS, _END) or 0)
            replayed = ask(ALIAS, _REPLAYED)
        except (DatabaseError, InterfaceError, PoolTimeout):
            forget_connections()
            self.lose(now)
            return
        self.next_look = now + EVERY
        self.note(now, end, int(replayed) if replayed is not None else -1)

    def note(self, now: float, end: int, replayed: int) -> None:
        """Takes what a look saw: where the primary's log ends, and how far the replica is (-1: it follows nobody)."""
        self.marks.append((now, end))
        while len(self.marks) > 1 and self.marks[1][1] <= replayed:
            self.marks.popleft()
        at, place = self.marks[0]
        self.as_of = at if place <= replayed else -math.inf

    def lose(self, now: float) -> None:
        """It is away: nobody waits for it for a while."""
        self.as_of = -math.inf
        self.next_look = now + AWAY


freshness = Freshness()
# Pages that turned out to write.
_writing: set[str] = set()


def ask(alias: str, sql: str) -> Any:
    """The one value of a statement on one of both servers."""
    with connections[alias].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def forget_connections() -> None:
    """Throws away connections that died with the server, which would be met one by one after it came back."""
    replica: Any = connections[ALIAS]
    with suppress(DatabaseError, InterfaceError):
        replica.close()
    if replica.pool is not None:
        replica.pool.check()


def cookie_name() -> str:
    """Of the cookie that tells of a change; over TLS bound to this host."""
    return "__Host-changed" if settings.HTTPS else "changed"


def may_be_older(request: HttpRequest) -> bool:
    """Whether this page may be read on the replica, as it is now."""
    if ALIAS not in connections.settings or request.method not in SAFE_METHODS or cookie_name() in request.COOKIES:
        return False
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in _writing or connections[DEFAULT_DB_ALIAS].in_atomic_block:
        return False
    return freshness.age(time.monotonic()) <= settings.REPLICA_LAG_SECONDS


@contextmanager
def instead_of_primary() -> Iterator[None]:
    """Has this thread ask the replica wherever it would ask the primary."""
    primary = connections[DEFAULT_DB_ALIAS]
    connections[DEFAULT_DB_ALIAS] = connections[ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS] = primary


def read_page(request: HttpRequest, make: Callable[[], T]) -> T:
    """What `make` makes of the replica's rows where they will do, else of the primary's."""
    if may_be_older(request):
        try:
            with instead_of_primary():
                return make()
        except Http404:
            pass
        except PoolTimeout:
            freshness.lose(time.monotonic())
        except (DatabaseError, InterfaceError) as error:
            _learn(request, error)
    return make()


def _learn(request: HttpRequest, error: Exception) -> None:
    is_write = isinstance(error, InternalError) and isinstance(error.__cause__, ReadOnlySqlTransaction)
    if is_write and request.resolver_match and (name := request.resolver_match.url_name):
        _writing.add(name)


class AfterChanges:
    """Middleware, where there is a replica: whoever changes something reads the primary until the replica has it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The answer, to a change with a cookie that says so for some seconds."""
        response = self.get_response(request)
        if request.method not in SAFE_METHODS:
            response.set_cookie(
                cookie_name(),
                "1",
                max_age=math.ceil(settings.REPLICA_LAG_SECONDS) + MARGIN_SECONDS,
                secure=settings.HTTPS,
                httponly=True,
                samesite="Lax",
            )
        return response
